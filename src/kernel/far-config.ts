/**
 * The configuration of a pure step that reads a large value: not evaluated in the turn, but where
 * the step is computed, from the value's bytes. The turn, and the thread that decides, never make
 * objects of it.
 *
 *   1. It holds all that evaluateConfig() would have used: evaluated anywhere it gives the same
 *      value, or the same error.
 *   2. Packed values stand in `names` as they are, under `input`, a local name, `steps.<id>.output`,
 *      `vars.<name>` or `carry.<name>`, and nowhere deeper.
 */
import { compileExpression } from "#workflow/expression/compile.ts";
import type { Scope } from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import { PackedJson } from "#workflow/packed-json.ts";

export interface FarParts {
  /** `with` as it is written, without its function fields. */
  readonly template: unknown;
  readonly seed: string;
  readonly names: Scope;
  readonly functions: readonly FarFunction[];
}

interface FarFunction {
  readonly field: string;
  readonly source: string;
  readonly seed: string;
  readonly names: Scope;
}

export class FarConfig {
  readonly parts: FarParts;

  constructor(parts: FarParts) {
    this.parts = parts;
  }
}

/** The evaluated `with`. Every packed value must have been replaced. Throws ExpressionError. */
export function evaluateFar({ template, seed, names, functions }: FarParts): unknown {
  const config = compileTemplate(template).evaluate(names, { seed });
  if (functions.length === 0) return config;
  const withFunctions: Record<string, unknown> = { ...(config as Record<string, unknown>) };
  for (const { field, source, ...how } of functions)
    withFunctions[field] = compileExpression(source).callable(how.names, { seed: how.seed });
  return withFunctions;
}

/** Where in FarParts a value stands. */
export type FarPlace = readonly (string | number)[];

/** `parts` with what `replace` answers in place of every packed value. */
export function replacePacked(
  parts: FarParts,
  replace: (packed: PackedJson, at: FarPlace) => unknown,
): FarParts {
  const leaf = (value: unknown, at: FarPlace): unknown =>
    value instanceof PackedJson ? replace(value, at) : value;
  const record = (value: unknown, at: FarPlace): Scope => mapped(value as Scope, at, leaf);
  const root = (value: unknown, at: FarPlace): unknown => {
    if (value instanceof PackedJson) return replace(value, at);
    const name = at.at(-1);
    if (name === "steps") return mapped(value as Scope, at, record);
    return name === "vars" || name === "carry" ? record(value, at) : value;
  };
  return {
    ...parts,
    names: mapped(parts.names, ["names"], root),
    functions: parts.functions.map((one, index) => ({
      ...one,
      names: mapped(one.names, ["functions", index, "names"], root),
    })),
  };
}

function mapped(
  names: Scope,
  at: FarPlace,
  change: (value: unknown, at: FarPlace) => unknown,
): Scope {
  return Object.fromEntries(
    Object.entries(names).map(([name, value]) => [name, change(value, [...at, name])]),
  );
}

/** A whole name as the only thing in a template: `${{ steps.rows.output }}`. */
const WHOLE_NAME = /^\$\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}$/;

/**
 * The large value that a step only hands on, as it came: `field` is all that its configuration has,
 * and names nothing but the value. null: the step must be computed.
 */
export function handedOn({ parts }: FarConfig, field: string): PackedJson | null {
  const { template, functions } = parts;
  if (functions.length > 0 || typeof template !== "object" || template === null) return null;
  const [entry, ...others] = Object.entries(template);
  if (entry === undefined || others.length > 0 || entry[0] !== field) return null;
  const name = typeof entry[1] === "string" ? WHOLE_NAME.exec(entry[1])?.[1] : undefined;
  let value: unknown = name === undefined ? null : parts.names;
  for (const part of name?.split(".") ?? []) {
    if (typeof value !== "object" || value === null || value instanceof PackedJson) return null;
    if (!Object.hasOwn(value, part)) return null;
    value = (value as Scope)[part];
  }
  return value instanceof PackedJson ? value : null;
}
