/** What decide() is given besides state and input, and what it answers. */
import type { SecretName } from "#workflow/expression/secret-text.ts";
import type { Effect, EffectChange, Send } from "./effects.ts";
import type { RunEvent } from "./events.ts";
import type { AttemptOutcome } from "./inputs.ts";
import type { ValueRef, Values } from "./value-ref.ts";

/** Everything that decide() may ask: time and chance arrive as data, nodes as functions. */
export interface World {
  /** Journal time of this turn: max(previous, now). */
  readonly nowMs: number;
  readonly values: Values;
  /**
   * Runs a pure node. "later": it is computed off the turn; the step is then in Decision.compute
   * and the outcome comes back as input `computed`.
   */
  pure(uses: string, config: unknown, path: string): AttemptOutcome | "later";
  /** Whether a step of this type can be computed from a FarConfig. Absent: none can. */
  computesFar?(uses: string): boolean;
  /** The version of a secret, if the host knows it without waiting. */
  secretVersion?(name: string): string | null;
  /** The secrets that a connection of the host uses, with their versions as secretVersion() knows them. */
  connectionSecrets?(connection: string): readonly SecretName[];
  /** Checks a value against a JSON Schema; null: it fits, else what does not. */
  validate(schema: unknown, value: unknown): string | null;
  /** A float in [0, 1), for jitter; what it decides is journaled. */
  random(): number;
  /** Whether this turn has used its time. The kernel has no clock of its own. */
  exhausted(): boolean;
}

/** A call that cannot be carried out, as a value: nothing was journaled because of it. */
export interface Refusal {
  readonly code:
    | "run_terminal"
    | "not_waiting"
    | "step_not_found"
    | "step_settled"
    | "action_refused"
    | "input_invalid"
    | "signals_full"
    | "signal_invalid";
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Decision {
  /** What the journal gains, in order. The state has them already (evolve was applied). */
  readonly events: readonly RunEvent[];
  readonly changes: readonly EffectChange[];
  readonly sends: readonly Send[];
  readonly refusal: Refusal | null;
  /** `applied` is false for a repeated signal, a late result and other things seen before. */
  readonly applied: boolean;
  /** Values that must be loaded before the input (no events) or the agenda (some) can go on; then decide `continue` or the input again. */
  readonly needs: readonly ValueRef[];
  /** True when the input itself was not decided for want of `needs`: give it again once they are loaded. */
  readonly again: boolean;
  /** True when the agenda is not done: decide `continue` in a next turn. */
  readonly more: boolean;
  /** Pure steps to compute off the turn; `config` may be a FarConfig. */
  readonly compute: readonly {
    readonly path: string;
    readonly uses: string;
    readonly config: unknown;
    /** When it is to be cut off, by its deadline or its timeout; null: never. No event says so before it fails. */
    readonly deadlineAtMs: number | null;
  }[];
}

/** For explain and recovery: everything that a run waits for. */
export interface Pending {
  readonly effects: readonly Effect[];
  /** The agenda is not empty: the run can go on by itself. */
  readonly turn: boolean;
}

export const TURN_EVALUATIONS_MAX = 1_000;
export const TURN_SIZE_MAX = 1_048_576;
/** Signals buffered for a run; the next one is refused. */
export const SIGNALS_MAX = 1_000;
/** Ids of received signals that a run remembers, so that a repeated one is applied once. */
export const SIGNAL_IDS_MAX = 10_000;
/** Of those, how many a successor is given (workflow.continue). */
export const SIGNAL_IDS_CARRIED = 1_000;
/** Lost attempts in a row after which a step fails with host_lost. */
export const LOST_MAX = 3;
export const CHILD_DEPTH_MAX = 32;
/** Items and results of a for_each are stored in chunks of this many. */
export const CHUNK_ITEMS = 1_000;
/** Items of one for_each (spec: limits). */
export const ITEMS_MAX = 1_000_000;
