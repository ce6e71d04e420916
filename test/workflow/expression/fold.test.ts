/**
 * Constant folding: whoever evaluates cannot tell a folded expression from one that is not: same
 * value, same error, same fuel.
 */
import { expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import { compareFolded, folding, outcomeOf } from "./folded-expressions.ts";

function sourcesOf(expression: string): string[] {
  const folded = folding();
  compileExpression(expression, folded);
  return folded.parts.map(({ source }) => source);
}

test("3,000 random expressions give the same folded: values, errors, and the fuel that they need", () => {
  const counts = compareFolded(3_000, 20_261_122);
  expect(counts.folded).toBeGreaterThan(750);
  expect(counts.whole).toBeGreaterThan(150);
  expect(counts.errors).toBeGreaterThan(25);
  expect(counts.starved).toBeGreaterThan(150);
});

test.each([
  ["60 * 60 * 24", ["60 * 60 * 24"]],
  ["input.n > 2 * 3", ["2 * 3"]],
  ["[1, 2, 3].map((x) => x * 2)", ["[1, 2, 3].map((x) => x * 2)"]],
  ["input.list.map((x) => x * (60 * 60))", ["(60 * 60)"]],
  ["(input.n ?? 0) + Math.max(1, 2)", ["Math.max(1, 2)"]],
  // Nothing to compute.
  ["-1", []],
  ["[1, 'a', { b: null }]", []],
  // What the run decides.
  ["uuid()", []],
  ["run.now", []],
  ["input", []],
  // A name of a lambda hides the library's.
  ["input.list.map((sum) => sum + 1)", []],
  // Another lambda's depth counts on top.
  ["input.list.map((x) => [1, 2].map((y) => y * 2).length)", []],
  // It fails: it stays, and its parts that do not fail are folded.
  ["({ a: 1 }).b + (1 + 1)", ["(1 + 1)"]],
  ["'x'.repeat(20000)", []],
  ["1 / 0", ["1 / 0"]],
] as const)("%s folds %j", (source, expected) => {
  expect(sourcesOf(source)).toEqual(expected);
});

test("what has no JSON form is an error of the run, folded or not", () => {
  const plain = outcomeOf(() => compileExpression("1 / 0").evaluate({}));
  expect(plain).toContain("Infinity");
  expect(outcomeOf(() => compileExpression("1 / 0", folding()).evaluate({}))).toBe(plain);
  const template = compileTemplate("${{ 1 / 0 }}", folding());
  expect(template.constant).toBe(false);
  expect(outcomeOf(() => template.evaluate({}))).toContain("Infinity");
});

test("a folded list is nobody's twice", () => {
  const expression = compileExpression("[3, 1, 2].toSorted((a, b) => a - b)", folding());
  const [first, second] = [expression.evaluate({}), expression.evaluate({})] as number[][];
  expect(first).toEqual([1, 2, 3]);
  first?.push(4);
  expect(second).toEqual([1, 2, 3]);
  expect(expression.evaluate({})).toEqual([1, 2, 3]);
  const template = compileTemplate({ a: "${{ 1 + 1 }}", b: [1] }, folding());
  expect(template.evaluate({})).not.toBe(template.evaluate({}));
});

test("text around folded parts is folded with them", () => {
  const template = compileTemplate("every ${{ 24 * 60 }} minutes", folding());
  expect(template.constant).toBe(true);
  expect(template.evaluate({})).toBe("every 1440 minutes");
  expect(
    compileTemplate("${{ 1 + 1 }} of ${{ input.n }}", folding()).evaluate({ input: { n: 3 } }),
  ).toBe("2 of 3");
  const failing = compileTemplate("a ${{ undefined }}", folding());
  expect(outcomeOf(() => failing.evaluate({}))).toBe(
    outcomeOf(() => compileTemplate("a ${{ undefined }}").evaluate({})),
  );
});

test("one definition folds so much and no more", () => {
  const folded = folding(500);
  for (let at = 0; at < 100; at++)
    compileExpression("[1, 2, 3, 4, 5, 6, 7, 8].map((x) => x * 2).length", folded);
  expect(folded.parts.length).toBeGreaterThan(5);
  expect(folded.parts.length).toBeLessThan(50);
  expect(folded.fuel).toBeGreaterThanOrEqual(0);
});
