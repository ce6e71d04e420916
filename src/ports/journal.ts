/**
 * The journal: what has happened, durably. The one store that a run cannot live without.
 *
 * Promises (test/contract/journal.ts holds every adapter to them):
 *   J1. commit() is atomic for the group: all turns, messages, checkpoints and heads, or none.
 *   J2. When commit() resolves, its turns survive kill -9 and power loss.
 *   J3. A turn is appended only if its run's owner epoch equals `epoch` and the head's seq equals
 *       `record.firstSeq - 1`; another one is *fenced*: left out alone, and named in the answer.
 *   J4. A message is inserted and removed in the transaction of the turns that sent and consumed it;
 *       inserting an id that exists, or has been consumed before, changes nothing.
 *   J5. After an unknown outcome committed(commitId) tells the truth.
 *   J6. Reads see only what is committed; turns come in sequence order without gaps.
 *   J7. Creating a run whose id exists fences that turn.
 */
import type { RunStatus } from "#workflow/statuses.ts";
import type { CallContext } from "./call-context.ts";
import type { MemoWrite } from "./memo-store.ts";
import type { SharedUse } from "./state-store.ts";
import type { StepLogWrite } from "./step-logs.ts";
import type { TurnUsage } from "./usage.ts";

// Storage adapters see the ports, and no other room.
export type { RunStatus } from "#workflow/statuses.ts";

/** The row that lists, filters and fences: everything else of a run is in its events. */
export interface RunHead {
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: RunStatus;
  /** Sequence number of the last committed event. */
  readonly seq: number;
  readonly epoch: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly parentRunId: string | null;
  /** Code of the error a run ended with. */
  readonly errorCode: string | null;
  /** Readers older than this must leave the run alone. */
  readonly minReader: number;
  /** The host that drives it (see Hosts); null: nobody does. Absent where there is one owner of all. */
  readonly owner?: number | null;
}

/** One turn of one run: its events with their sequence range. */
export interface TurnRecord {
  readonly runId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Journal time of all its events. */
  readonly atMs: number;
  /** JSON array of events, UTF-8 when stored. */
  readonly events: string;
}

export interface Message {
  /** Derived from (run, path, generation, kind); seen twice, applied once. */
  readonly id: string;
  readonly tenant: string;
  readonly toRunId: string;
  readonly kind: string;
  /** JSON text. */
  readonly body: string;
}

export interface CheckpointRecord {
  readonly seq: number;
  /** Version of the state's shape; another one is ignored and refolded. */
  readonly stateVersion: number;
  readonly state: string;
  /** In a commit: it stays, whatever newer ones come. */
  readonly isPinned?: boolean;
}

/** A checkpoint without its state. */
export interface CheckpointMark {
  readonly seq: number;
  /** Of its state. */
  readonly bytes: number;
  readonly isPinned: boolean;
}

/** An attempt that a rate limit counts. `name` says which limit, tenant included. */
export interface RateStart {
  readonly name: string;
  readonly atMs: number;
  /** How long it counts. */
  readonly perMs: number;
}

/**
 * What came of an attempt behind a circuit breaker. A failure adds to those in a row, and opens the
 * breaker from `failureThreshold` on or when it was the probe; a success forgets them and closes
 * it. While the breaker is open only the probe changes anything. Failures of a closed breaker that
 * no longer stand at `atMs` are not added to.
 */
export interface BreakerOutcome {
  readonly name: string;
  readonly hasFailed: boolean;
  readonly isProbe: boolean;
  readonly atMs: number;
  readonly failureThreshold: number;
  readonly resetAfterMs: number;
  /** Until when the breaker remembers this failure without another one. */
  readonly untilMs: number;
}

/** What a turn adds to the memory of admission. */
export interface AdmissionRecord {
  readonly starts: readonly RateStart[];
  readonly outcomes: readonly BreakerOutcome[];
}

/** That memory: starts that still count, and breakers with failures. */
export interface AdmissionState {
  readonly starts: readonly RateStart[];
  readonly breakers: readonly {
    readonly name: string;
    readonly failures: number;
    /** null: closed. */
    readonly openedAtMs: number | null;
    readonly resetAfterMs: number;
    readonly untilMs: number;
  }[];
}

/** What one turn changes, all in the group's transaction. */
export interface TurnCommit {
  readonly tenant: string;
  readonly runId: string;
  readonly epoch: number;
  /** Set on a run's first turn. */
  readonly create: Omit<
    RunHead,
    "seq" | "epoch" | "owner" | "status" | "startedAtMs" | "endedAtMs" | "errorCode"
  > | null;
  /** null: only messages or a checkpoint, and the head stays as it is. */
  readonly record: TurnRecord | null;
  readonly status: RunStatus;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly errorCode: string | null;
  readonly sends: readonly Message[];
  /** Ids of messages that this turn has applied. */
  readonly consumes: readonly string[];
  /** Remembers a start by its key, for idempotent starts. */
  readonly startKey: { readonly key: string; readonly bodyHash: string } | null;
  readonly checkpoint: CheckpointRecord | null;
  /** All labels of the run from now on, where the turn changes them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Hashes of the blobs that the record's events refer to, where there are any. */
  readonly blobs?: readonly string[];
  /** Results to remember; another one under the same key is replaced. */
  readonly memos?: readonly MemoWrite[];
  /** Results to forget, by key; after `memos`. */
  readonly forgets?: readonly string[];
  /**
   * What it has seen of shared values and changes of them, in order. Where another revision is there
   * by now the turn is fenced and named as stale as well.
   */
  readonly shared?: readonly SharedUse[];
  /** Applied with the turn, and left out with a fenced one. */
  readonly admission?: AdmissionRecord;
  /** What attempts of the run have said. A line that is there already stays as it is. */
  readonly logs?: readonly StepLogWrite[];
  /**
   * Where hosts share slots: `runId` (this run, or the one that goes on in its place) holds a slot of
   * `gate` from now on, and of no other; null: of none any more. Where the host has none to give the
   * turn is stale (SharedSlots L5).
   */
  readonly slot?: { readonly gate: string | null; readonly runId: string };
  /** What the turn uses up; absent where nobody limits that. */
  readonly usage?: TurnUsage;
  /** Creates a run for which a place is held (StartQuotas P3). */
  readonly isReserved?: true;
}

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly workflow?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly parentRunId?: string;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  /** Opaque, from the answer before. Newest first. */
  readonly cursor?: string;
  readonly limit: number;
}

/** What a commit's answer calls a fenced run: two tenants may have runs of one id. */
export function fencedName({ tenant, runId }: Pick<TurnCommit, "tenant" | "runId">): string {
  return `${tenant}/${runId}`;
}

export interface Journal {
  /**
   * Appends a group; `fenced` has fencedName() of each run. `stale`: those of them that were fenced
   * for what they had seen of shared values (see SharedUse), and may be decided again. Rejects with LockstitchError store_unavailable (try again), or another code (lasting).
   */
  commit(
    commitId: string,
    turns: readonly TurnCommit[],
  ): Promise<{ readonly fenced: readonly string[]; readonly stale?: readonly string[] }>;
  committed(commitId: string): Promise<boolean>;
  /**
   * What admission remembers, of all tenants: starts whose `atMs + perMs` is after `afterMs`, and
   * every breaker with failures whose `untilMs` is.
   */
  admission(afterMs: number): Promise<AdmissionState>;
  head(context: CallContext, runId: string): Promise<RunHead | null>;
  heads(
    context: CallContext,
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunHead[]; readonly cursor: string | null }>;
  /** Counts by status, all tenants' or one's. */
  counts(context: CallContext | null): Promise<Readonly<Record<RunStatus, number>>>;
  /** Every run that has not ended, of all tenants and owners, oldest first, in pages after (tenant, runId). */
  openRuns(after: RunHead | null, limit: number): Promise<readonly RunHead[]>;
  /** Turns whose last event is after `afterSeq`, at most `limit` turns. */
  turns(
    context: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly TurnRecord[]>;
  /** The turn that holds event `seq`. */
  turnAt(context: CallContext, runId: string, seq: number): Promise<TurnRecord | null>;
  /**
   * Of the newest checkpoints (at most four) the valid ones, newest first; corrupt ones are left out
   * and reported through `onCorrupt`. The newest two of a run are kept, and those that are pinned.
   */
  checkpoints(
    context: CallContext,
    runId: string,
    onCorrupt: (seq: number) => void,
  ): Promise<readonly CheckpointRecord[]>;
  /** All of a run, newest first. */
  checkpointMarks(context: CallContext, runId: string): Promise<readonly CheckpointMark[]>;
  /**
   * Messages not yet consumed that this opening is to carry, oldest first, in pages: those sent after
   * `after`, consumed or not. Where runs have owners: messages to a run go to its owner, those to a
   * run that is not open to the owner of the run that sent them, where that has ended to anybody.
   */
  messages(limit: number, after?: Message): Promise<readonly Message[]>;
  startKey(
    context: CallContext,
    key: string,
  ): Promise<{ readonly runId: string; readonly bodyHash: string } | null>;
}
