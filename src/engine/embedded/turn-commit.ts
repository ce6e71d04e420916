/** What a turn writes: its record, the run's row, its messages, and a checkpoint when one is due. */
import { STATE_VERSION, saveState } from "#kernel/checkpoint.ts";
import type { Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { RunState } from "#kernel/state.ts";
import { statusOf } from "#kernel/status.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { CheckpointRecord, Message, TurnCommit } from "#ports/journal.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { TurnOutcome } from "./committer.ts";
import { encodeEvents } from "./event-blobs.ts";
import type { HostServices } from "./host-services.ts";
import { READER } from "./options.ts";
import { factsAfter, isTerminal, type RunFacts } from "./run-facts.ts";
import type { Turn } from "./turn.ts";

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
  readonly tail: Tail;
  /** Results to remember with the turn; null: none. */
  readonly memos: readonly MemoWrite[] | null;
  /** `tail` is the one after the turn, once it is committed. */
  settle(outcome: TurnOutcome, stored: StoredTurn): void;
}

export interface StoredTurn {
  readonly tail: Tail;
  readonly hasBlobs: boolean;
}

/** Characters of JSON; a larger state is not saved, rather than refused with its turn by the store. */
const CHECKPOINT_SIZE_MAX = 32 * 1024 * 1024;

/** Puts the turn's blobs, then hands it to the committer. Rejects when a blob cannot be put. */
export async function submitTurn(turn: Turn, submission: Submission): Promise<void> {
  const { services, context, state, facts, tail } = submission;
  const consumes = turn.taken.flatMap(({ mail }) => mail.consumes ?? []);
  if (turn.events.length === 0 && consumes.length === 0)
    return submission.settle({ kind: "committed" }, { tail, hasBlobs: false });
  const { text, blobs } = encodeEvents(turn.events);
  // Durable before the commit that refers to them.
  for (const { hash, content } of blobs) await services.store.blobs.put(context, hash, content);
  const decided = turnCommit({ turn, text, state, facts, tail, consumes }, services);
  const { checkpoint } = decided;
  const isTooLarge = checkpoint !== null && checkpoint.state.length > CHECKPOINT_SIZE_MAX;
  if (isTooLarge)
    services.logger.warn(
      { run: facts.runId, size: checkpoint.state.length },
      "the run's state is too large for a checkpoint; a restart folds more of its journal",
    );
  const kept = isTooLarge ? { ...decided, checkpoint: null } : decided;
  const { memos } = submission;
  const refers = blobs.length === 0 ? kept : { ...kept, blobs: blobs.map(({ hash }) => hash) };
  const commit = memos === null ? refers : { ...refers, memos };
  const after: Tail =
    checkpoint === null
      ? {
          ...tail,
          events: tail.events + turn.events.length,
          size: tail.size + text.length,
        }
      : { events: 0, size: 0, checkpointSize: checkpoint.state.length };
  services.committer.submit({
    commit,
    settle: (outcome) => submission.settle(outcome, { tail: after, hasBlobs: blobs.length > 0 }),
  });
}

interface DecidedTurn {
  readonly turn: Turn;
  /** The turn's events as they are stored. */
  readonly text: string;
  /** After the turn. */
  readonly state: RunState;
  /** Before the turn. */
  readonly facts: RunFacts;
  readonly tail: Tail;
  readonly consumes: readonly string[];
}

function turnCommit(
  { turn, text, state, facts, tail, consumes }: DecidedTurn,
  engine: {
    readonly store: { readonly epoch: number };
    readonly limits: { readonly checkpointEvents: number };
  },
): TurnCommit {
  const status = statusOf(state);
  const after = factsAfter(facts, turn.events, { atMs: turn.atMs, status });
  const lastSeq = turn.firstSeq + turn.events.length - 1;
  const isDue =
    !isTerminal(status) &&
    (turn.events.some(wantsCheckpoint) ||
      isCheckpointDue(
        {
          ...tail,
          events: tail.events + turn.events.length,
          size: tail.size + text.length,
        },
        engine.limits.checkpointEvents,
      ));
  return {
    tenant: facts.tenant,
    runId: facts.runId,
    epoch: engine.store.epoch,
    create: turn.firstSeq === 1 ? creationOf(after) : null,
    record:
      turn.events.length === 0
        ? null
        : { runId: facts.runId, firstSeq: turn.firstSeq, lastSeq, atMs: turn.atMs, events: text },
    status,
    startedAtMs: after.startedAtMs,
    endedAtMs: after.endedAtMs,
    errorCode: after.errorCode,
    sends: turn.sends.map((send) => messageOf(facts.tenant, send)),
    consumes,
    startKey: turn.taken.find(({ mail }) => mail.startKey !== null)?.mail.startKey ?? null,
    checkpoint: isDue ? checkpointOf(state) : null,
  };
}

/** A pause, and a costly step before it runs: what has been paid for is read back at once. */
function wantsCheckpoint(event: RunEvent): boolean {
  return event.type === "run.paused" || (event.type === "step.scheduled" && event.cost === "high");
}

/**
 * Due once the tail is as long as the last checkpoint was: every character of a checkpoint is paid
 * for by one of the journal, so that all of them together cost O(journal).
 */
export function isCheckpointDue(tail: Tail, eventsMin: number): boolean {
  return tail.events >= eventsMin && tail.size >= tail.checkpointSize;
}

function checkpointOf(state: RunState): CheckpointRecord {
  return { seq: state.seq, stateVersion: STATE_VERSION, state: saveState(state) };
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
