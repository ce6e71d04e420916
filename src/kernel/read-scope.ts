/**
 * What an expression sees: the values behind exactly the names that it reads. A value that is not
 * loaded goes to turn.needs and the answer is null: the same thought is repeated once it is there.
 */
import type { StepError } from "#errors/step-error.ts";
import type { Reads, Scope } from "#workflow/expression/expression.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { findStep } from "./compensation.ts";
import { ownField } from "./own-field.ts";
import { type InstanceStatus, isSettled, type ScopeInstance } from "./state.ts";
import type { Turn } from "./turn.ts";
import { NOT_LOADED, VALUE_LOST, type ValueRef } from "./value-ref.ts";

/** A stored payload that a decision must read is gone; fails the step with blob_missing. */
export class LostValueError extends Error {
  override readonly name = "LostValueError";
}

/** The value behind `ref`; NOT_LOADED after noting it in turn.needs. Throws LostValueError. */
export function readValue(turn: Turn, ref: ValueRef): unknown {
  if ("v" in ref) return ref.v;
  const value = turn.world.values.get(ref);
  if (value === NOT_LOADED) turn.needs.push(ref);
  if (value === VALUE_LOST) throw new LostValueError(describeRef(ref));
  return value;
}

/** As readValue(), but a large value may come packed; it is counted in turn.packed. */
export function readPacked(turn: Turn, ref: ValueRef): unknown {
  if ("v" in ref) return ref.v;
  const { values } = turn.world;
  if (values.getPacked === undefined) return readValue(turn, ref);
  const value = values.getPacked(ref);
  if (value === NOT_LOADED) turn.needs.push(ref);
  if (value === VALUE_LOST) throw new LostValueError(describeRef(ref));
  if (value instanceof PackedJson) turn.packed++;
  return value;
}

type Read = typeof readValue;

function describeRef(ref: ValueRef): string {
  return "at" in ref
    ? `The value in field ${ref.f} of event ${ref.at} is missing or corrupt.`
    : "A stored payload is missing or corrupt.";
}

/**
 * The names that `reads` asks for, seen from inside `scope` (null: the run's own level, after its
 * steps have settled). null: values are missing, see turn.needs.
 */
export function readScope(
  turn: Turn,
  scope: ScopeInstance | null,
  reads: Reads,
  extra: Readonly<Record<string, unknown>> = NOTHING,
  read: Read = readValue,
): Scope | null {
  const before = turn.needs.length;
  const names: Record<string, unknown> = {};
  for (const root of reads.roots) {
    if (Object.hasOwn(extra, root)) names[root] = extra[root];
    else {
      const value =
        root === "steps" ? readSteps(turn, scope, reads, read) : readRoot(turn, scope, root, read);
      if (value !== undefined) names[root] = value;
    }
  }
  return turn.needs.length > before ? null : names;
}

const NOTHING: Readonly<Record<string, unknown>> = {};

function readRoot(turn: Turn, scope: ScopeInstance | null, root: string, read: Read): unknown {
  const { state } = turn;
  const local = readLocal(turn, scope, root, read);
  if (local !== undefined) return local;
  switch (root) {
    case "input":
      return read(turn, state.input);
    case "vars":
      return readRecord(turn, state.vars, read);
    case "labels":
      return state.labels;
    case "workflow":
      return { name: state.workflow, version: state.version };
    case "run":
      return {
        id: state.runId,
        status: runStatus(turn),
        startedAt: state.startedAtMs === null ? null : isoText(state.startedAtMs),
        now: isoText(Math.max(state.nowMs, turn.world.nowMs)),
      };
    default:
      return undefined;
  }
}

/** `running` until the steps have settled; then what the run will end as, for `finally` and `output`. */
function runStatus(turn: Turn): string {
  const { ending, body } = turn.state;
  if (body === null) return "running";
  if (ending?.reason === "cancel") return "cancelled";
  if (ending?.reason === "stop" || ending?.reason === "continue") return "succeeded";
  if (ending?.reason === "deadline") return "failed";
  return body.outcome;
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}

function readLocal(turn: Turn, scope: ScopeInstance | null, name: string, read: Read): unknown {
  for (let at = scope; at !== null; at = at.parent) {
    const ref = ownField(at.locals, name);
    if (ref !== undefined) return read(turn, ref);
    const { locals, captures } = at.plan;
    if (name === "carry" && (locals.has(name) || captures?.locals.has(name) === true))
      return readRecord(turn, carriedRefs(at), read);
  }
  return undefined;
}

/** The values that this pass was handed: each is a local named `carry.<name>`. */
export function carriedRefs(scope: ScopeInstance): Record<string, ValueRef> {
  const refs: Record<string, ValueRef> = {};
  for (const [local, ref] of Object.entries(scope.locals))
    if (local.startsWith(CARRY)) refs[local.slice(CARRY.length)] = ref;
  return refs;
}
const CARRY = "carry.";

function readRecord(
  turn: Turn,
  refs: Readonly<Record<string, ValueRef>>,
  read: Read,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, ref] of Object.entries(refs)) values[name] = read(turn, ref);
  return values;
}

/** The values behind several references at once; null: some are missing, see turn.needs. */
export function readAll(
  turn: Turn,
  refs: Readonly<Record<string, ValueRef>>,
): Record<string, unknown> | null {
  const before = turn.needs.length;
  const values = readRecord(turn, refs, readValue);
  return turn.needs.length > before ? null : values;
}

function readSteps(
  turn: Turn,
  scope: ScopeInstance | null,
  reads: Reads,
  read: Read,
): Record<string, unknown> {
  const steps: Record<string, unknown> = {};
  for (const { id, fields } of reads.steps) {
    const instance = findStep(scope ?? turn.state.root, id);
    if (instance === null) continue;
    const whole = fields.length === 0;
    steps[id] = {
      status: publicStatus(instance.status),
      attempts: instance.attempt,
      error: errorView(instance.error),
      output: whole || fields.includes("output") ? read(turn, instance.output) : null,
    };
  }
  return steps;
}

function errorView(error: StepError | null): unknown {
  return error === null
    ? null
    : { code: error.code, message: error.message, details: error.details ?? null };
}

function publicStatus(status: InstanceStatus): string {
  if (isSettled(status)) return status;
  return status === "ready"
    ? "waiting"
    : status === "scheduled"
      ? "waiting"
      : status === "open"
        ? "running"
        : status === "awaiting"
          ? "waiting"
          : status;
}
