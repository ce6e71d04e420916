/**
 * What a `state.*` step does to named values, as data, and the one function that carries it out.
 * A node type describes its operation; whoever holds the values (the run's own state for scope
 * `run`, the store for the others) applies it when the step is settled.
 *
 *   S1. Pure: what comes out depends on the operation and on what the names hold, nothing else.
 *   S2. An operation is applied whole or not at all; an error changes nothing.
 *   S3. A value is JSON of at most STATE_VALUE_SIZE_MAX characters.
 *   S4. In the order of `changes`: each sees what the one before has made of its name.
 */
import { type Json, jsonSizeUpTo } from "./json.ts";

export type StateScope = "run" | "workflow" | "tenant";

/** How an accumulator takes in a value. */
export type Accumulation = "sum" | "product" | "concat" | "array" | "count";

/** What an attempt of a `state.*` step asks for instead of an output. */
export type StateRequest =
  | ({ readonly kind: "values" } & StateOperation)
  | ({ readonly kind: "cache" } & CacheOperation);

/** One use of a cache entry; entries may be gone at any time. */
export interface CacheOperation {
  readonly scope: StateScope;
  readonly key: string;
  readonly operation: "get" | "set" | "delete" | "get_or_set";
  /** set, get_or_set: what to keep. */
  readonly value: Json;
  /** get: the answer where there is no entry. */
  readonly otherwise: Json;
  readonly ttlMs: number | null;
}

/** What a step leaves in the cache once it is settled. */
export interface CacheChange {
  readonly scope: StateScope;
  readonly key: string;
  /** undefined: the entry is to go. */
  readonly value: Json | undefined;
  readonly ttlMs: number | null;
}

export type StateChange =
  /** `otherwise`: the answer where there is no such value. */
  | { readonly kind: "get"; readonly name: string; readonly otherwise: Json }
  /** `once`: a constant; setting it again to another value fails. */
  | {
      readonly kind: "set";
      readonly name: string;
      readonly value: Json;
      readonly once?: boolean;
    }
  | { readonly kind: "delete"; readonly name: string }
  /** A number, `initial` where there is none yet. */
  | {
      readonly kind: "add";
      readonly name: string;
      readonly by: number;
      readonly initial: number;
    }
  | {
      readonly kind: "accumulate";
      readonly name: string;
      readonly how: Accumulation;
      readonly value: Json;
      readonly initial: Json;
    };

export interface StateOperation {
  readonly scope: StateScope;
  readonly changes: readonly StateChange[];
  /** What the step answers: of its one change, or the values of all by name. */
  readonly answers: "change" | "values";
}

/** What a name holds; undefined: there is no such value. */
export type Held = ReadonlyMap<string, Json | undefined>;

export interface ChangeAnswer {
  readonly value: Json;
  /** null: there was none. */
  readonly previous: Json;
  readonly existed: boolean;
}

export type AppliedOperation =
  | {
      readonly ok: true;
      readonly output: Json;
      /** What each name holds now, of those that were read or changed; undefined: nothing. */
      readonly after: ReadonlyMap<string, Json | undefined>;
      /** Names whose value the operation has written or taken away. */
      readonly changed: ReadonlySet<string>;
    }
  | {
      readonly ok: false;
      readonly code: "validation_failed" | "limit_exceeded";
      readonly message: string;
    };

/** Characters of JSON. */
export const STATE_VALUE_SIZE_MAX = 65_536;
/** Values of one run, of one workflow, and of one tenant. */
export const STATE_NAMES_MAX = { run: 1_000, workflow: 10_000, tenant: 10_000 } as const;
/** Bytes of all values of one workflow, and of one tenant (JSON text). */
export const STATE_BYTES_MAX = { workflow: 16 * 1024 * 1024, tenant: 64 * 1024 * 1024 } as const;
export const STATE_NAME_LENGTH_MAX = 200;
/** What a name may look like. */
export const STATE_NAME_FORM = /^[A-Za-z][\w.:/-]*$/;

export function applyOperation(operation: StateOperation, held: Held): AppliedOperation {
  const after = new Map<string, Json | undefined>();
  const changed = new Set<string>();
  let answer: ChangeAnswer = { value: null, previous: null, existed: false };
  const values: Record<string, Json> = {};
  for (const change of operation.changes) {
    const { name } = change;
    const before = after.has(name) ? after.get(name) : held.get(name);
    const made = applied(change, before);
    if (!made.ok) return made;
    after.set(name, made.value);
    if (made.isChange) changed.add(name);
    answer = { value: made.answer, previous: before ?? null, existed: before !== undefined };
    values[name] = made.answer;
  }
  const output = operation.answers === "values" ? { values } : { ...answer };
  return { ok: true, output, after, changed };
}

type Made =
  | {
      readonly ok: true;
      /** undefined: the name holds nothing. */
      readonly value: Json | undefined;
      readonly answer: Json;
      readonly isChange: boolean;
    }
  | Extract<AppliedOperation, { readonly ok: false }>;

function applied(change: StateChange, before: Json | undefined): Made {
  switch (change.kind) {
    case "get":
      return { ok: true, value: before, answer: before ?? change.otherwise, isChange: false };
    case "delete":
      return { ok: true, value: undefined, answer: null, isChange: before !== undefined };
    case "set":
      if (change.once === true && before !== undefined) return constant(change, before);
      return written(change.name, change.value);
    case "add":
      return added(change, before);
    case "accumulate":
      return accumulated(change, before);
  }
}

function constant(change: Extract<StateChange, { readonly kind: "set" }>, before: Json): Made {
  if (JSON.stringify(before) === JSON.stringify(change.value))
    return { ok: true, value: before, answer: before, isChange: false };
  return invalid(`Constant "${change.name}" has another value already; constants never change.`);
}

function added(change: Extract<StateChange, { readonly kind: "add" }>, before: Json | undefined) {
  const { name, by, initial } = change;
  const from = before ?? initial;
  if (typeof from !== "number") return otherType(name, before, "a number, so it cannot be counted");
  return writtenNumber(name, from + by);
}

function accumulated(
  change: Extract<StateChange, { readonly kind: "accumulate" }>,
  before: Json | undefined,
): Made {
  const { name, how, value, initial } = change;
  const from = before ?? initial;
  switch (how) {
    case "count":
      if (typeof from !== "number") return otherType(name, from, "a number");
      return writtenNumber(name, from + 1);
    case "sum":
    case "product": {
      if (typeof from !== "number") return otherType(name, from, "a number");
      if (typeof value !== "number")
        return invalid(`${how} into "${name}" takes a number, not ${typeName(value)}.`);
      return writtenNumber(name, how === "sum" ? from + value : from * value);
    }
    case "concat": {
      if (typeof from !== "string") return otherType(name, from, "text");
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return written(name, from + text);
    }
    case "array":
      if (!Array.isArray(from)) return otherType(name, from, "a list");
      return written(name, [...(from as readonly Json[]), value]);
  }
}

function writtenNumber(name: string, value: number): Made {
  if (Number.isFinite(value)) return written(name, value);
  return { ok: false, code: "limit_exceeded", message: `"${name}" would be no finite number.` };
}

function written(name: string, value: Json): Made {
  if (jsonSizeUpTo(value, STATE_VALUE_SIZE_MAX) <= STATE_VALUE_SIZE_MAX)
    return { ok: true, value, answer: value, isChange: true };
  return {
    ok: false,
    code: "limit_exceeded",
    message: `The value of "${name}" would be longer than ${STATE_VALUE_SIZE_MAX} characters of JSON. Keep large values in files or in step outputs, and their names here.`,
  };
}

function otherType(name: string, value: Json | undefined, wanted: string): Made {
  return invalid(`"${name}" holds ${typeName(value ?? null)}, which is not ${wanted}.`);
}

function invalid(message: string): Made {
  return { ok: false, code: "validation_failed", message };
}

function typeName(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export interface CacheAnswer {
  readonly value: Json;
  /** Whether there was an entry. */
  readonly hit: boolean;
}

/** What a use of the cache comes to; `found` undefined: there is no entry. */
export function applyCache(
  { scope, key, operation, value, otherwise, ttlMs }: CacheOperation,
  found: Json | undefined,
): { readonly output: CacheAnswer; readonly change: CacheChange | null } {
  const hit = found !== undefined;
  const kept = { scope, key, ttlMs };
  switch (operation) {
    case "get":
      return { output: { value: found ?? otherwise, hit }, change: null };
    case "set":
      return { output: { value, hit }, change: { ...kept, value } };
    case "delete":
      return { output: { value: null, hit }, change: { ...kept, value: undefined } };
    case "get_or_set":
      if (hit) return { output: { value: found, hit }, change: null };
      return { output: { value, hit }, change: { ...kept, value } };
  }
}

/**
 * What a request answers where nothing is stored yet, such as in an example. Throws what
 * `failure` makes of an operation that cannot be carried out.
 */
export function answerOnEmpty(
  request: StateRequest,
  failure: (made: Extract<AppliedOperation, { readonly ok: false }>) => Error,
): Json {
  if (request.kind === "cache") return { ...applyCache(request, undefined).output };
  const made = applyOperation(request, new Map());
  if (made.ok) return made.output;
  throw failure(made);
}
