/** Scopes that grow while they are open: steps enter by `declare` until `seal`. */
import type { Refusal } from "./decision.ts";
import type { Input } from "./inputs.ts";
import { emit, type Turn } from "./turn.ts";

export function declareSteps(
  turn: Turn,
  input: Extract<Input, { readonly kind: "declare" }>,
): void {
  const scope = openDynamic(turn, input.scope);
  if (scope === null) return;
  for (const step of input.steps) {
    if (scope.positions.has(step.id)) continue;
    const path = input.scope === "" ? step.id : `${input.scope}.${step.id}`;
    emit(turn, { type: "step.declared", path, scope: input.scope, step });
  }
}

export function sealScope(turn: Turn, path: string): void {
  if (openDynamic(turn, path) !== null) emit(turn, { type: "scope.sealed", path });
}

function openDynamic(turn: Turn, path: string) {
  const scope = turn.state.scopes.get(path) ?? null;
  if (scope !== null && !scope.sealed) return scope;
  const refusal: Refusal = {
    code: "step_not_found",
    message: `Run ${turn.state.runId} has no open dynamic scope "${path}".`,
  };
  turn.refusal = refusal;
  return null;
}
