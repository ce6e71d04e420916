/**
 * What can happen to a run, in the past tense: the journal's vocabulary. An event is plain JSON; its
 * sequence number and time come from where it stands (the turn's record), not from inside.
 * Old events are upcast on read (upcast.ts) and never rewritten; unknown fields are kept.
 *
 * Fields listed in VALUE_FIELDS (value-fields.ts) may hold values of any size: state keeps references to them, and
 * the engine may move one over 64 KiB to the blob store (`outputBlob` then stands for `output`).
 * Paths are text (workflow/path.ts); the root scope's path is "".
 */
import type { StepError } from "#errors/step-error.ts";
import type { Defaults } from "#workflow/definition.ts";
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { PackedJson } from "#workflow/packed-json.ts";
import type { CapturedStep } from "./compensable.ts";
import type { PassedGate, SlotRequest, StepGates } from "./gates.ts";
import type { Continued, ParentLink, Pins, TriggerOrigin } from "./run-links.ts";
import type { StateEvent } from "./state-events.ts";
import type { StepSecrets } from "./step-secrets.ts";
import type { ValueRef } from "./value-ref.ts";

/** Grows when decide changes its mind about anything; every released number stays readable. */
export const SEMANTICS = 1;
/** The instants at which a step's time is over, as far as it has limits. */
export interface TimeLimits {
  readonly deadlineAtMs?: number;
  readonly timeoutAtMs?: number;
}

/** How the result of a step is remembered; what the engine makes the full key of. */
export interface MemoRequest {
  readonly scope: "run" | "workflow" | "tenant";
  readonly ttlMs?: number;
  /** What the user's `key` came to; absent: the evaluated `with` is the key. */
  readonly key?: string;
  /** With `key`: hash of `with` as it is written. */
  readonly form?: string;
}

export interface MemoOrigin {
  readonly runId: string;
  readonly path: string;
  readonly atMs: number;
}

/** A step that entered a dynamic scope: literal configuration, no expressions. */
export interface DeclaredStep {
  readonly id: string;
  readonly uses: string;
  readonly kind: "pure" | "effect" | "wait.for" | "wait.until" | "wait.signal" | "wait.approval";
  readonly with: unknown;
  /** Ids of steps of the same scope that were declared before. */
  readonly needs: readonly string[];
  readonly policies?: Pick<Defaults, "retry" | "timeout" | "deadline" | "onError" | "priority">;
}

/** How far an attempt says it is. */
export interface Progress {
  /** In [0, 1]. */
  readonly fraction: number;
  readonly note?: string;
}

/** What a waiting step waits for. */
export type WaitFor =
  | { readonly kind: "timer"; readonly dueAtMs: number }
  | {
      readonly kind: "signal";
      readonly name: string;
      readonly key: string | null;
      readonly dueAtMs: number | null;
    }
  | { readonly kind: "approval"; readonly dueAtMs: number | null };

export type RunEvent =
  | {
      readonly type: "run.queued";
      readonly workflow: string;
      readonly version: number;
      readonly planHash: string;
      readonly semantics: number;
      readonly input: unknown;
      readonly labels: Readonly<Record<string, string>>;
      readonly priority: number;
      readonly concurrency?: SlotRequest & {
        readonly whenFull: "queue" | "reject" | "cancelRunning";
      };
      readonly parent?: ParentLink;
      /** Versions that names of workflows mean in this run and in the runs that it starts. */
      readonly pins?: Pins;
      /** The run goes on where another ended: see run.continued. */
      readonly continued?: Continued;
      readonly by: string;
      readonly trace?: string;
      readonly startKey?: string;
      readonly trigger?: TriggerOrigin;
    }
  /** This run is a rerun of another, which it leaves as it is. */
  | { readonly type: "run.forked"; readonly from: string; readonly reason?: string }
  | { readonly type: "run.admitted" }
  | { readonly type: "run.started"; readonly deadlineAtMs?: number }
  | { readonly type: "run.paused"; readonly by: string; readonly reason?: string }
  | { readonly type: "run.resumed"; readonly by: string; readonly reason?: string }
  /** `labels`: all that the run has from now on. */
  | {
      readonly type: "run.labelled";
      readonly labels: Readonly<Record<string, string>>;
      readonly by: string;
      readonly reason?: string;
    }
  | {
      readonly type: "run.prioritized";
      readonly priority: number;
      readonly by: string;
      readonly reason?: string;
    }
  /** The engine saves a checkpoint with this turn. */
  | {
      readonly type: "checkpoint.saved";
      readonly isPinned: boolean;
      readonly by: string;
      readonly reason?: string;
    }
  | {
      readonly type: "run.cancel_requested";
      readonly by: string;
      readonly reason?: string;
      /** When `finally` and compensations are cut off. */
      readonly cleanupAtMs?: number;
    }
  /** A `stop` step, or the run's deadline, ends what still runs. */
  | { readonly type: "run.stop_requested"; readonly path: string; readonly output: unknown }
  | { readonly type: "run.deadline_passed"; readonly cleanupAtMs?: number }
  /** A `workflow.continue` step: what still runs ends, then a successor takes over. */
  | {
      readonly type: "run.continue_requested";
      readonly path: string;
      readonly input?: unknown;
      /** Absent `input`: that of this run. */
      readonly inputRef?: ValueRef;
      readonly latest?: true;
    }
  | { readonly type: "run.succeeded"; readonly output?: unknown; readonly outputRef?: ValueRef }
  | { readonly type: "run.failed"; readonly error: StepError; readonly path?: string }
  | {
      readonly type: "run.cancelled";
      readonly by?: string;
      readonly reason?: string;
      readonly terminated?: true;
    }
  /** Ends the run as succeeded; `toRunId` starts with its input and unread signals. */
  | { readonly type: "run.continued"; readonly toRunId: string; readonly chainId: string }
  | StateEvent
  | {
      readonly type: "scope.opened";
      readonly path: string;
      /** Path of the step that owns it; absent for the root and the root's `finally`. */
      readonly owner?: string;
      readonly slot: string;
      /** for_each: position and, for objects, key. while: the pass. */
      readonly index?: number;
      readonly key?: string;
      /** What its locals hold. */
      readonly locals?: Readonly<Record<string, ValueRef>>;
      /** A compensation: the steps of closed scopes that it reads. */
      readonly steps?: Readonly<Record<string, CapturedStep>>;
      /** When the cleanup that begins with it is cut off (`cleanupTimeout` of its owner). */
      readonly cleanupAtMs?: number;
    }
  | { readonly type: "scope.sealed"; readonly path: string }
  | {
      readonly type: "scope.cancel_requested";
      readonly path: string;
      readonly reason: CancelReason;
    }
  | {
      readonly type: "scope.closed";
      readonly path: string;
      readonly outcome: "succeeded" | "failed" | "cancelled";
      readonly output?: unknown;
      readonly outputRef?: ValueRef;
      /** while: the carried values after this pass. */
      readonly carry?: unknown;
      readonly error?: StepError;
      readonly errorPath?: string;
    }
  | {
      readonly type: "step.declared";
      readonly path: string;
      readonly scope: string;
      readonly step: DeclaredStep;
    }
  | ({
      readonly type: "step.scheduled";
      readonly path: string;
      readonly attempt: number;
      /** On the first attempt: the evaluated `with`, and what its policies ask of admission. */
      readonly input?: unknown;
      readonly memo?: MemoRequest;
      readonly priority?: number;
      /** The engine saves a checkpoint with this turn, before the step runs. */
      readonly cost?: "high";
      readonly deadlineAtMs?: number;
    } & StepGates &
      StepSecrets)
  /**
   * Admission let an attempt pass: it has policies of its own, or a limit of the operator kept it
   * waiting. Its slots are free again with the event that ends the attempt.
   */
  | {
      readonly type: "slot.granted";
      readonly path: string;
      readonly attempt: number;
      readonly gates: readonly PassedGate[];
      readonly waitedMs: number;
    }
  /** An attempt was admitted, or a step with inner scopes began (`control`: what it decided). */
  | {
      readonly type: "step.started";
      readonly path: string;
      readonly attempt: number;
      readonly timeoutAtMs?: number;
      /** Those that have changed since the step was scheduled; all others are as `step.scheduled` says. */
      readonly secrets?: readonly SecretName[];
      readonly deadlineAtMs?: number;
      readonly control?: Readonly<Record<string, unknown>>;
      /** while: the first carried values. */
      readonly carry?: Readonly<Record<string, unknown>>;
      /** for_each over a stream: the stream. */
      readonly input?: unknown;
    }
  | ({
      readonly type: "step.waiting";
      readonly path: string;
      readonly for: WaitFor;
      readonly input: unknown;
    } & TimeLimits)
  | {
      readonly type: "step.succeeded";
      readonly path: string;
      readonly attempt?: number;
      readonly output?: unknown;
      readonly outputRef?: ValueRef;
      readonly port?: string;
    }
  | {
      readonly type: "step.failed";
      readonly path: string;
      readonly attempt?: number;
      readonly error: StepError;
      /** Who took the failure: `onError`, or an edge from the port `error`. Absent: nobody. */
      readonly handled?: "onError" | "port";
      readonly output?: unknown;
      /** A `fail` step: ends its scope at once. */
      readonly ends?: true;
    }
  | {
      readonly type: "step.retry_scheduled";
      readonly path: string;
      /** The attempt to come. */
      readonly attempt: number;
      readonly dueAtMs: number;
      readonly error: StepError;
      /** Of a step that only computes: no event before said when its time is over. */
      readonly deadlineAtMs?: number;
    }
  | {
      readonly type: "step.skipped";
      readonly path: string;
      readonly by: "if" | "untaken" | "operator";
    }
  | { readonly type: "step.blocked"; readonly path: string }
  | {
      readonly type: "step.cancel_requested";
      readonly path: string;
      readonly reason: CancelReason;
      /** How the step ends once it has stopped; absent: cancelled. */
      readonly error?: StepError;
    }
  | { readonly type: "step.cancelled"; readonly path: string }
  /** A sign of life of a running attempt; `value` replaces what it said of itself before. */
  | {
      readonly type: "step.heartbeat";
      readonly path: string;
      readonly attempt: number;
      readonly value?: unknown;
      readonly progress?: Progress;
    }
  /** What an operator decided about the step; see decide-operator.ts. */
  | {
      readonly type: "step.resolved";
      readonly path: string;
      readonly action: "retry" | "skip" | "complete" | "fail";
      readonly by: string;
      readonly reason?: string;
      /** Applied once for each id. */
      readonly id?: string;
      /** retry: the attempt to come. */
      readonly attempt?: number;
      /** complete */
      readonly output?: unknown;
      readonly port?: string;
      /** fail */
      readonly message?: string;
    }
  | {
      readonly type: "step.lost";
      readonly path: string;
      readonly attempt: number;
      /** Its host gave it up and went on: the step has not ended it. */
      readonly hostLived?: true;
    }
  | {
      readonly type: "step.late_result";
      readonly path: string;
      readonly attempt: number;
      readonly ok: boolean;
    }
  /**
   * The attempt is not needed: an earlier result under the same key counts. `step.succeeded`
   * follows in the same turn, with that output and without an attempt.
   */
  | {
      readonly type: "step.memo_hit";
      readonly path: string;
      /** The full key (SHA-256, hex), as the store lists it. */
      readonly key: string;
      /** The step whose attempt gave the result, and when. */
      readonly from: MemoOrigin;
    }
  /** for_each: items `from` and following, at most 1,000. */
  | {
      readonly type: "step.items_stored";
      readonly path: string;
      readonly from: number;
      readonly values: readonly unknown[] | PackedJson;
      readonly keys?: readonly string[];
      /** Of a stream: how many these are, where the next ones begin, and whether there are none. */
      readonly count?: number;
      readonly position?: unknown;
      readonly isLast?: true;
    }
  /** for_each: what became of items `from` and following, at most 1,000. */
  | {
      readonly type: "step.results_stored";
      readonly path: string;
      readonly from: number;
      /** null: not collected. */
      readonly results: readonly ValueRef[] | null;
      readonly failed: readonly { readonly index: number; readonly error: StepError }[];
    }
  | { readonly type: "timer.fired"; readonly key: string }
  | {
      readonly type: "signal.received";
      readonly id: string;
      readonly name: string;
      readonly key: string | null;
      readonly payload: unknown;
      readonly by: string;
    }
  | { readonly type: "signal.consumed"; readonly id: string; readonly path: string }
  | { readonly type: "signal.unconsumed"; readonly id: string; readonly reason: string }
  | ({
      readonly type: "child.started";
      readonly path: string;
      readonly runId: string;
      readonly workflow: string;
      readonly version: number | null;
      readonly wait: boolean;
      readonly onParentEnd: "cancel" | "abandon";
      readonly input: unknown;
    } & TimeLimits)
  | {
      readonly type: "child.finished";
      readonly path: string;
      readonly runId: string;
      readonly status: "succeeded" | "failed" | "cancelled";
      readonly error?: StepError;
    }
  /** The child has ended in a successor, which is waited for instead. */
  | {
      readonly type: "child.continued";
      readonly path: string;
      readonly runId: string;
      readonly toRunId: string;
    };

/** `cleanup`: a cleanupTimeout has passed. */
export type CancelReason =
  | "cancel"
  | "stop"
  | "deadline"
  | "continue"
  | "fail_fast"
  | "join"
  | "operator"
  | "cleanup";

export type RunEventType = RunEvent["type"];
export type EventOf<Type extends RunEventType> = Extract<RunEvent, { readonly type: Type }>;
