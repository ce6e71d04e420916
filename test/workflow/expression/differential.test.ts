/**
 * On the supported subset Lockstitch gives what V8 gives, and errors where V8 does or where a
 * documented difference says so. The long run is scripts/expression-differential.ts.
 */
import { expect, test } from "vitest";
import { METHODS } from "#workflow/expression/functions.ts";
import {
  JAVASCRIPT_FUNCTIONS,
  JAVASCRIPT_NAMESPACES,
} from "#workflow/expression/library/javascript.ts";
import { BINARY_OPERATORS, UNARY_OPERATORS } from "#workflow/expression/operators.ts";
import { runDifferential } from "./v8-reference.ts";

const CASES = Number(process.env["DIFFERENTIAL_CASES"] ?? 5_000);

/** Every feature that must have been part of a case that gave a value. */
const FEATURES: readonly string[] = [
  ...BINARY_OPERATORS.keys(),
  ...[...UNARY_OPERATORS.keys()].map((name) => (/^[-+~]$/.test(name) ? `unary ${name}` : name)),
  ..."&& || ?? ?: . ?. => spread template pattern".split(" "),
  ...Object.entries(METHODS).flatMap(([kind, methods]) =>
    [...methods.keys()].map((name) => `${kind}.${name}`),
  ),
  ...JAVASCRIPT_FUNCTIONS.keys(),
  ...[...JAVASCRIPT_NAMESPACES].flatMap(([name, members]) =>
    [...members.functions.keys()].map((one) => `${name}.${one}`),
  ),
];

test("random expressions give what V8 gives, with every operator, method and JavaScript function", () => {
  const report = runDifferential(CASES, 20_261_121);
  expect(report.mismatches).toEqual([]);
  expect(report.values).toBeGreaterThanOrEqual(CASES / 2);
  if (CASES < 5_000) return;
  expect(FEATURES.filter((feature) => !report.features.has(feature))).toEqual([]);
  expect(FEATURES.length).toBeGreaterThan(140);
});
