/**
 * What the world can tell a run: the second argument of decide(). Inputs are not journaled; the
 * events that decide() makes of them are.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Json } from "#workflow/json.ts";
import type { PackedJson } from "#workflow/packed-json.ts";
import type { CacheChange, StateOperation, StateRequest } from "#workflow/state-operation.ts";
import type { DeclaredStep, MemoOrigin, Progress } from "./events.ts";
import type { PassedGate } from "./gates.ts";
import type { Continued, ParentLink, Pins, TriggerOrigin } from "./run-links.ts";

export type AttemptOutcome =
  | {
      readonly ok: true;
      readonly output: unknown;
      /** Of a `state.*` step: what is to be done instead of an output (see the input `operation`). */
      readonly operation?: StateRequest;
    }
  | { readonly ok: false; readonly error: StepError };

/** A chunk of a stream's items, in order. A stream without items gives one empty chunk. */
export type ItemsOutcome =
  | {
      readonly ok: true;
      readonly values: readonly unknown[] | PackedJson;
      readonly count: number;
      /** Where the reader can go on; JSON, the reader's own. */
      readonly position: unknown;
      readonly isLast: boolean;
    }
  | { readonly ok: false; readonly error: StepError };

/** What a name of scope `workflow` or `tenant` holds. */
export interface SharedValue {
  /** 0: there is no such value. */
  readonly revision: number;
  readonly value: Json | undefined;
}

/** What the workflow or tenant may keep beside what it has. */
export interface SharedRoom {
  readonly names: number;
  /** Of JSON text; a little may be missing, as text is counted in characters before it is stored. */
  readonly bytes: number;
}

/**
 * `isFaulty`: its configuration (FarConfig) could not be evaluated; it is not tried again. `isLate`:
 * it was cut off at the time that Decision.compute named.
 */
export type ComputedOutcome = AttemptOutcome & {
  readonly isFaulty?: boolean;
  readonly isLate?: boolean;
};

/** An attempt passed gates of its own, or waited for one of the operator's. */
export interface SlotGrant {
  readonly path: string;
  readonly gates: readonly PassedGate[];
  readonly waitedMs: number;
}

/** What a run hands to its successor beside input, labels, priority and parent. */
export interface Carried extends Continued {
  /** Signals that nobody had read, in the order in which they came. */
  readonly signals: readonly {
    readonly id: string;
    readonly name: string;
    readonly key: string | null;
    readonly payload: unknown;
    readonly by: string;
  }[];
  /** Why the successor cannot run: it begins and fails with this. */
  readonly fault: StepError | null;
}

export type Input =
  /** The first input of a run. `input` has passed the workflow's schema. */
  | {
      readonly kind: "start";
      readonly workflow: string;
      readonly version: number;
      readonly input: unknown;
      readonly labels: Readonly<Record<string, string>>;
      readonly priority: number | null;
      readonly parent: ParentLink | null;
      readonly pins?: Pins | null;
      readonly forkedFrom: { readonly runId: string; readonly reason: string | null } | null;
      readonly by: string;
      readonly trace: string | null;
      readonly startKey: string | null;
      /** What started it, where it was not the caller's own wish. */
      readonly trigger?: TriggerOrigin | undefined;
      /** It goes on where another run ended. */
      readonly continued?: Carried;
    }
  /** The run has its slot (or needs none) and may begin. */
  | { readonly kind: "admit_run" }
  /** Attempts that may start now; unknown or settled ones are passed over. */
  | {
      readonly kind: "admit";
      readonly paths: readonly string[];
      /** What admission has to say of some of them; it is journaled with their start. */
      readonly grants?: readonly SlotGrant[];
    }
  /** A remembered result stands for the attempt that asked for admission. */
  | {
      readonly kind: "memo_hit";
      readonly path: string;
      readonly attempt: number;
      readonly key: string;
      readonly from: MemoOrigin;
      readonly output: unknown;
    }
  | {
      readonly kind: "result";
      readonly path: string;
      readonly attempt: number;
      readonly outcome: AttemptOutcome;
    }
  /** An attempt has said what is to be done with named values: see state-step.ts. */
  | {
      readonly kind: "operation";
      readonly path: string;
      readonly attempt: number;
      readonly operation: StateOperation;
      /** What the names hold, by name; null for scope `run`, whose values are the run's own. */
      readonly before: Readonly<Record<string, SharedValue>> | null;
      /** Absent: for scope `run`, and where nobody counts. */
      readonly room?: SharedRoom;
    }
  /** An attempt has asked the cache, and this is the answer; `change` is made with the commit. */
  | {
      readonly kind: "cached";
      readonly path: string;
      readonly attempt: number;
      readonly output: unknown;
      readonly change: CacheChange | null;
    }
  /** `value` undefined: what the attempt said of itself before stays. */
  | {
      readonly kind: "heartbeat";
      readonly path: string;
      readonly attempt: number;
      readonly value?: unknown;
      readonly progress: Progress | null;
    }
  /** The next items of a stream that a for_each reads: see the effect `items`. */
  | {
      readonly kind: "items";
      readonly path: string;
      readonly attempt: number;
      readonly from: number;
      readonly outcome: ItemsOutcome;
    }
  /** An attempt that was started by an owner that is gone, or that was no owner for a while (`hostLived`). */
  | {
      readonly kind: "lost";
      readonly path: string;
      readonly attempt: number;
      readonly hostLived?: true;
    }
  /** The outcome of a pure step that was computed off the turn (see World.pure). */
  | { readonly kind: "computed"; readonly path: string; readonly outcome: ComputedOutcome }
  | { readonly kind: "timer"; readonly key: string }
  | {
      readonly kind: "signal";
      readonly id: string;
      readonly name: string;
      readonly key: string | null;
      readonly payload: unknown;
      readonly by: string;
    }
  | {
      readonly kind: "approval";
      readonly path: string;
      readonly approved: boolean;
      readonly comment: string | null;
      readonly form: unknown;
      readonly by: string;
    }
  | {
      readonly kind: "child_finished";
      readonly path: string;
      readonly runId: string;
      readonly status: "succeeded" | "failed" | "cancelled";
      readonly output: unknown;
      readonly error: StepError | null;
      /** The first run of its chain, where that is another. */
      readonly chainId?: string;
    }
  | {
      readonly kind: "child_continued";
      readonly path: string;
      readonly runId: string;
      readonly toRunId: string;
      readonly chainId: string;
    }
  | {
      readonly kind: "pause" | "resume" | "cancel" | "terminate";
      readonly by: string;
      readonly reason: string | null;
    }
  /** Labels to set and to take away; a run has at most `labelsMax`. */
  | {
      readonly kind: "label";
      readonly set: Readonly<Record<string, string>>;
      readonly remove: readonly string[];
      readonly labelsMax: number;
      readonly by: string;
      readonly reason: string | null;
    }
  | {
      readonly kind: "prioritize";
      readonly priority: number;
      readonly by: string;
      readonly reason: string | null;
    }
  /** Save the state as it is after this. */
  | {
      readonly kind: "checkpoint";
      readonly isPinned: boolean;
      readonly by: string;
      readonly reason: string | null;
    }
  /** An operator decides about one step. `output` and `port` complete it, `message` fails it. */
  | {
      readonly kind: "resolve";
      readonly path: string;
      readonly action: "retry" | "skip" | "complete" | "fail";
      readonly by: string;
      readonly reason: string | null;
      readonly id: string | null;
      readonly output: unknown;
      readonly port: string | null;
      readonly message: string | null;
    }
  | { readonly kind: "declare"; readonly scope: string; readonly steps: readonly DeclaredStep[] }
  | { readonly kind: "seal"; readonly scope: string }
  /** Go on with the agenda: after a spent budget, or with values now loaded. */
  | { readonly kind: "continue" };
