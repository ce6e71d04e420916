/** What an expression yields beyond the reference page's examples: results, truth, callables, names, reads. */
import { describe, expect, test } from "vitest";
import { compileExpression, isFunctionName } from "#workflow/expression/compile.ts";
import { mergeReads } from "#workflow/expression/reads.ts";

function evaluate(source: string, scope: Record<string, unknown> = {}): unknown {
  return compileExpression(source).evaluate(scope);
}

describe("results are plain JSON", () => {
  test.each<readonly [string, unknown]>([
    ["undefined", null],
    ["[undefined, 1]", [null, 1]],
    ["{ a: undefined, b: 1 }", { b: 1 }],
    ["[{ a: [undefined], b: undefined }]", [{ a: [null] }]],
    ["'a1'.match(/(a)(b)?/)", ["a", "a", null]],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toStrictEqual(value);
  });

  test("-0 is 0, alone and inside", () => {
    expect(Object.is(evaluate("-0"), 0)).toBe(true);
    expect(Object.is((evaluate("[0 * -1]") as number[])[0], 0)).toBe(true);
  });

  test("a value of the scope is handed out as it is; its size costs nothing", () => {
    const large = Array.from({ length: 2_000_000 }, (_, index) => index);
    const scope = { steps: { a: { output: { large } } } };
    expect(evaluate("steps.a.output.large", scope)).toBe(large);
    expect(evaluate("(steps?.a.output).large", scope)).toBe(large);
  });

  test("what needs no change is not copied", () => {
    const rows = [{ a: 1 }, { a: 2 }];
    const result = evaluate("rows.filter((row) => row.a > 1)", { rows }) as unknown[];
    expect(result[0]).toBe(rows[1]);
  });
});

test("test() is JavaScript's truth", () => {
  const truth = (source: string): boolean => compileExpression(source).test({});
  expect([truth("1"), truth("'a'"), truth("[]"), truth("{}"), truth("Number")]).toEqual([
    true,
    true,
    true,
    true,
    true,
  ]);
  expect([truth("0"), truth("''"), truth("null"), truth("undefined"), truth("0 / 0")]).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe("callable()", () => {
  test("takes lambdas and library functions, sees the scope, gives JSON", () => {
    expect(compileExpression("(sum, price) => sum + price").callable({})(1, 2)).toBe(3);
    expect(compileExpression("${{ (x) => x * factor }}").callable({ factor: 3 })(2)).toBe(6);
    expect(compileExpression("Number").callable({})("12")).toBe(12);
    expect(compileExpression("({ a }, ...rest) => [a, rest]").callable({})({ a: 1 }, 2, 3)).toEqual(
      [1, [2, 3]],
    );
    expect(compileExpression("() => undefined").callable({})()).toBeNull();
  });

  test("is refused for a value", () => {
    expect(() => compileExpression("1 + 1").callable({})).toThrow("takes a function");
  });

  test("evaluations inside one another keep their own state", () => {
    const inner = compileExpression("(x) => x + y").callable({ y: 10 });
    const scope = {
      get late(): unknown {
        return inner(1);
      },
      z: 5,
    };
    expect(compileExpression("late + z").evaluate(scope)).toBe(16);
  });
});

describe("names", () => {
  test("a lambda's name comes before a function, a function before the scope", () => {
    expect(evaluate("[1].map((sum) => sum)", { sum: 5 })).toEqual([1]);
    expect(evaluate("sum([1, 2])", { sum: 5 })).toBe(3);
    expect(isFunctionName("sum") && isFunctionName("Math")).toBe(true);
    expect(isFunctionName("input") || isFunctionName("constructor")).toBe(false);
  });

  test("lambdas nest and see the names around them", () => {
    expect(
      evaluate("[1, 2].map((a) => [10, 20].map((b) => [100].map((c) => a + b + c)[0]))"),
    ).toEqual([
      [111, 121],
      [112, 122],
    ]);
    expect(evaluate("[[1, 2]].map(([a, b = a, c = a + b]) => c)")).toEqual([3]);
  });
});

test("uuid() is the same at every evaluation, another at every call and for every seed", () => {
  const expression = compileExpression("[uuid(), uuid()]");
  const [first, second] = expression.evaluate({}, { seed: "run-1/a" }) as string[];
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second).not.toBe(first);
  expect(expression.evaluate({}, { seed: "run-1/a" })).toEqual([first, second]);
  expect(expression.evaluate({}, { seed: "run-1/b" })).not.toContain(first);
});

describe("reads", () => {
  test.each([
    ["steps.a.output.x", [{ id: "a", acceptsFailure: false, fields: ["output"], offset: 0 }]],
    ["steps.a.status", [{ id: "a", acceptsFailure: true, fields: ["status"], offset: 0 }]],
    [
      "steps.a.error ?? steps.a.attempts",
      [{ id: "a", acceptsFailure: true, fields: ["attempts", "error"], offset: 0 }],
    ],
    ["steps.a?.output", [{ id: "a", acceptsFailure: true, fields: ["output"], offset: 0 }]],
    [
      "1 + steps.a?.output + steps.a.output",
      [{ id: "a", acceptsFailure: false, fields: ["output"], offset: 4 }],
    ],
    [
      "steps['node-1'].output",
      [{ id: "node-1", acceptsFailure: false, fields: ["output"], offset: 0 }],
    ],
    ["JSON.stringify(steps.a)", [{ id: "a", acceptsFailure: false, fields: [], offset: 15 }]],
    ["steps.a[input.f]", [{ id: "a", acceptsFailure: false, fields: [], offset: 0 }]],
    [
      "steps.a.output.map((steps) => steps.b.output)",
      [{ id: "a", acceptsFailure: false, fields: ["output"], offset: 0 }],
    ],
    ["steps[input.f]", []],
    ["${{ steps.a.output }}", [{ id: "a", acceptsFailure: false, fields: ["output"], offset: 4 }]],
  ])("%s", (source, steps) => {
    expect(compileExpression(source).reads.steps).toEqual(steps);
  });

  test("roots are the outside names, without functions and lambda names", () => {
    const { reads } = compileExpression(
      "items.map((x) => x.y + sum(z) + Math.max(vars.q)) && input?.a.b && input.c",
    );
    expect(reads.roots).toEqual(["input", "items", "vars", "z"]);
    expect(reads.inputs).toEqual([
      { name: "a", optional: true, offset: 53 },
      { name: "c", optional: false, offset: 67 },
    ]);
  });

  test("mergeReads() joins roots and steps", () => {
    const [first, second] = [
      "steps.a?.output + input.x",
      "steps.a.output + steps.b.status + vars.y",
    ].map((source) => compileExpression(source).reads);
    if (first === undefined || second === undefined) throw new Error("two reads");
    expect(mergeReads(first, second)).toEqual({
      roots: ["input", "steps", "vars"],
      steps: [
        { id: "a", acceptsFailure: false, fields: ["output"], offset: 0 },
        { id: "b", acceptsFailure: true, fields: ["status"], offset: 17 },
      ],
      inputs: [{ name: "x", optional: false, offset: 18 }],
    });
    expect(mergeReads()).toEqual({ roots: [], steps: [], inputs: [] });
  });
});
