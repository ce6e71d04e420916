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
import { type Json, jsonSizeUpTo } from "#workflow/json.ts";
import {
  applyOperation,
  STATE_BYTES_MAX,
  STATE_NAMES_MAX,
  STATE_VALUE_SIZE_MAX,
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
  const made = applyOperation(operation, before.value);
  if (!made.ok) return refuse(turn, instance, made);
  const message = crowded(turn, input, { ...made, held: before.value });
  if (message !== null) return refuse(turn, instance, { code: "limit_exceeded", message });
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

/** What stands in the way of keeping what the operation has made; null: nothing. */
function crowded(turn: Turn, { operation, room }: OperationInput, made: Made): string | null {
  const { scope } = operation;
  let names = 0;
  let characters = 0;
  for (const name of made.changed) {
    const before = made.held.get(name);
    const after = made.after.get(name);
    if (before === undefined && after !== undefined) names++;
    if (before !== undefined && after === undefined) names--;
    characters += sizeOf(after) - sizeOf(before);
  }
  const of = { run: "The run", workflow: "The workflow", tenant: "The tenant" }[scope];
  const left =
    scope === "run" ? STATE_NAMES_MAX.run - Object.keys(turn.state.vars).length : room?.names;
  if (names > 0 && left !== undefined && names > left)
    return `${of} has ${STATE_NAMES_MAX[scope]} values, and ${names === 1 ? "one more does" : `${names} more do`} not fit: delete some, or keep several in one value (of up to ${STATE_VALUE_SIZE_MAX} characters of JSON).`;
  if (scope === "run" || room === undefined || characters <= 0 || characters <= room.bytes)
    return null;
  return `${of} keeps at most ${STATE_BYTES_MAX[scope]} bytes in its values, and ${characters} more do not fit: delete some, or keep large values in files and their names here.`;
}

interface Made {
  readonly held: Before;
  readonly after: Before;
  readonly changed: ReadonlySet<string>;
}

function sizeOf(value: Json | undefined): number {
  return value === undefined ? 0 : jsonSizeUpTo(value, STATE_VALUE_SIZE_MAX);
}

function refuse(
  turn: Turn,
  instance: StepInstance,
  { code, message }: { readonly code: string; readonly message: string },
): void {
  fail(turn, instance, { code, message, retryable: false });
}
