/**
 * `while`: passes one after another, each with its own carried values. The condition sees `carry`
 * (as the next pass would) and `index`, the number of passes done; `update` is evaluated inside a
 * pass as it closes (close-scope.ts).
 */
import type { StepError } from "#errors/step-error.ts";
import { passPath } from "#workflow/path.ts";
import { evaluateOptions, fail, guarded, succeed } from "../outcome.ts";
import { readAll, readScope } from "../read-scope.ts";
import type { StepInstance } from "../state.ts";
import { emit, type Turn } from "../turn.ts";
import { refOf, type ValueRef } from "../value-ref.ts";
import type { WhileControl } from "./control.ts";
import type { Begin, ScopeKind } from "./kind.ts";
import { basePath } from "./open-scope.ts";
import { startControl } from "./start-control.ts";

const begin: Begin = (turn, instance, config) => {
  const { check, maxIterations, carry } = config as {
    readonly check: "before" | "after";
    readonly maxIterations: number;
    readonly carry: Readonly<Record<string, unknown>>;
  };
  const seq = turn.state.seq + 1;
  const refs: Record<string, ValueRef> = {};
  for (const [name, value] of Object.entries(carry))
    refs[name] = refOf(value, seq, `carry.${name}`);
  startControl(turn, instance, { kind: "while", check, maxIterations, carry: refs }, { carry });
  return true;
};

function controlOf(instance: StepInstance): WhileControl {
  return instance.live?.control as WhileControl;
}

function advance(turn: Turn, instance: StepInstance): boolean {
  const control = controlOf(instance);
  const { last } = control;
  if (last !== null && last.outcome !== "succeeded") {
    if (last.error !== null) return fail(turn, instance, last.error);
    emit(turn, { type: "step.cancelled", path: instance.path });
    return true;
  }
  const goesOn =
    control.passes === 0 && control.check === "after" ? true : test(turn, instance, control);
  if (typeof goesOn !== "boolean")
    return goesOn.failed === null ? false : fail(turn, instance, goesOn.failed);
  if (!goesOn) return finish(turn, instance, control);
  if (control.passes >= control.maxIterations)
    return fail(turn, instance, {
      code: "max_iterations",
      message: `The loop "${instance.path}" did ${control.maxIterations} passes (maxIterations) and its condition still holds.`,
      retryable: false,
    });
  openPass(turn, instance, control);
  return true;
}

/** The condition's answer; `failed: null` when values are missing. */
function test(
  turn: Turn,
  instance: StepInstance,
  control: WhileControl,
): boolean | { readonly failed: StepError | null } {
  const { condition } = instance.step;
  if (condition === null) throw new Error(`while "${instance.path}" has no condition`);
  const answer = guarded(() => {
    const carry = readAll(turn, control.carry);
    if (carry === null) return null;
    const names = readScope(turn, instance.scope, condition.reads, {
      carry,
      index: control.passes,
    });
    return names === null
      ? null
      : {
          value: condition.test(
            names,
            evaluateOptions(turn, instance, `condition@${control.passes}`),
          ),
        };
  });
  if (!answer.ok) return { failed: answer.error };
  return answer.value === null ? { failed: null } : answer.value.value;
}

function openPass(turn: Turn, instance: StepInstance, control: WhileControl): void {
  const locals: Record<string, ValueRef> = { index: { v: control.passes } };
  for (const [name, ref] of Object.entries(control.carry)) locals[`carry.${name}`] = ref;
  emit(turn, {
    type: "scope.opened",
    path: passPath(basePath(instance), control.passes),
    owner: instance.path,
    slot: "body",
    index: control.passes,
    locals,
  });
}

/** Output: `{ passes, carry, output }`, the last one's output. */
function finish(turn: Turn, instance: StepInstance, control: WhileControl): boolean {
  const parts = guarded(() => {
    const carry = readAll(turn, control.carry);
    const last = readAll(turn, control.last === null ? {} : { output: control.last.output });
    return carry === null || last === null ? null : { carry, output: last["output"] ?? null };
  });
  if (!parts.ok) return fail(turn, instance, parts.error);
  if (parts.value === null) return false;
  succeed(turn, instance, { output: { passes: control.passes, ...parts.value } });
  return true;
}

export const whileKind: ScopeKind = { begin, advance, wantsCleanup: () => false };
