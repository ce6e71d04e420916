/** Values at the edges of the language: what JavaScript gives there is given here too, or is said to be wrong. */
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError } from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";

const SCOPE = { none: null, text: "abc", list: [3, 1, 2], object: { a: 1 }, flag: true };

const evaluate = (source: string) => compileExpression(source).evaluate(SCOPE);

function faultOf(source: string): string {
  try {
    return `gives ${JSON.stringify(evaluate(source))}`;
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.kind}: ${error.message}`;
    throw error;
  }
}

describe("the same as in JavaScript", () => {
  test.each<[string, unknown]>([
    // Names that are values.
    ["[typeof NaN, typeof Infinity, typeof undefined]", ["number", "number", "undefined"]],
    ["[1 / Infinity, NaN === NaN, -1 / Infinity === 0]", [0, false, true]],
    // Objects.
    ["({ ...none, ...undefined, ...object, b: 2 })", { a: 1, b: 2 }],
    [
      "({ 1: 'one', 'two words': 2, [3]: 'three', [text]: 4 })",
      { 1: "one", "two words": 2, 3: "three", abc: 4 },
    ],
    ["({ text, 'a': list[0] }).text", "abc"],
    // Optional members of what is no object.
    ["[text?.length, text?.[0], text?.[3], text?.foo, text?.['length']]", [3, "a", null, null, 3]],
    ["[flag?.foo, list[0]?.foo, list?.[9], object?.b, none?.a]", [null, null, null, null, null]],
    // Sorting: what a comparing function may give.
    ["list.toSorted((a, b) => a - b)", [1, 2, 3]],
    ["list.toSorted((a, b) => (a < b ? -1 : a > b))", [1, 2, 3]],
    ["list.toSorted((a, b) => null)", [3, 1, 2]],
    ["list.toSorted((a, b) => undefined)", [3, 1, 2]],
    ["[undefined, 1, null, 'x'].join()", ",1,,x"],
    ["[undefined, 'b', 'a'].toSorted().slice(0, 2)", ["a", "b"]],
    // Replacing.
    ["'aXa'.replace(/a/, 'b')", "bXa"],
    ["'aXa'.replaceAll(/a/g, 'b')", "bXb"],
    ["'aXa'.replace(/a/g, 'b')", "bXb"],
    ["'abc'.replace('b', \"[$']\")", "a[c]c"],
    ["'abc'.replace('b', '[$`]')", "a[a]c"],
    ["'abc'.replace(/(?<x>b)/, '[$<x>]')", "a[b]c"],
    ["'abc'.replace(/(?<x>b)/, '[$<x')", "a[$<xc"],
    ["'abc'.replace('b', '[$<x>]')", "a[$<x>]c"],
    ["'abc'.replace(/(?<x>b)/, (found, first, at, whole, named) => named.x + at)", "ab1c"],
    ["'abc'.replace(/(b)/, (...all) => JSON.stringify(all))", 'a["b","b",1,"abc"]c'],
    // Taking apart.
    ["[{ 1: 'a', 'two words': 'b' }].map(({ 1: x, 'two words': y }) => x + y)", ["ab"]],
    ["[[1, 2, 3]].map(([first, , third]) => first + third)", [4]],
    ["list.map((x, ...rest) => rest.length)", [2, 2, 2]],
    // Splitting.
    ["[text.split(), text.split(undefined, 0), text.split(undefined, 2)]", [["abc"], [], ["abc"]]],
    ["text.split('', 2)", ["a", "b"]],
    // Comparing texts and numbers.
    ["['10' < '9', 10 < '9', '10' < 9, 'a' < 'b', 'ab' > 'a']", [true, false, false, true, true]],
    ["[1 | 2, 6 & 3, 5 ^ 1, 1 << 4, -8 >> 1, -1 >>> 28, ~5]", [3, 2, 4, 16, -4, 15, -6]],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("said to be wrong, by name", () => {
  test.each([
    ["1 | list", "type: | needs numbers, not a list of 3 items"],
    ["+list", "type: + needs numbers, not a list of 3 items"],
    ["flag + object", "type: + needs numbers, not an object"],
    ["list ** 2", "type: ** needs numbers, not a list of 3 items"],
    ["list >= 2", "type: >= needs numbers, not a list of 3 items"],
    ["list.toSorted((a, b) => 'x')", 'type: a comparing function gives a number, not the text "x"'],
    ["({ [list]: 1 })", "type: an object's key must be a text or a number, not a list of 3 items"],
    ["({ ...list })", "value: only an object can be spread into an object, not a list of 3 items"],
    ["'a'.replaceAll(/a/, 'b')", "type: replaceAll() needs a pattern with the flag g"],
    [
      `dateParts(0, 'Mars+02:00')`,
      'value: there is no time zone "Mars+02:00": write "UTC", "Europe/Berlin" or "+02:00"',
    ],
    [
      `dateParts(0, '+02:001')`,
      'value: there is no time zone "+02:001": write "UTC", "Europe/Berlin" or "+02:00"',
    ],
    [
      "isoDate('on 2026-03-01T00:00:00Z')",
      'value: the text "on 2026-03-01T00:00:00Z" is no date: write 2026-03-01 or 2026-03-01T12:00:00Z',
    ],
    [
      "isoDate('2026-03-01T00:00:00Z or so')",
      'value: the text "2026-03-01T00:00:00Z or so" is no date: write 2026-03-01 or 2026-03-01T12:00:00Z',
    ],
    [
      "isoDate('2026-03-00T00:00:00Z')",
      'value: the text "2026-03-00T00:00:00Z" is not a day and time that exists',
    ],
    ["durationMs('1h or so')", 'value: the text "1h or so" is no duration: write 90s, 1h30m or 2d'],
  ])("%s: %s", (source, fault) => {
    expect(faultOf(source)).toBe(fault);
  });
});

describe("durations", () => {
  test.each([
    ["durationMs('1.25h')", 4_500_000],
    ["durationMs(' 1h 30m ')", 5_400_000],
    ["durationMs('1s'.repeat(50))", 50_000],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toBe(value);
  });

  test("that are longer than any need to be are refused, never cut short", () => {
    expect(faultOf("durationMs('1s'.repeat(51))")).toBe(
      "value: a text is no duration: write 90s, 1h30m or 2d",
    );
  });
});

test("a path gives the scope's own value, in whatever brackets; what is computed is made anew", () => {
  const scope = { input: { list: [1], deep: { list: [2] } } };
  const given = (source: string) => compileExpression(source).evaluate(scope);
  expect(given("input")).toBe(scope.input);
  expect(given("input.list")).toBe(scope.input.list);
  expect(given("(input.deep).list")).toBe(scope.input.deep.list);
  expect(given("input?.deep?.['list']")).toBe(scope.input.deep.list);
  expect(given("true && input.list")).toEqual([1]);
  expect(given("[input.list]")).toEqual([[1]]);
});

test("a date's offset may stand without its colon", () => {
  expect(evaluate("isoDate('2026-03-01T12:00:00+0130')")).toBe("2026-03-01T10:30:00.000Z");
  expect(evaluate("dateParts(0, '-0130').offset")).toBe("-01:30");
  expect(evaluate("formatDate(0, \"'it''s' yyyy, ''EEE''\", 'UTC')")).toBe("it's 1970, 'Thu'");
});

test("what several texts read of a step is read once, in one order", () => {
  const { reads } = compileTemplate([
    "${{ steps.a.output.x }}",
    "${{ steps.a.error }}",
    "${{ steps.a.attempts + input.n }}",
  ]);
  expect(reads.steps.map(({ id, fields }) => [id, fields])).toEqual([
    ["a", ["attempts", "error", "output"]],
  ]);
  expect(reads.roots).toEqual(["input", "steps"]);
});

test("long names and texts are cut in messages", () => {
  const name = (length: number) => `'${"u".repeat(length)}'`;
  expect(faultOf(`addTime(0, 1, ${name(60)})`)).toMatch(/not u{60}$/);
  expect(faultOf(`addTime(0, 1, ${name(61)})`)).toMatch(/not u{57}\.\.\.$/);
});
