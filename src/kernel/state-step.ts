/**
 * Steps that work on named values (`state.*`): their attempt only says what is to be done
 * (workflow/state-operation.ts); it is done here, where the step is settled, so that there is one
 * outcome for each step instance whatever was tried, lost or repeated before.
 *
 *   O1. An operation is applied in the decision that settles its step as succeeded, and in no other:
 *       attempts that are lost, late or told to stop have changed nothing.
 *   O2. Scope `run`: the values are the run's own variables (`variable.set`).
 *   O3. Other scopes: the engine says what the names hold (`before`, with revisions), and one
 *       `state.applied` for each name says which revision was seen and what is to be there. The
 *       commit is refused where another revision is there by then, and all of it is decided again.
 *   O4. What the step has read and made is in its own journal; replaying reads no store.
 */
import type { Json } from "#workflow/json.ts";
import {
  applyOperation,
  STATE_NAMES_MAX,
  STATE_VALUE_SIZE_MAX,
  type StateOperation,
} from "#workflow/state-operation.ts";
import { endCancelled } from "./end-cancelled.ts";
import type { Input } from "./inputs.ts";
import { fail, guarded, succeed } from "./outcome.ts";
import { readValue } from "./read-scope.ts";
import type { StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

type OperationInput = Extract<Input, { readonly kind: "operation" }>;
type Before = ReadonlyMap<string, Json | undefined>;

export function takeOperation(turn: Turn, input: OperationInput): void {
  const { path, attempt, operation } = input;
  const instance = turn.state.steps.get(path) ?? null;
  if (instance?.status !== "running" || instance.attempt !== attempt) {
    turn.applied = false;
    emit(turn, { type: "step.late_result", path, attempt, ok: true });
    return;
  }
  if (instance.live?.cancelling) return void endCancelled(turn, instance);
  const before = guarded(() => beforeOf(turn, input));
  if (!before.ok) return void fail(turn, instance, before.error);
  if (before.value === null) return;
  const full = fullName(turn, input, before.value);
  if (full !== null)
    return refuse(turn, instance, { code: "limit_exceeded", message: fullText(operation, full) });
  const made = applyOperation(operation, before.value);
  if (!made.ok) return refuse(turn, instance, made);
  for (const [name, value] of made.after) {
    const isChange = made.changed.has(name);
    if (operation.scope === "run") {
      if (isChange) setVariable(turn, { path, name, value });
    } else {
      const revision = input.before?.[name]?.revision ?? 0;
      emit(turn, {
        type: "state.applied",
        ...{ path, scope: operation.scope, name, revision },
        ...(isChange
          ? { change: value === undefined ? ("delete" as const) : ("set" as const) }
          : {}),
        ...(isChange && value !== undefined ? { to: nextRevision(turn, revision), value } : {}),
      });
    }
  }
  succeed(turn, instance, { output: made.output });
}

/**
 * Grows with each change, and begins where no value of the same name that is gone can have come to
 * (at less than a thousand changes a millisecond): what was seen before a deletion is never taken
 * for what is there after it.
 */
function nextRevision({ world }: Turn, revision: number): number {
  return Math.max(revision + 1, Math.floor(world.nowMs) * 1_000);
}

function setVariable(
  turn: Turn,
  { path, name, value }: { path: string; name: string; value: Json | undefined },
): void {
  if (value === undefined)
    emit(turn, { type: "variable.set", name, value: null, path, deleted: true });
  else emit(turn, { type: "variable.set", name, value, path });
}

/** null: values are missing, see turn.needs. */
function beforeOf(turn: Turn, { operation, before }: OperationInput): Before | null {
  const held = new Map<string, Json | undefined>();
  const missing = turn.needs.length;
  for (const { name } of operation.changes) {
    if (operation.scope !== "run") held.set(name, before?.[name]?.value);
    else if (Object.hasOwn(turn.state.vars, name)) {
      const ref = turn.state.vars[name];
      if (ref !== undefined) held.set(name, readValue(turn, ref) as Json);
    }
  }
  return turn.needs.length > missing ? null : held;
}

/** A name for which there is no room; null: there is room for all. */
function fullName(turn: Turn, { operation, before }: OperationInput, held: Before): string | null {
  for (const { kind, name } of operation.changes) {
    if (kind === "get" || kind === "delete" || held.get(name) !== undefined) continue;
    if (operation.scope !== "run") {
      if (before?.[name]?.isFull === true) return name;
    } else if (Object.keys(turn.state.vars).length >= STATE_NAMES_MAX.run) return name;
  }
  return null;
}

function fullText({ scope }: StateOperation, name: string): string {
  const of = { run: "The run", workflow: "The workflow", tenant: "The tenant" }[scope];
  return `${of} has ${STATE_NAMES_MAX[scope]} values already, so "${name}" cannot be added: delete some, or keep several in one value (of up to ${STATE_VALUE_SIZE_MAX} characters of JSON).`;
}

function refuse(
  turn: Turn,
  instance: StepInstance,
  { code, message }: { readonly code: string; readonly message: string },
): void {
  fail(turn, instance, { code, message, retryable: false });
}
