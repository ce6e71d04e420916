/**
 * The state of one run: a fold over its journal, changed in place by evolve() and by nothing else.
 * One host owns it; whoever needs the state before an event folds the journal again.
 *
 *     step:  waiting -> ready -+-> scheduled -> running -+-> succeeded | failed | cancelled
 *                              |       ^          |      |
 *                              |       +- retrying <- - -+
 *                              +-> open (inner scopes)  -+
 *                              +-> awaiting (timer, signal, approval, child) -+
 *                              +-> skipped | blocked | cancelled
 *
 * S1. A settled step never changes, and its scope's `unsettled` counts exactly the others.
 * S2. The agenda holds whatever can go on by itself; a listed item that no longer wants anything is
 *     dropped when it is reached.
 * S3. Closed scopes leave `scopes` and `steps`; what they gave lives in their owner.
 * S4. Whatever the events since the last decide() may have changed in pending(state) is in the list
 *     that begins with `firstTouched`.
 *
 * Instants are epoch milliseconds of journal time. Values are references (value-ref.ts).
 */
import type { StepError } from "#errors/step-error.ts";
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { SecretUse } from "#workflow/expression/secret-uses.ts";
import type { Plan, PlanEdge, PlanScope, PlanStep } from "#workflow/plan.ts";
import type { EdgeCounts } from "#workflow/trigger-rules.ts";
import type { CapturedStep } from "./compensable.ts";
import type { Effect } from "./effects.ts";
import type { CancelReason, DeclaredStep, MemoRequest, WaitFor } from "./events.ts";
import type { SlotRequest } from "./gates.ts";
import type { Beat } from "./heartbeat.ts";
import type { Resolution } from "./resolution-shape.ts";
import type { ParentLink, Pins } from "./run-links.ts";
import type { Control } from "./scopes/control.ts";
import { NULL_REF, type ValueRef } from "./value-ref.ts";

export type SettledStatus = "succeeded" | "failed" | "skipped" | "blocked" | "cancelled";
export type InstanceStatus =
  | "waiting"
  | "ready"
  | "scheduled"
  | "running"
  | "retrying"
  | "open"
  | "awaiting"
  | SettledStatus;

export type MutableCounts = { -readonly [Key in keyof EdgeCounts]: number };

/** A step in one instance of its scope. */
export interface StepInstance {
  readonly path: string;
  readonly step: PlanStep;
  readonly scope: ScopeInstance;
  status: InstanceStatus;
  /** How its edges stand; null without edges and once it is ready. */
  edges: MutableCounts | null;
  /** While ready: what its trigger rule said. */
  verdict: "ready" | "blocked" | "skipped";
  skippedByIf: boolean;
  handled: "onError" | "port" | null;
  port: string | null;
  attempt: number;
  output: ValueRef;
  error: StepError | null;
  /** What only an unsettled step that became ready needs. */
  live: Live | null;
  listed: boolean;
  /** What decide() last told of the effects that are pending because of this step. */
  effects: readonly Effect[];
  /** In the run's list of touched steps, and the one after it there. */
  isTouched: boolean;
  nextTouched: StepInstance | null;
}

export interface Live {
  readyAtMs: number;
  input: ValueRef;
  /** Which texts of the input hold secrets; null: none. */
  secrets: readonly SecretUse[] | null;
  /** Secrets of the connections that the input names; null: none. */
  lent: readonly SecretName[] | null;
  deadlineAtMs: number | null;
  timeoutAtMs: number | null;
  retryAtMs: number | null;
  /** Attempts that failed by themselves (lost ones do not count). */
  failures: number;
  lostInARow: number;
  /** An attempt began whose outcome nobody knows. */
  inDoubt: boolean;
  /** Its result is another step's (memo). */
  isRemembered: boolean;
  /** While it cleans up under a `cleanupTimeout` of its own. */
  cleanupAtMs: number | null;
  memo: MemoRequest | null;
  /** What admission asks of its attempts; null: nothing but a free slot. */
  gates: Extract<Effect, { readonly kind: "admit" }>["gates"];
  priority: number;
  scheduledAtMs: number;
  wait: WaitFor | ChildWait | null;
  /** Heartbeats of its attempts; null: none, and none is waited for. */
  beat: Beat | null;
  /** Its timer has fired and it has not acted on that yet. */
  fired: boolean;
  cancelling: { readonly reason: CancelReason; readonly error: StepError | null } | null;
  control: Control | null;
  /** Changed by holdScope and dropScope. */
  scopes: ReadonlySet<ScopeInstance>;
  /** Those of `scopes` that may have to be told to stop, from `cursor` on; a cache, null is always right. */
  untold: { readonly scopes: readonly ScopeInstance[]; cursor: number } | null;
  /** Computed off the turn right now; not part of the durable state. */
  computing: boolean;
  /** What a scope kind evaluated and can evaluate again; not part of the durable state. */
  scratch: unknown;
}

export interface ChildWait {
  readonly kind: "child";
  /** The run of its chain that goes on now. */
  runId: string;
  /** The run that was started: its successors carry this id. */
  readonly chainId: string;
  readonly onParentEnd: "cancel" | "abandon";
}

/** One instance of a scope: the root, one item, one pass, one branch. */
export interface ScopeInstance {
  readonly path: string;
  readonly plan: PlanScope;
  readonly owner: StepInstance | null;
  readonly parent: ScopeInstance | null;
  readonly steps: StepInstance[];
  /** Position of each step by id; the plan's own map unless the scope is dynamic. */
  readonly positions: ReadonlyMap<string, number>;
  /** Of a dynamic scope: edges that leave each step, grown as steps are declared. */
  readonly outgoing: PlanEdge[][] | null;
  /** Of a dynamic scope: what was declared, in order. */
  readonly declared: DeclaredStep[] | null;
  readonly slot: string;
  readonly index: number | null;
  readonly key: string | null;
  readonly locals: Readonly<Record<string, ValueRef>>;
  /** Of a compensation: the steps of closed scopes that it reads. */
  readonly captured: Readonly<Record<string, CapturedStep>> | null;
  sealed: boolean;
  closed: boolean;
  unsettled: number;
  firstFailure: { readonly path: string; readonly error: StepError } | null;
  /** The first failure ends the scope: failFast, or a `fail` step. */
  endsEarly: boolean;
  cancelling: CancelReason | null;
  /** Steps before this position have been told to stop; a cache, 0 is always right. */
  cancelCursor: number;
  listed: boolean;
}

export interface BufferedSignal {
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: ValueRef;
  readonly by: string;
  /** When it was received, by sequence number. */
  readonly seq: number;
}

export type EndingReason = "cancel" | "stop" | "deadline" | "continue";

/** A `finally` or compensations that failed. */
export interface Unclean {
  readonly error: StepError;
  readonly path: string | null;
}

export type AgendaItem = StepInstance | ScopeInstance | SignalKey | "run";
/** Signals of one name and key: see signalKey. */
export interface SignalKey {
  readonly signalKey: string;
}

export interface RunState {
  readonly runId: string;
  readonly plan: Plan;
  seq: number;
  nowMs: number;
  phase: "new" | "queued" | "admitted" | "steps" | "finally" | "done";
  terminal: "succeeded" | "failed" | "cancelled" | null;
  workflow: string;
  version: number;
  input: ValueRef;
  labels: Readonly<Record<string, string>>;
  priority: number;
  concurrency: (SlotRequest & { readonly whenFull: "queue" | "reject" | "cancelRunning" }) | null;
  parent: ParentLink | null;
  /** Versions that names of workflows mean here; null: those that are the newest when a step runs. */
  pins: Pins | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
  deadlineAtMs: number | null;
  pausedAtMs: number | null;
  /** Who paused it, and why; null while it is not paused. */
  pausedBy: { readonly by: string; readonly reason: string | null } | null;
  /** Why the root was told to stop; null while it was not. */
  ending: {
    readonly reason: EndingReason;
    readonly by: string;
    readonly text: string | null;
  } | null;
  /** When what follows a cancel or a passed deadline is cut off. */
  cleanupAtMs: number | null;
  stopOutput: ValueRef | null;
  /** What the successor starts with, once `workflow.continue` has run. */
  continuing: { readonly input: ValueRef; readonly latest: boolean } | null;
  /** Id of the first run of the chain; null: this one is. */
  chainId: string | null;
  continuedTo: string | null;
  /** How the root scope closed, `finally` not counted. */
  body: {
    readonly outcome: "succeeded" | "failed" | "cancelled";
    readonly error: StepError | null;
    readonly path: string | null;
  } | null;
  cleanup: Unclean | null;
  /** Cleanups that failed where nobody handled it: they decide how the run ends. */
  unclean: Unclean[];
  /** Those that somebody may still handle, by the step or scope that they have come to; see unclean.ts. */
  unhandled: Readonly<Record<string, readonly Unclean[]>> | null;
  vars: Record<string, ValueRef>;
  /** Children that no step waits for and that end with this run (`onParentEnd: cancel`). */
  unwaited: { runId: string; readonly path: string }[];
  output: ValueRef;
  error: (StepError & { readonly path?: string }) | null;
  root: ScopeInstance | null;
  readonly scopes: Map<string, ScopeInstance>;
  readonly steps: Map<string, StepInstance>;
  agenda: AgendaItem[];
  /** Items before this position of the agenda are done. */
  agendaHead: number;
  runListed: boolean;
  readonly signals: Map<string, BufferedSignal[]>;
  signalCount: number;
  readonly signalIds: Set<string>;
  /** Waits for a signal by name and key, oldest first. */
  readonly signalWaits: Map<string, StepInstance[]>;
  /** What operators decided about steps that have not settled yet, by path; null: nothing. */
  resolutions: Readonly<Record<string, Resolution>> | null;
  /** Attempts admitted or asking for it. */
  active: number;
  settledSteps: number;
  failedSteps: number;
  runEffects: readonly Effect[];
  /** Steps whose effects may not be what decide() last told. */
  firstTouched: StepInstance | null;
  lastTouched: StepInstance | null;
}

/** A run before its first event. */
export function newState(runId: string, plan: Plan): RunState {
  return {
    runId,
    plan,
    seq: 0,
    nowMs: 0,
    phase: "new",
    terminal: null,
    workflow: plan.definition.name,
    version: 0,
    input: NULL_REF,
    labels: {},
    priority: 5,
    concurrency: null,
    parent: null,
    pins: null,
    startedAtMs: null,
    endedAtMs: null,
    deadlineAtMs: null,
    pausedAtMs: null,
    pausedBy: null,
    ending: null,
    cleanupAtMs: null,
    stopOutput: null,
    continuing: null,
    chainId: null,
    continuedTo: null,
    body: null,
    cleanup: null,
    unclean: [],
    unhandled: null,
    vars: {},
    unwaited: [],
    output: NULL_REF,
    error: null,
    root: null,
    scopes: new Map(),
    steps: new Map(),
    agenda: [],
    agendaHead: 0,
    runListed: false,
    signals: new Map(),
    signalCount: 0,
    signalIds: new Set(),
    signalWaits: new Map(),
    resolutions: null,
    active: 0,
    settledSteps: 0,
    failedSteps: 0,
    runEffects: NO_EFFECTS,
    firstTouched: null,
    lastTouched: null,
  };
}

export function isSettled(status: InstanceStatus): status is SettledStatus {
  switch (status) {
    case "succeeded":
    case "failed":
    case "skipped":
    case "blocked":
    case "cancelled":
      return true;
    default:
      return false;
  }
}

export function signalKey(name: string, key: string | null): string {
  return key === null ? name : `${name}\u0000${key}`;
}

export const NO_EFFECTS: readonly Effect[] = [];
export function listStep(state: RunState, instance: StepInstance): void {
  if (instance.listed) return;
  instance.listed = true;
  state.agenda.push(instance);
}

export function listScope(state: RunState, scope: ScopeInstance): void {
  if (scope.listed) return;
  scope.listed = true;
  state.agenda.push(scope);
}

export function listRun(state: RunState): void {
  if (state.runListed) return;
  state.runListed = true;
  state.agenda.push("run");
}
