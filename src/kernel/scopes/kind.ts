/**
 * What a control step must answer: one object for each kind, collected in kinds.ts. Shared code
 * asks the kind and never its name.
 *
 * K1. begin() and advance() emit at least one event, or note needs and return false.
 * K2. What it waits for is in wants.ts: true exactly when advance() can emit.
 */
import type { StepInstance } from "../state.ts";
import type { Turn } from "../turn.ts";

/** `config` is the evaluated `with`. False: values are missing (turn.needs), nothing was emitted. */
export type Begin = (turn: Turn, instance: StepInstance, config: unknown) => boolean;

/** A step with inner scopes. */
export interface ScopeKind {
  readonly begin: Begin;
  advance(turn: Turn, instance: StepInstance): boolean;
  /** Whether a step that was told to stop, and whose scopes have closed, still has something to run (`finally`). */
  wantsCleanup(instance: StepInstance): boolean;
}
