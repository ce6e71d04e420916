/** What a turn writes: its record, the run's row, its messages, and a checkpoint when one is due. */
import { STATE_VERSION, saveState } from "#kernel/checkpoint.ts";
import type { Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { RunState } from "#kernel/state.ts";
import { statusOf } from "#kernel/status.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { CheckpointRecord, Message, TurnCommit } from "#ports/journal.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import type { TurnOutcome } from "./committer.ts";
import { encodeEvents, type StoredBlob } from "./event-blobs.ts";
import { type HostServices, runKeyOf } from "./host-services.ts";
import { BLOB_BYTES, READER } from "./options.ts";
import { factsAfter, isTerminal, type RunFacts } from "./run-facts.ts";
import { runSlotOf, runSlotWritten } from "./run-slot.ts";
import { endShared, stateOf } from "./shared-commit.ts";
import type { Turn } from "./turn.ts";
import type { UsageKeeper } from "./usage-keeper.ts";

/** What lies in the journal since the last checkpoint, and how large that one was. */
export interface Tail {
  readonly events: number;
  /** Characters of JSON. */
  readonly size: number;
  readonly checkpointSize: number;
}

/** Where a turn is stored, and what the engine is to be told. */
interface Submission {
  readonly services: HostServices;
  readonly context: CallContext;
  readonly state: RunState;
  readonly facts: RunFacts;
  /** The run's owner epoch. */
  readonly epoch: number;
  readonly tail: Tail;
  /** Results to remember with the turn; null: none. */
  readonly memos: readonly MemoWrite[] | null;
  settle(outcome: TurnOutcome, stored: StoredTurn): void;
}

export interface StoredTurn {
  readonly tail: Tail;
  /** After the turn. */
  readonly facts: RunFacts;
  readonly hasBlobs: boolean;
}

/** Characters of JSON; a larger state is not saved, rather than refused with its turn by the store. */
const CHECKPOINT_SIZE_MAX = 32 * 1024 * 1024;

/** Puts the turn's blobs, then hands it to the committer. Throws, or rejects when a blob cannot be put. */
export function submitTurn(turn: Turn, submission: Submission): Promise<void> | null {
  const { services, context, facts, tail } = submission;
  const consumes = consumedBy(turn);
  if (turn.events.length === 0 && consumes.length === 0) {
    endShared(services, turn, "committed");
    submission.settle({ kind: "committed" }, { tail, facts, hasBlobs: false });
    return null;
  }
  const { text, blobs } = encodeEvents(turn.events, { hasLarge: hasLarge(turn) });
  if (blobs.length === 0) {
    submitText(turn, submission, { text, consumes, blobs: NOTHING, blobBytes: 0 });
    return null;
  }
  // Durable before the commit that refers to them.
  const hashes = blobs.map(({ hash }) => hash);
  const blobBytes = blobs.reduce((sum, { bytes }) => sum + bytes, 0);
  return putBlobs(services, context, { runKey: runKeyOf(facts.tenant, facts.runId), blobs }).then(
    () => submitText(turn, submission, { text, consumes, blobs: hashes, blobBytes }),
  );
}

/** Values that stand in references anyhow are known to the turn. */
function hasLarge({ made }: Turn): boolean {
  if (made === null) return false;
  for (const value of made.values()) if (jsonSizeUpTo(value, BLOB_BYTES) > BLOB_BYTES) return true;
  return false;
}

async function putBlobs(
  { store, cache }: HostServices,
  context: CallContext,
  { runKey, blobs }: { readonly runKey: string; readonly blobs: readonly StoredBlob[] },
): Promise<void> {
  for (const { hash, content, packed } of blobs)
    if (packed === null || !cache.isStored(runKey, packed))
      await store.blobs.put(context, hash, content);
}

const NOTHING: readonly string[] = [];

function consumedBy({ taken }: Turn): readonly string[] {
  let ids: string[] | null = null;
  for (const { mail } of taken) {
    if (mail.consumes === null) continue;
    ids ??= [];
    ids.push(mail.consumes);
  }
  return ids ?? NOTHING;
}

interface EncodedTurn {
  /** The turn's events as they are stored. */
  readonly text: string;
  readonly consumes: readonly string[];
  /** Hashes of the blobs that the events refer to. */
  readonly blobs: readonly string[];
  readonly blobBytes: number;
}

function submitText(turn: Turn, submission: Submission, encoded: EncodedTurn): void {
  const { services, state, facts, tail, memos } = submission;
  const { text, consumes, blobs } = encoded;
  const after = factsAfter(facts, turn.events, { atMs: turn.atMs, status: statusOf(state) });
  const grown: Tail = {
    events: tail.events + turn.events.length,
    size: tail.size + text.length,
    checkpointSize: tail.checkpointSize,
  };
  const isDue =
    !isTerminal(after.status) &&
    (turn.events.some(wantsCheckpoint) || isCheckpointDue(grown, services.limits.checkpointEvents));
  const checkpoint = isDue ? checkpointOf(turn, state, services) : null;
  let commit = turnCommit({ turn, text, after, consumes, checkpoint }, submission.epoch);
  if (blobs.length > 0) commit = { ...commit, blobs };
  if (after.labels !== facts.labels && facts.seq > 0) commit = { ...commit, labels: after.labels };
  if (memos !== null) commit = { ...commit, memos };
  if (turn.shared !== null || turn.hasCached)
    commit = { ...commit, ...stateOf(turn, after, commit.memos) };
  if (turn.admission !== null) commit = { ...commit, admission: turn.admission };
  if (turn.firstSeq === 1 && services.quotas.isReserved(after.tenant, after.runId))
    commit = { ...commit, isReserved: true };
  const used = services.usage === null ? null : usageOf(turn, after, services.usage, encoded);
  if (used !== null) commit = { ...commit, usage: used.usage };
  const { stepLogs, runSlots } = services;
  const slot =
    state.concurrency === null || runSlots.outside === null
      ? null
      : runSlotOf(after, turn.events, runSlots);
  if (slot !== null) commit = { ...commit, slot };
  const said = stepLogs.isEmpty ? null : stepLogs.take(runKeyOf(after.tenant, after.runId));
  if (said !== null) commit = { ...commit, logs: said.lines };
  const stored: StoredTurn = {
    tail:
      checkpoint === null ? grown : { events: 0, size: 0, checkpointSize: checkpoint.state.length },
    facts: after,
    hasBlobs: blobs.length > 0,
  };
  services.committer.submit({
    commit,
    settle: (outcome) => {
      said?.settle(outcome.kind);
      used?.settle(outcome.kind);
      endShared(services, turn, outcome.kind);
      if (slot?.runId === after.runId && outcome.kind === "committed")
        runSlotWritten(after, runSlots);
      submission.settle(outcome, stored);
    },
  });
}

function usageOf(
  turn: Turn,
  after: RunFacts,
  usage: UsageKeeper,
  { text, blobBytes }: EncodedTurn,
): ReturnType<UsageKeeper["take"]> {
  const runKey = runKeyOf(after.tenant, after.runId);
  return usage.take(turn, after, { runKey, bytes: () => Buffer.byteLength(text) + blobBytes });
}

interface DecidedTurn {
  readonly turn: Turn;
  readonly text: string;
  /** After the turn. */
  readonly after: RunFacts;
  readonly consumes: readonly string[];
  readonly checkpoint: CheckpointRecord | null;
}

function turnCommit(
  { turn, text, after, consumes, checkpoint }: DecidedTurn,
  epoch: number,
): TurnCommit {
  const { events, firstSeq, atMs, sends } = turn;
  const { tenant, runId } = after;
  const lastSeq = firstSeq + events.length - 1;
  return {
    tenant,
    runId,
    epoch,
    create: firstSeq === 1 ? creationOf(after) : null,
    record: events.length === 0 ? null : { runId, firstSeq, lastSeq, atMs, events: text },
    status: after.status,
    startedAtMs: after.startedAtMs,
    endedAtMs: after.endedAtMs,
    errorCode: after.errorCode,
    sends: sends.map((send) => messageOf(tenant, send)),
    consumes,
    startKey: startKeyOf(turn),
    checkpoint,
  };
}

function startKeyOf({ taken }: Turn): TurnCommit["startKey"] {
  for (const { mail } of taken) if (mail.startKey !== null) return mail.startKey;
  return null;
}

/** A pause, a wish, and a costly step before it runs: what has been paid for is read back at once. */
function wantsCheckpoint(event: RunEvent): boolean {
  return (
    event.type === "run.paused" ||
    event.type === "checkpoint.saved" ||
    (event.type === "step.scheduled" && event.cost === "high")
  );
}

/**
 * Due once the tail is as long as the last checkpoint was: every character of a checkpoint is paid
 * for by one of the journal, so that all of them together cost O(journal).
 */
export function isCheckpointDue(tail: Tail, eventsMin: number): boolean {
  return tail.events >= eventsMin && tail.size >= tail.checkpointSize;
}

/** null: it is too large to be kept. */
function checkpointOf(
  { events }: Turn,
  state: RunState,
  { logger }: HostServices,
): CheckpointRecord | null {
  const text = saveState(state);
  if (text.length <= CHECKPOINT_SIZE_MAX) {
    const isPinned = events.some((event) => event.type === "checkpoint.saved" && event.isPinned);
    const checkpoint = { seq: state.seq, stateVersion: STATE_VERSION, state: text };
    return isPinned ? { ...checkpoint, isPinned } : checkpoint;
  }
  logger.warn(
    { run: state.runId, size: text.length },
    "the run's state is too large for a checkpoint; a restart folds more of its journal",
  );
  return null;
}

function creationOf(facts: RunFacts): TurnCommit["create"] {
  const { tenant, runId, workflow, version, createdAtMs, labels, parentRunId } = facts;
  return { tenant, runId, workflow, version, createdAtMs, labels, parentRunId, minReader: READER };
}

/** A send as it lies in the journal until its receiver has applied it. */
export function messageOf(tenant: string, send: Send): Message {
  return {
    id: send.id,
    tenant,
    toRunId: send.toRunId,
    kind: send.kind,
    body: JSON.stringify(send),
  };
}
