/** Templates: JSON values with `${{ }}` in their strings. */
import { describe, expect, test } from "vitest";
import { ExpressionError, ExpressionSyntaxError } from "#workflow/expression/expression.ts";
import { checkTemplate, compileTemplate } from "#workflow/expression/template.ts";

const scope = { input: { name: "ada", n: 3, list: [1, 2], none: null, object: { a: 1 } } };

function evaluate(value: unknown): unknown {
  return compileTemplate(value).evaluate(scope);
}

describe("strings", () => {
  test.each<readonly [string, unknown]>([
    ["plain", "plain"],
    ["", ""],
    ["${{ input.n }}", 3],
    ["${{input.list}}", [1, 2]],
    ["${{ input?.zzz }}", null],
    ["${{ { a: { b: input.n } } }}", { a: { b: 3 } }],
    ["${{ '}}' }}", "}}"],
    ["${{ `a${input.n}b` }}", "a3b"],
    ["${{ input.n /* }} */ }}", 3],
    [" ${{ input.n }}", " 3"],
    ["${{ input.n }}${{ input.n }}", "33"],
    ["a ${{ input.n }} b ${{ input.name }}", "a 3 b ada"],
    ["${{ input.none }}!", "null!"],
    ["${{ true }}-${{ 1.50 }}", "true-1.5"],
    ["list ${{ input.list }} object ${{ input.object }}", 'list [1,2] object {"a":1}'],
    ["$${{ input.n }}", "${{ input.n }}"],
    ["$$${{ x }}", "$${{ x }}"],
    ["$${{ a }} ${{ input.n }} $${{ b }}", "${{ a }} 3 ${{ b }}"],
    ["cost: $ ${{ input.n }}", "cost: $ 3"],
    ["${{ input.n }}$${{", "3${{"],
    ["{{ input.n }} ${input.n}", "{{ input.n }} ${input.n}"],
    ["}} ${{ input.n }} }}", "}} 3 }}"],
  ])("%s", (text, value) => {
    expect(evaluate(text)).toStrictEqual(value);
  });

  test.each(["a ${{ input?.zzz }}", "${{ undefined }}!"])(
    "undefined in a text is an error: %s",
    (text) => {
      expect(() => evaluate(text)).toThrow("undefined cannot be part of a text");
    },
  );

  test("NaN and Infinity in a text are errors", () => {
    expect(() => evaluate("a ${{ 1 / 0 }}")).toThrow("Infinity");
  });
});

describe("values", () => {
  test("keys keep their order, other values pass", () => {
    const value = {
      z: "${{ input.n }}",
      a: [null, true, 1.5, "x ${{ input.name }}"],
      "${{ k }}": { deep: ["${{ input.list }}"] },
    };
    expect(JSON.stringify(evaluate(value))).toBe(
      '{"z":3,"a":[null,true,1.5,"x ada"],"${{ k }}":{"deep":[[1,2]]}}',
    );
  });

  test("parts without expressions are shared, the others are fresh", () => {
    const value = { constant: { a: [1, 2] }, changing: { b: "${{ input.n }}" } };
    const template = compileTemplate(value);
    const first = template.evaluate(scope) as typeof value;
    const second = template.evaluate(scope) as typeof value;
    expect(first.constant).toBe(value.constant);
    expect(first.changing).not.toBe(second.changing);
    expect(template.constant).toBe(false);
    expect(compileTemplate(value.constant).evaluate({})).toBe(value.constant);
    expect(compileTemplate({ a: "$${{ x }}" })).toMatchObject({ constant: true });
    expect(compileTemplate({ a: "$${{ x }}", b: [1] }).evaluate({})).toEqual({
      a: "${{ x }}",
      b: [1],
    });
  });

  test("reads of all expressions are merged", () => {
    const { reads } = compileTemplate({
      a: "${{ steps.x.output }}",
      b: ["${{ input.n }} ${{ vars.v }}"],
    });
    expect(reads.roots).toEqual(["input", "steps", "vars"]);
    expect(reads.steps.map((step) => step.id)).toEqual(["x"]);
  });

  test("uuid() counts through the whole template, fuel too", () => {
    const ids = compileTemplate(["${{ uuid() }}", "${{ uuid() }}"]).evaluate(
      {},
      { seed: "s" },
    ) as string[];
    expect(new Set(ids).size).toBe(2);
    const greedy = Array.from({ length: 20 }, () => "${{ range(100).length }}");
    expect(() => compileTemplate(greedy).evaluate({}, { limits: { fuel: 1_000 } })).toThrow(
      "limit fuel",
    );
  });
});

describe("faults", () => {
  const faulty = {
    ok: "${{ 1 }}",
    "a/b": ["x ${{ input.n + }} y ${{ q = 1 }}", "${{ open"],
    "c~d": { e: "${{ foo() }}" },
  };

  test("checkTemplate() finds them all, with pointer and offset", () => {
    const faults = checkTemplate(faulty).map(({ pointer, error }) => [
      pointer,
      error.offset,
      error.length,
    ]);
    expect(faults).toEqual([
      ["/a~1b/0", 16, 1],
      ["/a~1b/0", 25, 5],
      ["/a~1b/1", 0, 3],
      ["/c~0d/e", 4, 3],
    ]);
    expect(checkTemplate({ a: "${{ input.n }}" })).toEqual([]);
  });

  test("compileTemplate() throws the first with its pointer", () => {
    expect(() => compileTemplate(faulty)).toThrow(ExpressionSyntaxError);
    expect(() => compileTemplate(faulty)).toThrow(
      expect.objectContaining({ pointer: "/a~1b/0", offset: 16 }),
    );
  });

  test("an error of an evaluation says where it happened", () => {
    const template = compileTemplate({ url: "https://x/${{ input.idd }}" });
    expect(() => template.evaluate(scope)).toThrow(ExpressionError);
    expect(() => template.evaluate(scope)).toThrow("(at /url, character 10: input.idd)");
  });

  test("a value nested deeper than 200 levels is refused", () => {
    let deep: unknown = "${{ 1 }}";
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(checkTemplate(deep)).toMatchObject([
      { error: { message: "nested deeper than 200 levels" } },
    ]);
  });
});
