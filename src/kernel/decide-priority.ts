/**
 * Another priority for a run that has begun: of the run while it waits for its own turn, of its
 * attempts that wait for admission, and of its steps to come. Steps with a `priority` of their own
 * keep that; attempts that run are not asked again; children have the priority of their workflow.
 */
import type { Input } from "./inputs.ts";
import { emit, type Turn } from "./turn.ts";

/** Changes nothing where the priority stays what it is. */
export function decidePriority(
  turn: Turn,
  { priority, by, reason }: Extract<Input, { readonly kind: "prioritize" }>,
): void {
  turn.applied = turn.state.priority !== priority;
  if (!turn.applied) return;
  const why = reason === null ? {} : { reason };
  emit(turn, { type: "run.prioritized", priority, by, ...why });
}
