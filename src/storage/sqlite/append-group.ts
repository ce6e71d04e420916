/**
 * What a group of turns changes, inside the transaction that the writer has begun: heads, journal
 * rows, messages, start keys, checkpoints, counters. Fenced turns (J3, J7) are left out alone.
 *
 * A run fenced once stays fenced for the rest of its group: its later turns build on one that is
 * not there. A turn that leaves a run as it was but for `seq` writes its journal row and nothing
 * else: what a run's row says of `seq` is then behind its turns.
 */
import type { LockstitchError } from "#errors/errors.ts";
import { type CheckpointRecord, fencedName, type TurnCommit } from "#ports/journal.ts";
import { checkpointChecksum } from "../checkpoint-checksum.ts";
import { statusNumber } from "../run-statuses.ts";
import { refused, refuseSlot, refuseUnstorable } from "../storable-turn.ts";
import { appendAdmission } from "./append-admission.ts";
import { appendLogs } from "./append-logs.ts";
import type { Connection } from "./connection.ts";
import type { KnownRun, KnownRuns } from "./known-runs.ts";
import type { MemoWriter } from "./memo-writer.ts";
import type { RunLists } from "./run-lists.ts";
import { fitsShared, writeShared } from "./shared-writer.ts";
import { ADD_COUNT } from "./sql/add-count.ts";
import { ADD_LABEL } from "./sql/add-label.ts";
import { APPEND_TURN } from "./sql/append-turn.ts";
import { CONSUME_MESSAGE } from "./sql/consume-message.ts";
import { CREATE_RUN } from "./sql/create-run.ts";
import { DROP_LABELS } from "./sql/drop-labels.ts";
import { DROP_OLD_CHECKPOINTS } from "./sql/drop-old-checkpoints.ts";
import { FIND_RUN } from "./sql/find-run.ts";
import { FIND_START_KEY } from "./sql/find-start-key.ts";
import { IS_RUN_ID_TAKEN } from "./sql/is-run-id-taken.ts";
import { READ_MARKS } from "./sql/read-marks.ts";
import { RELABEL_RUN } from "./sql/relabel-run.ts";
import { SAVE_CHECKPOINT } from "./sql/save-checkpoint.ts";
import { SAVE_START_KEY } from "./sql/save-start-key.ts";
import { SEND_MESSAGE } from "./sql/send-message.ts";
import { SET_LABELS } from "./sql/set-labels.ts";
import { UPDATE_RUN } from "./sql/update-run.ts";
import { UPDATE_RUN_STATUS } from "./sql/update-run-status.ts";
import { toStoreError } from "./sqlite-error.ts";
import { referToBlobs } from "./upkeep-writer.ts";
import { GroupUsage } from "./usage-writer.ts";

export interface Group {
  readonly commitId: string;
  readonly turns: readonly TurnCommit[];
  /** Epoch under which the writer was opened. */
  readonly epoch: number;
  readonly nowMs: number;
  /** How long start keys count. */
  readonly memoryMs: number;
  readonly memos: MemoWriter;
  readonly lists: RunLists;
}

interface Writing {
  readonly connection: Connection;
  readonly knownRuns: KnownRuns;
  readonly group: Group;
  /** Changes of the counters by runs that they have, by tenant and status. */
  readonly counts: Map<string, Map<number, number>>;
  /** What its turns use up; null: nothing so far. */
  usage: GroupUsage | null;
}

interface AppendedGroup {
  readonly isOwner: boolean;
  readonly hasRecord: boolean;
  readonly fenced: readonly string[];
  /** Those of them that had seen shared values which are not there any more. */
  readonly stale: readonly string[];
}

const NONE: readonly never[] = [];

/** `isOwner` is false where a later opening owns the store: then every turn is fenced. */
export function appendGroup(
  connection: Connection,
  knownRuns: KnownRuns,
  group: Group,
): AppendedGroup {
  const marks = connection.get<{ epoch: number; listedTo: number }>(READ_MARKS);
  const isOwner = marks?.epoch === group.epoch;
  group.lists.begin(marks?.listedTo ?? null);
  const fenced = new Set<string>();
  const counts = new Map<string, Map<number, number>>();
  let stale: string[] | null = null;
  const writing: Writing = { connection, knownRuns, group, counts, usage: null };
  let hasRecord = false;
  for (const turn of group.turns) {
    if (!isOwner || turn.epoch !== group.epoch || isFenced(fenced, turn)) {
      fenced.add(fencedName(turn));
      continue;
    }
    try {
      refuseUnstorable(turn);
      refuseSlot(turn);
      if (turn.shared !== undefined && !fitsShared(connection, turn.tenant, turn.shared)) {
        fenced.add(fencedName(turn));
        stale ??= [];
        stale.push(fencedName(turn));
        continue;
      }
      const commitId = hasRecord ? null : group.commitId;
      if (!appendTurn(writing, turn, commitId)) fenced.add(fencedName(turn));
      else if (turn.record !== null) hasRecord = true;
    } catch (error) {
      throw refusalOf(turn, error);
    }
  }
  for (const [tenant, changes] of counts) {
    for (const [status, change] of changes) {
      if (change !== 0) connection.run(ADD_COUNT, tenant, status, change);
    }
  }
  writing.usage?.write(connection, group.epoch);
  if (isOwner) group.lists.enlistIfMany();
  group.memos.evict();
  return { isOwner, hasRecord, fenced: [...fenced], stale: stale ?? NONE };
}

/** Hardly ever is there one: only then is a name made for each turn. */
function isFenced(fenced: ReadonlySet<string>, turn: TurnCommit): boolean {
  return fenced.size > 0 && fenced.has(fencedName(turn));
}

/** False: fenced, and nothing was written. */
function appendTurn(writing: Writing, turn: TurnCommit, commitId: string | null): boolean {
  const { connection, knownRuns, counts, group } = writing;
  const { tenant, runId, record } = turn;
  let run = knownRuns.find(tenant, runId);
  if (turn.create === null) {
    run ??= connection.get<KnownRun>(FIND_RUN, tenant, runId);
    if (run === undefined) return false;
  } else if (run !== undefined || connection.get(IS_RUN_ID_TAKEN, tenant, runId) !== undefined) {
    return false;
  }
  if (record !== null && record.firstSeq !== (run?.seq ?? 0) + 1) return false;
  if (turn.startKey !== null && !takeStartKey(connection, turn, group)) return false;
  const status = statusNumber(turn.status);
  if (run === undefined) {
    run = createRun(connection, turn, status);
    group.lists.made(run.number);
  } else if (record !== null) {
    // Without a record nothing has happened to the run: what the turn says of it may be out of date.
    if (run.status !== status && group.lists.has(run.number)) {
      count(counts, tenant, run.status, -1);
      count(counts, tenant, status, 1);
    }
    updateRun(connection, run, turn, status);
  }
  if (record !== null) {
    const { firstSeq, lastSeq, atMs, events } = record;
    connection.run(APPEND_TURN, run.number, firstSeq, lastSeq, atMs, events, commitId);
  }
  if (turn.blobs !== undefined)
    referToBlobs(connection, { number: run.number, tenant, runId }, turn.blobs);
  if (turn.labels !== undefined) changeLabels(connection, turn, run.number, turn.labels);
  if (turn.shared !== undefined) writeShared(connection, turn, turn.shared);
  if (turn.admission !== undefined) appendAdmission(connection, turn.admission);
  if (turn.usage !== undefined) {
    writing.usage ??= new GroupUsage();
    writing.usage.add(tenant, turn.usage);
  }
  if (turn.logs !== undefined) appendLogs(connection, run.number, turn.logs);
  for (const { id, tenant: owner, toRunId, kind, body } of turn.sends) {
    connection.run(SEND_MESSAGE, owner, id, toRunId, kind, body);
  }
  for (const id of turn.consumes) connection.run(CONSUME_MESSAGE, tenant, id, runId, group.nowMs);
  if (turn.checkpoint !== null) saveCheckpoint(connection, run.number, turn.checkpoint);
  // What a late line says of its run may be out of date; the row is not.
  if (run.endedAtMs === null) knownRuns.remember(tenant, runId, run);
  else knownRuns.forget(tenant, runId);
  if (turn.memos !== undefined)
    for (const memo of turn.memos)
      group.memos.save(memo, { tenant, run: run.number, runId, nowMs: group.nowMs });
  if (turn.forgets !== undefined) for (const key of turn.forgets) group.memos.drop(tenant, key);
  return true;
}

/** False: another start took the key between the caller's look and this commit. */
function takeStartKey(connection: Connection, turn: TurnCommit, group: Group): boolean {
  if (turn.startKey === null) return true;
  const { key, bodyHash } = turn.startKey;
  const expiredMs = group.nowMs - group.memoryMs;
  const known = connection.get<{ runId: string }>(FIND_START_KEY, turn.tenant, key, expiredMs);
  if (known !== undefined) return known.runId === turn.runId;
  connection.run(SAVE_START_KEY, turn.tenant, key, turn.runId, bodyHash, group.nowMs);
  return true;
}

/** Writes the row only where it changes by more than `seq`, which the turn itself tells. */
function updateRun(
  connection: Connection,
  run: KnownRun,
  { record, startedAtMs, endedAtMs, errorCode }: TurnCommit,
  status: number,
): void {
  run.seq = record?.lastSeq ?? run.seq;
  const isSame =
    run.startedAtMs === startedAtMs && run.endedAtMs === endedAtMs && run.errorCode === errorCode;
  const values = [run.number, run.seq, startedAtMs, endedAtMs, errorCode] as const;
  if (run.status !== status) connection.run(UPDATE_RUN_STATUS, ...values, status);
  else if (!isSame) connection.run(UPDATE_RUN, ...values);
  run.status = status;
  run.startedAtMs = startedAtMs;
  run.endedAtMs = endedAtMs;
  run.errorCode = errorCode;
}

function createRun(connection: Connection, turn: TurnCommit, status: number): KnownRun {
  const { tenant, runId, create, record, startedAtMs, endedAtMs, errorCode } = turn;
  if (create === null) throw new TypeError(`run ${runId} is not created by this turn`);
  const { workflow, version, createdAtMs, labels, parentRunId, minReader } = create;
  const seq = record?.lastSeq ?? 0;
  const named = Object.entries(labels);
  const number = connection.insert(
    CREATE_RUN,
    ...[tenant, runId, workflow, version, status, seq, createdAtMs],
    ...[named.length === 0 ? "{}" : JSON.stringify(labels), parentRunId, minReader],
    ...[startedAtMs, endedAtMs, errorCode],
  );
  for (const [name, value] of named) {
    connection.run(ADD_LABEL, tenant, name, value, createdAtMs, number);
  }
  return { number, seq, status, startedAtMs, endedAtMs, errorCode };
}

function changeLabels(
  connection: Connection,
  { tenant }: TurnCommit,
  run: number,
  labels: NonNullable<TurnCommit["labels"]>,
): void {
  connection.run(SET_LABELS, run, JSON.stringify(labels));
  connection.run(DROP_LABELS, run);
  for (const [name, value] of Object.entries(labels))
    connection.run(RELABEL_RUN, tenant, name, value, run);
}

function saveCheckpoint(connection: Connection, run: number, checkpoint: CheckpointRecord): void {
  const checksum = checkpointChecksum(checkpoint.stateVersion, Buffer.from(checkpoint.state));
  const { seq, stateVersion, state, isPinned = false } = checkpoint;
  const pinned = isPinned ? 1 : 0;
  connection.run(SAVE_CHECKPOINT, run, seq, stateVersion, state, checksum, pinned);
  connection.run(DROP_OLD_CHECKPOINTS, run);
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

/** What one turn's data caused names its run; what the disk caused stays as it is. */
function refusalOf(turn: TurnCommit, error: unknown): LockstitchError {
  if (error instanceof TypeError) return refused(turn, error.message);
  const known = toStoreError(error, "commit");
  return known.code === "journal_refused" && known.details["runId"] === undefined
    ? refused(turn, known.message)
    : known;
}
