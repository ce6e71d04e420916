/**
 * What a group of turns changes, inside the transaction that the writer has begun: heads, journal
 * rows, messages, start keys, checkpoints, counters. Fenced turns (J3, J7) are left out alone.
 *
 * A run fenced once stays fenced for the rest of its group: its later turns build on one that is
 * not there.
 */
import { hash } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { CheckpointRecord, TurnCommit } from "#ports/journal.ts";
import type { Connection } from "./connection.ts";
import { statusNumber } from "./run-row.ts";
import { ADD_COUNT } from "./sql/add-count.ts";
import { ADD_LABEL } from "./sql/add-label.ts";
import { APPEND_TURN } from "./sql/append-turn.ts";
import { CONSUME_MESSAGE } from "./sql/consume-message.ts";
import { CREATE_RUN } from "./sql/create-run.ts";
import { DROP_OLD_CHECKPOINTS } from "./sql/drop-old-checkpoints.ts";
import { FIND_RUN } from "./sql/find-run.ts";
import { FIND_START_KEY } from "./sql/find-start-key.ts";
import { READ_EPOCH } from "./sql/read-epoch.ts";
import { SAVE_CHECKPOINT } from "./sql/save-checkpoint.ts";
import { SAVE_START_KEY } from "./sql/save-start-key.ts";
import { SEND_MESSAGE } from "./sql/send-message.ts";
import { UPDATE_RUN } from "./sql/update-run.ts";
import { toStoreError } from "./sqlite-error.ts";

/** Characters of events or of a checkpoint's state in one turn: 64 times a turn's budget. */
export const TEXT_LENGTH_MAX = 64 * 1_048_576;

export interface Group {
  readonly turns: readonly TurnCommit[];
  /** Epoch under which the writer was opened. */
  readonly epoch: number;
  readonly nowMs: number;
  /** How long start keys count. */
  readonly memoryMs: number;
}

/** `isOwner` is false where a later opening owns the store: then every turn is fenced. */
export function appendGroup(
  connection: Connection,
  group: Group,
): { readonly isOwner: boolean; readonly fenced: readonly string[] } {
  const isOwner = connection.get<{ epoch: number }>(READ_EPOCH)?.epoch === group.epoch;
  const fenced = new Set<string>();
  const counts = new Map<string, Map<number, number>>();
  for (const turn of group.turns) {
    if (!isOwner || turn.epoch !== group.epoch || fenced.has(turn.runId)) {
      fenced.add(turn.runId);
      continue;
    }
    try {
      refuseUnstorable(turn);
      if (!appendTurn(connection, turn, group, counts)) fenced.add(turn.runId);
    } catch (error) {
      throw refusalOf(turn, error);
    }
  }
  for (const [tenant, changes] of counts) {
    for (const [status, change] of changes) {
      if (change !== 0) connection.run(ADD_COUNT, tenant, status, change);
    }
  }
  return { isOwner, fenced: [...fenced] };
}

/** False: fenced, and nothing was written. */
function appendTurn(
  connection: Connection,
  turn: TurnCommit,
  group: Group,
  counts: Map<string, Map<number, number>>,
): boolean {
  const { tenant, runId, record } = turn;
  let found = connection.get<{ number: number; seq: number; status: number | null }>(
    FIND_RUN,
    tenant,
    runId,
  );
  if ((found === undefined) !== (turn.create !== null)) return false;
  if (record !== null && record.firstSeq !== (found?.seq ?? 0) + 1) return false;
  if (turn.startKey !== null) {
    const { key, bodyHash } = turn.startKey;
    const expiredMs = group.nowMs - group.memoryMs;
    const known = connection.get<{ runId: string }>(FIND_START_KEY, tenant, key, expiredMs);
    // Another start took the key between the caller's look and this commit.
    if (known !== undefined && known.runId !== runId) return false;
    if (known === undefined) {
      connection.run(SAVE_START_KEY, tenant, key, runId, bodyHash, group.nowMs);
    }
  }
  found ??= { number: createRun(connection, turn), seq: 0, status: null };
  const status = statusNumber(turn.status);
  // Without a record nothing has happened to the run: what the turn says of it may be out of date.
  if (record !== null || turn.create !== null) {
    connection.run(
      UPDATE_RUN,
      found.number,
      record?.lastSeq ?? found.seq,
      status,
      turn.startedAtMs,
      turn.endedAtMs,
      turn.errorCode,
    );
    if (found.status !== status) {
      if (found.status !== null) count(counts, tenant, found.status, -1);
      count(counts, tenant, status, 1);
    }
  }
  if (record !== null) {
    connection.run(
      APPEND_TURN,
      found.number,
      record.firstSeq,
      record.lastSeq,
      record.atMs,
      record.events,
    );
  }
  for (const { id, tenant: owner, toRunId, kind, body } of turn.sends) {
    connection.run(SEND_MESSAGE, owner, id, toRunId, kind, body);
  }
  for (const id of turn.consumes) connection.run(CONSUME_MESSAGE, tenant, id, runId, group.nowMs);
  if (turn.checkpoint !== null) saveCheckpoint(connection, found.number, turn.checkpoint);
  return true;
}

function createRun(connection: Connection, turn: TurnCommit): number {
  const { create } = turn;
  if (create === null) throw new TypeError(`run ${turn.runId} is not created by this turn`);
  const row = connection.get<{ number: number }>(
    CREATE_RUN,
    turn.tenant,
    turn.runId,
    create.workflow,
    create.version,
    statusNumber(turn.status),
    create.createdAtMs,
    JSON.stringify(create.labels),
    create.parentRunId,
    create.minReader,
  );
  if (row === undefined) throw new TypeError(`run ${turn.runId} was not inserted`);
  for (const [name, value] of Object.entries(create.labels)) {
    connection.run(ADD_LABEL, turn.tenant, name, value, create.createdAtMs, row.number);
  }
  return row.number;
}

function saveCheckpoint(connection: Connection, run: number, checkpoint: CheckpointRecord): void {
  const checksum = checkpointChecksum(checkpoint.stateVersion, Buffer.from(checkpoint.state));
  const { seq, stateVersion, state } = checkpoint;
  connection.run(SAVE_CHECKPOINT, run, seq, stateVersion, state, checksum);
  connection.run(DROP_OLD_CHECKPOINTS, run);
}

/** SHA-256 over the state's shape version and its bytes. */
export function checkpointChecksum(stateVersion: number, state: Uint8Array): Buffer {
  const stateHash = hash("sha256", state);
  return hash("sha256", `${stateVersion}:${stateHash}`, "buffer");
}

function count(
  counts: Map<string, Map<number, number>>,
  tenant: string,
  status: number,
  change: number,
): void {
  let changes = counts.get(tenant);
  if (changes === undefined) {
    changes = new Map();
    counts.set(tenant, changes);
  }
  changes.set(status, (changes.get(status) ?? 0) + change);
}

function refuseUnstorable(turn: TurnCommit): void {
  const { record, checkpoint } = turn;
  if (record !== null && record.lastSeq < record.firstSeq) {
    throw refused(turn, `its record ends at ${record.lastSeq} before it begins`);
  }
  for (const text of [record?.events ?? "", checkpoint?.state ?? ""]) {
    if (text.length > TEXT_LENGTH_MAX) {
      throw refused(turn, `${text.length} characters are more than ${TEXT_LENGTH_MAX} in one turn`);
    }
    // UTF-8 has no lone surrogates: storing them would change what was said.
    if (!text.isWellFormed()) throw refused(turn, "its text is not well-formed Unicode");
  }
}

function refused(turn: TurnCommit, why: string): LockstitchError {
  return new LockstitchError("journal_refused", `run ${turn.runId}: ${why}`, {
    details: { runId: turn.runId },
  });
}

/** What one turn's data caused names its run; what the disk caused stays as it is. */
function refusalOf(turn: TurnCommit, error: unknown): LockstitchError {
  if (error instanceof TypeError) return refused(turn, error.message);
  const known = toStoreError(error, "commit");
  return known.code === "journal_refused" && known.details["runId"] === undefined
    ? refused(turn, known.message)
    : known;
}
