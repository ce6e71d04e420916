/**
 * What an engine offers to the server, the command line and an embedding process. One interface,
 * so that the embedded engine, later hosts on PostgreSQL and Temporal mean the same.
 *
 * Everything that changes a run answers once durable. Failures are LockstitchError with the codes
 * named at each method (besides shutting_down and store_unavailable, which all may meet).
 */
import type { StepError } from "#errors/step-error.ts";
import type { Progress } from "#kernel/status.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { RunFilter } from "#ports/journal.ts";
import type { MemoFilter } from "#ports/memo-store.ts";
import type { StepLogLine, StepLogQuery } from "#ports/step-logs.ts";
import type { CheckedText } from "#workflow/checked-text.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { WorkflowDependencies } from "#workflow/dependencies.ts";
import type { RunStatus, StepStatus } from "#workflow/statuses.ts";
import type { LimitView } from "./admission/adaptive-limit.ts";
import type { EngineCare, UpkeepStats } from "./engine-care.ts";
import type { EngineTriggers, TriggerOrigin } from "./engine-triggers.ts";
import type { NamedValues } from "./named-values.ts";
import type { ReadOptions, StartWait } from "./read-options.ts";
import type {
  ApprovalDecision,
  LabelChange,
  PriorityChange,
  RerunChange,
  SignalRequest,
  StepResolution,
} from "./run-changes.ts";
import type { RunEvents } from "./run-events.ts";
import type { RunSummary, RunView } from "./run-view.ts";

export type {
  ApprovalDecision,
  LabelChange,
  PriorityChange,
  RerunChange,
  SignalRequest,
  StepResolution,
} from "./run-changes.ts";
export type { RunSummary, RunView } from "./run-view.ts";

/** One journaled event with where and when it stands. `event.type` is e.g. `step.succeeded`. */
export interface EventView {
  readonly seq: number;
  readonly atMs: number;
  readonly type: string;
  /** Text path of the step or scope it is about, if any. */
  readonly path: string | null;
  /** The event as journaled; payloads over 64 KiB as `<field>Blob: { hash, bytes }`. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** A line that an attempt logged. Its fields are plain JSON; null without. */
export interface LogLineView extends Omit<StepLogLine, "fields"> {
  readonly fields: Readonly<Record<string, unknown>> | null;
}

/** Which lines to follow; `after` as in a page. */
export type LogFollowQuery = Partial<Omit<StepLogQuery, "limit">>;

/** One step instance, folded from the journal. */
export interface StepView {
  readonly path: string;
  readonly id: string;
  readonly uses: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly output: unknown;
  readonly error: StepError | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** The attempt whose remembered result this step has; null: one of its own. */
  readonly memo: StepMemo | null;
  /** How far the attempt under way says it is (`ctx.progress`); missing: it does not say. */
  readonly progress?: { readonly fraction: number; readonly note?: string };
  /** True for instances inside a scope. */
  readonly inner: boolean;
}

export interface StepOutput {
  readonly path: string;
  readonly output: unknown;
}

export interface StepMemo {
  readonly runId: string;
  readonly path: string;
  readonly atMs: number;
}

/** A result that is kept to be used again. */
export interface MemoView {
  /** The full key, hex. */
  readonly key: string;
  /** The user's key; null: the whole configuration is the key. */
  readonly label: string | null;
  readonly scope: "run" | "workflow" | "tenant";
  readonly uses: string;
  readonly workflow: string;
  readonly runId: string;
  readonly path: string;
  /** Of the output's JSON text. */
  readonly bytes: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly usedAtMs: number;
}

export interface RunStateView {
  readonly run: RunView;
  /** In order of first event; steps of the root that have none yet come last, `pending`. */
  readonly steps: readonly StepView[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly bufferedSignals: number;
  /** Versions of the workflows that it may run, by name, as pinned when it started. */
  readonly pins: Readonly<Record<string, number>>;
}

export interface ProgressView extends Progress {
  readonly warnings: readonly string[];
}

/** One thing that a run waits for. */
export interface WaitView {
  readonly path: string | null;
  /**
   * run_slot, slot, memo, attempt, retry, timer, signal, approval, child, compensation, stopping,
   * paused, turn, dynamic, journal, store, host.
   */
  readonly kind: string;
  /** A sentence for people. */
  readonly text: string;
  /** What would free it; null where only time will. */
  readonly frees: string | null;
  readonly dueAtMs: number | null;
}

export interface ExplainView {
  readonly status: RunStatus;
  readonly sentence: string;
  /** At most 100; `more` counts the rest. */
  readonly waits: readonly WaitView[];
  readonly more: number;
  readonly warnings: readonly string[];
}

export interface ApprovalView {
  readonly runId: string;
  readonly workflow: string;
  readonly path: string;
  readonly title: string;
  readonly description: string | null;
  readonly form: unknown;
  readonly assignees: readonly string[];
  readonly sinceMs: number;
  readonly expiresAtMs: number | null;
}

export interface StartRequest {
  /** A saved workflow's name, or a definition, which is saved first; `input` may be PackedJson. */
  readonly workflow: string | WorkflowDefinition | CheckedText;
  readonly version?: number | undefined;
  readonly input?: unknown;
  /** The caller's own run id; the same id and body answers the run that exists. */
  readonly id?: string | undefined;
  /** The Idempotency-Key of the call: as `id`, without naming the run. */
  readonly idempotencyKey?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly priority?: number | undefined;
  /** What started it, for the journal; absent: the caller did. */
  readonly trigger?: TriggerOrigin | undefined;
}

export interface Engine extends RunEvents {
  /** definition_invalid (details.problems). The definition was checked by this host's parser, or is checked here. */
  saveWorkflow(
    context: CallContext,
    definition: WorkflowDefinition | CheckedText,
  ): Promise<WorkflowVersion & { readonly created: boolean }>;
  findWorkflow(
    context: CallContext,
    name: string,
    version?: number,
  ): Promise<(WorkflowVersion & { readonly definition: WorkflowDefinition }) | null>;
  listWorkflows(
    context: CallContext,
    afterName: string | null,
    limit: number,
  ): Promise<readonly WorkflowVersion[]>;
  workflowVersions(context: CallContext, name: string): Promise<readonly WorkflowVersion[]>;
  /** What the workflow runs by `workflow.run`, and what those run; the newest without `version`. workflow_not_found. */
  workflowDependencies(
    context: CallContext,
    name: string,
    version?: number,
  ): Promise<WorkflowDependencies>;

  /** workflow_not_found, definition_invalid, input_invalid, run_exists, payload_too_large, queue_full. */
  start(
    context: CallContext,
    request: StartRequest,
    how?: ReadOptions & StartWait,
  ): Promise<{ readonly run: RunView; readonly created: boolean }>;
  get(context: CallContext, runId: string, how?: ReadOptions): Promise<RunView | null>;
  /**
   * Resolves when the run has ended or `timeoutMs` (however long, Infinity included) has passed,
   * whichever is first; before that only when `signal` aborts or the engine closes. run_not_found.
   */
  wait(
    context: CallContext,
    runId: string,
    timeoutMs: number,
    signal?: AbortSignal,
    how?: ReadOptions,
  ): Promise<RunView>;
  list(
    context: CallContext,
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunSummary[]; readonly cursor: string | null }>;
  events(
    context: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly EventView[]>;
  /**
   * Committed events from `afterSeq` on, live, without loss or doubles; ends after the run's last
   * event, or when `signal` aborts. A slow reader is served from the store, never buffered without bound.
   */
  follow(
    context: CallContext,
    runId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncIterable<EventView>;
  /** Lines that the run's steps have logged, in the order in which they became durable. run_not_found. */
  logs(context: CallContext, runId: string, query: StepLogQuery): Promise<readonly LogLineView[]>;
  /** The same, live; ends with the run, when `signal` aborts, or when the engine closes. */
  followLogs(
    context: CallContext,
    runId: string,
    query: LogFollowQuery,
    signal: AbortSignal,
  ): AsyncIterable<LogLineView>;
  state(context: CallContext, runId: string, how?: ReadOptions): Promise<RunStateView>;
  /**
   * A step's output however large, null where it has none; state() shows those up to 64 KiB.
   * run_not_found, step_not_found, store_corrupt.
   */
  stepOutput(
    context: CallContext,
    runId: string,
    path: string,
    how?: ReadOptions,
  ): Promise<StepOutput>;
  progress(context: CallContext, runId: string): Promise<ProgressView>;
  explain(context: CallContext, runId: string): Promise<ExplainView>;
  /** Oldest first; `labels`: only those of runs that carry them all. */
  approvals(
    context: CallContext,
    filter?: { readonly labels?: Readonly<Record<string, string>> | undefined },
  ): Promise<readonly ApprovalView[]>;

  /** Idempotent; run_not_found, run_terminal. `reason` is journaled with the principal. */
  pause(context: CallContext, runId: string, reason?: string): Promise<RunView>;
  resume(context: CallContext, runId: string, reason?: string): Promise<RunView>;
  cancel(context: CallContext, runId: string, reason?: string): Promise<RunView>;
  terminate(context: CallContext, runId: string, reason?: string): Promise<RunView>;
  /** run_not_found, run_terminal; input_invalid for too many, request_invalid for too long ones. */
  label(context: CallContext, runId: string, change: LabelChange): Promise<RunView>;
  /** 0 to 10, higher first: of attempts that wait, and of steps to come. request_invalid, as label. */
  prioritize(context: CallContext, runId: string, change: PriorityChange): Promise<RunView>;
  /** run_not_found, run_terminal, signals_full, signal_invalid. `applied` is false for an id seen before. */
  signal(
    context: CallContext,
    runId: string,
    signal: SignalRequest,
  ): Promise<{ readonly applied: boolean; readonly id: string }>;
  /** Decides a wait.approval. step_not_found, not_waiting, run_terminal; `form` data is checked. */
  decideApproval(
    context: CallContext,
    runId: string,
    path: string,
    decision: ApprovalDecision,
  ): Promise<RunView>;
  /**
   * Tries a step now, skips it, completes or fails it; docs/operations.md says what that means
   * where the step stands. step_not_found, step_settled, action_refused, run_terminal;
   * input_invalid for a port that the step does not have.
   */
  resolveStep(
    context: CallContext,
    runId: string,
    path: string,
    resolution: StepResolution,
  ): Promise<RunView>;
  /** A new run of the same definition version, linked to the old one. */
  rerun(context: CallContext, runId: string, change: RerunChange): Promise<RunView>;

  /** The store behind the engine: deleting, archiving, copying. */
  readonly care: EngineCare;

  /** Values that runs of a workflow, or of the tenant, share. */
  readonly values: NamedValues;

  /** Schedules, events and webhooks: what starts runs by itself. */
  readonly triggers: EngineTriggers;

  /** Remembered results, newest first. request_invalid for a cursor that is none. */
  memos(
    context: CallContext,
    filter: MemoFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly MemoView[]; readonly cursor: string | null }>;
  /** Drops those that match; answers how many. Attempts under way go on, and are remembered. */
  clearMemos(context: CallContext, filter: MemoFilter): Promise<number>;

  /** What the engine did and is doing: counts of open runs, queued attempts, commits, continued runs at start. */
  stats(): EngineStats;
  /** Stops taking work, gives running attempts `graceMs`, commits what they report, leaves the rest to the next start. */
  close(graceMs: number): Promise<void>;
}

/** A limit of the operator on one kind of attempts. */
export interface BulkheadStats {
  readonly name: string;
  readonly limit: number;
  readonly running: number;
  readonly waiting: number;
}

/** What admission counts, by kind of gate; `slot` is the bound on all attempts. */
export interface AdmissionStats {
  /** Attempts that wait, by the gate that blocks them. */
  readonly waiting: Readonly<
    Record<
      | "slot"
      | "concurrency"
      | "bulkhead"
      | "quota"
      | "rate_limit"
      | "circuit_breaker"
      | "quarantine",
      number
    >
  >;
  /** Attempts that hold a place; one may hold several. */
  readonly held: Readonly<Record<"slot" | "concurrency" | "bulkhead" | "quota", number>>;
  /** Circuit breakers that are not closed. */
  readonly breakers: { readonly open: number; readonly probing: number };
  /** Starts that quotas have refused, and quotas that are used up, by kind, as this host has it. */
  readonly quotas: Readonly<Record<"refused" | "usedUp", Readonly<Record<string, number>>>>;
}

export interface EngineStats {
  readonly openRuns: number;
  readonly runningAttempts: number;
  readonly queuedAttempts: number;
  /** Attempts that may run at once now; `reason`: why fewer than the configured `max`. */
  readonly attemptLimit: LimitView;
  /** Absent where the operator has set none. */
  readonly bulkheads?: readonly BulkheadStats[] | undefined;
  readonly admission: AdmissionStats;
  /** Attempts that a remembered result stood for, and attempts under memo that were made. */
  readonly memo: { readonly hits: number; readonly misses: number };
  /** Uses of shared values that were decided, turns decided again for another's change, uses of `state.cache`. */
  readonly values: {
    readonly operations: number;
    readonly conflicts: number;
    readonly cacheHits: number;
    readonly cacheMisses: number;
  };
  readonly commits: number;
  readonly turns: number;
  readonly events: number;
  /** Runs found unfinished when the engine started, and whether all are loaded again. */
  readonly continuedRuns: number;
  readonly recovering: boolean;
  /** Why the store keeps nothing, while commits are tried again; null: it does, as far as is known. */
  readonly storeAway?: string | null | undefined;
  /** Schedules that this host is looking at because they are due. */
  readonly schedulesDue?: number | undefined;
  /** Absent where the store keeps everything for ever. */
  readonly upkeep?: UpkeepStats | undefined;
  /** Absent where the store has one owner. */
  readonly hosts?: HostsStats | undefined;
}

/** One host among several that share a store, as it sees itself. */
export interface HostsStats {
  /** Hosts that have a lease, as the last beat said, this one included. */
  readonly withLease: number;
  /** How long this one may begin things if it hears nothing more; 0: it may not. */
  readonly leaseLeftMs: number;
  /** How often it has lost its lease since it started, and whether it is without one now. */
  readonly suspensions: number;
  readonly isSuspended: boolean;
}
