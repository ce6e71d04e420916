/** Whether a step cleans up: it is part of a `finally` or of a compensation, or its run is ending. */
import type { RunState, ScopeInstance } from "./state.ts";

export function isCleaningUp(state: RunState, path: string): boolean {
  if (state.ending !== null || state.phase === "finally") return true;
  let scope: ScopeInstance | null = state.steps.get(path)?.scope ?? null;
  for (; scope !== null; scope = scope.owner?.scope ?? null)
    if (scope.slot === "finally" || scope.plan.captures !== null) return true;
  return false;
}
