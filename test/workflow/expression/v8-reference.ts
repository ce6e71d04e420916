/**
 * What V8 makes of the same expression: run as plain JavaScript, and run with the documented
 * differences made errors. The differential test compares Lockstitch with both.
 */
import { isDeepStrictEqual } from "node:util";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import type { Source } from "./printed-source.ts";
import { RandomExpressions, seeded } from "./random-expression.ts";

class Difference extends Error {}

function refuse(what: string): never {
  throw new Difference(what);
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

/** The documented differences, as checks that the checked print of a source calls. */
const CHECKS = {
  /** Members: own ones only; missing is an error unless the link is optional. */
  chain(base: unknown, links: readonly (readonly [boolean, string | number])[]): unknown {
    let value = base;
    for (const [optional, key] of links) {
      if (value === null || value === undefined) {
        if (optional) return undefined;
        refuse(`${key} of ${value}`);
      }
      if (!Object.hasOwn(value as object, key)) {
        if (!optional) refuse(`${key} is missing`);
        value = undefined;
      } else {
        value = (value as Record<string | number, unknown>)[key];
      }
    }
    return value;
  },
  /** Operands of `-` and its like, and of comparisons: no objects, no functions. */
  numeric: (value: unknown): unknown =>
    isPrimitive(value) ? value : refuse("an object as a number"),
  primitive: (value: unknown): unknown =>
    isPrimitive(value) ? value : refuse("an object as a primitive"),
  /** A part of a text: no undefined either. */
  part: (value: unknown): unknown =>
    isPrimitive(value) && value !== undefined ? value : refuse("no text"),
  add(left: unknown, right: unknown): unknown {
    if (!isPrimitive(left) || !isPrimitive(right)) refuse("an object in +");
    const text = typeof left === "string" || typeof right === "string";
    if (text && (left === undefined || right === undefined)) refuse("undefined in a text");
    return (left as number) + (right as number);
  },
  isIn: (key: string, holder: unknown): unknown =>
    isPrimitive(holder) || (typeof key !== "string" && typeof key !== "number")
      ? refuse("in")
      : Object.hasOwn(holder as object, key),
  /** Arguments are of the type they should be. */
  number: (value: unknown): unknown => (typeof value === "number" ? value : refuse("no number")),
  text: (value: unknown): unknown => (typeof value === "string" ? value : refuse("no text")),
  optional: (type: string, value: unknown): unknown =>
    value === undefined || typeof value === type ? value : refuse(`no ${type}`),
  object: (value: unknown): unknown =>
    typeof value === "object" && value !== null ? value : refuse("no object"),
  record: (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? value
      : refuse("no object"),
  keyed: (value: unknown): unknown =>
    typeof value === "string" || (typeof value === "object" && value !== null)
      ? value
      : refuse("no keys"),
  spread: (value: unknown): unknown =>
    value === null || value === undefined || (typeof value === "object" && !Array.isArray(value))
      ? value
      : refuse("no object"),
  /** Lists that are joined or sorted as text hold primitives. */
  primitives: (value: unknown): unknown =>
    Array.isArray(value) && !value.every(isPrimitive) ? refuse("a list of lists") : value,
  /** What a comparing function gives. */
  order: (value: unknown): unknown =>
    isPrimitive(value) && typeof value !== "string" ? value : refuse("no order"),
  key: (value: unknown): unknown =>
    typeof value === "string" || typeof value === "number" ? value : refuse("no key"),
};

/** JSON as a journal would keep it; throws for what is no JSON. */
function asJson(value: unknown): unknown {
  if (value === undefined) return null;
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) refuse("not finite");
    if (typeof part === "function") refuse("a function");
    return part;
  });
  return text === undefined ? refuse("no JSON") : (JSON.parse(text) as unknown);
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/** V8 evaluates `text` with the names of `scope`. */
function inV8(text: string, scope: Readonly<Record<string, unknown>>): Outcome {
  // biome-ignore lint/security/noGlobalEval: the reference is the JavaScript engine itself
  const run = globalThis.eval(`(H, input, steps) => (${text})`) as (...args: unknown[]) => unknown;
  return outcomeOf(() => asJson(run(CHECKS, scope["input"], scope["steps"])));
}

/** What is wrong when Lockstitch and V8 differ on a source, else null; and whether it gave a value. */
function compare(
  source: Source,
  scope: Record<string, unknown>,
): { readonly wrong: string | null; readonly isValue: boolean } {
  const ours = outcomeOf(() => compileExpression(source.ours).evaluate(scope));
  if ("error" in ours && !(ours.error instanceof ExpressionError)) {
    return { wrong: `threw ${String(ours.error)}`, isValue: false };
  }
  if ("error" in ours && ours.error instanceof ExpressionError && ours.error.kind === "limit") {
    return { wrong: null, isValue: false };
  }
  const checked = inV8(source.checked, scope);
  if ("error" in ours) {
    const wrong =
      "error" in checked
        ? null
        : `is an error (${String(ours.error)}) but V8 gives ${JSON.stringify(checked.value)}`;
    return { wrong, isValue: false };
  }
  if ("error" in checked)
    return {
      wrong: `gives ${JSON.stringify(ours.value)} but V8 with checks throws ${String(checked.error)}`,
      isValue: true,
    };
  const raw = inV8(source.raw, scope);
  for (const other of [checked, raw]) {
    const value = "value" in other ? other.value : other.error;
    const same =
      isDeepStrictEqual(ours.value, value) && JSON.stringify(ours.value) === JSON.stringify(value);
    if (!same)
      return {
        wrong: `gives ${JSON.stringify(ours.value)} but V8 gives ${JSON.stringify(value)}`,
        isValue: true,
      };
  }
  return { wrong: null, isValue: true };
}

export interface DifferentialReport {
  readonly cases: number;
  readonly values: number;
  /** How often each feature was part of a case that gave a value. */
  readonly features: ReadonlyMap<string, number>;
  /** The first mismatches, with the seed that makes each again. */
  readonly mismatches: readonly string[];
}

/** Compares `cases` random expressions, the first made from `seed`, the next from `seed + 1`. */
export function runDifferential(
  cases: number,
  seed: number,
  onProgress?: (done: number) => void,
): DifferentialReport {
  const features = new Map<string, number>();
  const mismatches: string[] = [];
  let values = 0;
  for (let index = 0; index < cases; index += 1) {
    const expressions = new RandomExpressions(seeded(seed + index));
    const scope = expressions.scope();
    const { source, used } = expressions.next();
    const { wrong, isValue } = compare(source, scope);
    if (wrong !== null && mismatches.length < 20)
      mismatches.push(
        `seed ${seed + index}: ${source.ours}\n  ${wrong}\n  scope ${JSON.stringify(scope)}`,
      );
    if (isValue) {
      values += 1;
      for (const feature of used) features.set(feature, (features.get(feature) ?? 0) + 1);
    }
    if ((index + 1) % 10_000 === 0) onProgress?.(index + 1);
  }
  return { cases, values, features, mismatches };
}
