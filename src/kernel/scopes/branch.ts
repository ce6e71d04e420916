/** `if` and `switch`: choose a port, and run the scope behind it where there is one. */
import { DEFAULT_PORT } from "#workflow/control-steps.ts";
import { evaluateOptions, fail, guarded, succeed } from "../outcome.ts";
import { readScope } from "../read-scope.ts";
import type { StepInstance } from "../state.ts";
import { emit, type Turn } from "../turn.ts";
import type { BranchControl } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { openSlot } from "./open-scope.ts";
import { startControl } from "./start-control.ts";

const beginIf: Begin = (turn, instance) => {
  const { condition } = instance.step;
  if (condition === null) throw new Error(`if "${instance.path}" has no condition`);
  const chosen = guarded(() => {
    const names = readScope(turn, instance.scope, condition.reads);
    return names === null
      ? null
      : { value: condition.test(names, evaluateOptions(turn, instance, "condition")) };
  });
  if (!chosen.ok) return fail(turn, instance, chosen.error);
  if (chosen.value === null) return false;
  const isTrue = chosen.value.value;
  return take(turn, instance, {
    port: String(isTrue),
    slot: isTrue ? "then" : "else",
    plain: isTrue,
  });
};

const beginSwitch: Begin = (turn, instance, config) => {
  const { value } = config as { readonly value: unknown };
  const chosen = guarded(() => choosePort(turn, instance, value));
  if (!chosen.ok) return fail(turn, instance, chosen.error);
  if (chosen.value === null) return false;
  const port = chosen.value;
  return take(turn, instance, { port, slot: port, plain: port });
};

/** The first case that fits, else `default`; null: values are missing. */
function choosePort(turn: Turn, instance: StepInstance, value: unknown): string | null {
  for (const choice of instance.step.cases) {
    const source = choice.when ?? choice.equals;
    // One of the two is there: see planCases().
    if (source === null) continue;
    const names = readScope(turn, instance.scope, source.reads, { value });
    if (names === null) return null;
    const options = evaluateOptions(turn, instance, `case ${choice.port}`);
    const fits =
      choice.when !== null
        ? choice.when.test(names, options)
        : isEqual(source.evaluate(names, options), value);
    if (fits) return choice.port;
  }
  return DEFAULT_PORT;
}

function isEqual(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

function take(
  turn: Turn,
  instance: StepInstance,
  chosen: { readonly port: string; readonly slot: string; readonly plain: unknown },
): boolean {
  if (instance.step.bodies.has(chosen.slot))
    startControl(turn, instance, { kind: "branch", port: chosen.port, slot: chosen.slot });
  else
    succeed(turn, instance, {
      output: hasBodies(instance) ? null : chosen.plain,
      port: chosen.port,
    });
  return true;
}

/** A branching step with scopes has the chosen scope's output; a bare one its choice. */
function hasBodies(instance: StepInstance): boolean {
  return instance.step.bodies.size > 0;
}

function controlOf(instance: StepInstance): BranchControl {
  return instance.live?.control as BranchControl;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  if (!control.opened) {
    openSlot(turn, instance, control.slot);
    return true;
  }
  const { result } = control;
  if (result === null) return false;
  if (result.outcome === "succeeded")
    succeed(turn, instance, { outputRef: result.output, port: control.port });
  else if (result.error !== null) return fail(turn, instance, result.error);
  else emit(turn, { type: "step.cancelled", path: instance.path });
  return true;
}

const wantsCleanup = (): boolean => false;

export const ifKind: ScopeKind = { begin: beginIf, advance, wantsCleanup };
export const switchKind: ScopeKind = { begin: beginSwitch, advance, wantsCleanup };
