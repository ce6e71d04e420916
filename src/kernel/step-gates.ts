/**
 * What a step's policies ask of admission: their keys, evaluated once when the step is scheduled
 * and journaled with the limits, so that replaying evaluates nothing and a new attempt asks the same.
 */
import type { Expression } from "#workflow/expression/expression.ts";
import type { StepGates } from "./gates.ts";
import { keyText } from "./key-text.ts";
import { evaluateOptions, type Guarded, guarded } from "./outcome.ts";
import { readScope } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import type { Turn } from "./turn.ts";

/** null: values are missing (turn.needs). Only for steps that have gates. */
export function evaluateGates(turn: Turn, instance: StepInstance): Guarded<StepGates> | null {
  const { gates } = instance.step;
  if (gates === null) return { ok: true, value: {} };
  const { concurrency, rateLimit, circuitBreaker } = gates;
  const evaluated = guarded(() => {
    const of = (policy: { readonly key: Expression } | null, name: string) =>
      policy === null ? undefined : keyOf(turn, instance, { expression: policy.key, name });
    const keys = [
      of(concurrency, "concurrency"),
      of(rateLimit, "rateLimit"),
      of(circuitBreaker, "circuitBreaker"),
    ] as const;
    return keys.includes(null) ? null : { keys: keys as readonly (string | undefined)[] };
  });
  if (!evaluated.ok) return evaluated;
  if (evaluated.value === null) return null;
  const [slotKey, rateKey, breakerKey] = evaluated.value.keys;
  return {
    ok: true,
    value: {
      ...(concurrency === null || slotKey === undefined
        ? {}
        : { concurrency: { ...concurrency, key: slotKey } }),
      ...(rateLimit === null || rateKey === undefined
        ? {}
        : { rateLimit: { ...rateLimit, key: rateKey } }),
      ...(circuitBreaker === null || breakerKey === undefined
        ? {}
        : { circuitBreaker: { ...circuitBreaker, key: breakerKey } }),
    },
  };
}

/** Text; null: values are missing. */
function keyOf(
  turn: Turn,
  instance: StepInstance,
  { expression, name }: { readonly expression: Expression; readonly name: string },
): string | null {
  const names = readScope(turn, instance.scope, expression.reads);
  if (names === null) return null;
  return keyText(expression.evaluate(names, evaluateOptions(turn, instance, `${name}.key`)));
}
