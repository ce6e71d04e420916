/** Nothing runs over a limit. Bounds are shown by the error that names the limit, not by a clock. */
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import {
  ExpressionError,
  type ExpressionLimits,
  ExpressionSyntaxError,
} from "#workflow/expression/expression.ts";
import { failure } from "./hostile-scope.ts";

describe("limits hold", () => {
  test.each<readonly [string, keyof ExpressionLimits]>([
    ["'x'.repeat(1e9)", "stringLengthMax"],
    ["'x'.repeat(2 ** 40)", "stringLengthMax"],
    ["'x'.repeat(1 / 0)", "stringLengthMax"],
    ["'x'.padStart(1e9)", "stringLengthMax"],
    ["'x'.padEnd(2 ** 53, 'ab')", "stringLengthMax"],
    ["'x'.repeat(5e6).concat('x'.repeat(6e6))", "stringLengthMax"],
    ["'x'.repeat(6e6) + 'x'.repeat(6e6)", "stringLengthMax"],
    ["`${input.large}${input.large}`", "stringLengthMax"],
    ["input.text.replaceAll('a', input.text)", "stringLengthMax"],
    ["input.text.replaceAll('a', '$`')", "stringLengthMax"],
    ["input.text.replaceAll('', input.text)", "stringLengthMax"],
    ["input.text.replace(/a/g, input.text)", "stringLengthMax"],
    ["input.text.replaceAll('a', () => input.text)", "stringLengthMax"],
    ["input.text.split('').join(input.text)", "stringLengthMax"],
    ["Array.from({ length: 900 }, () => input.text).join('')", "stringLengthMax"],
    ["JSON.stringify(Array.from({ length: 900 }, () => input.text))", "stringLengthMax"],
    ["encodeURIComponent('x'.repeat(2e6))", "stringLengthMax"],
    ["'x'.repeat(1e6).normalize('NFKD')", "stringLengthMax"],
    ["escapeHtml('x'.repeat(2e6))", "stringLengthMax"],
    ["formatDate(0, 'x'.repeat(1e6), 'UTC')", "stringLengthMax"],
    ["formatNumber(1e20, 2, 'x'.repeat(5e6))", "stringLengthMax"],
    ["base64Encode('x'.repeat(6e6))", "stringLengthMax"],
    ["Array.from({ length: 1e9 })", "arrayLengthMax"],
    ["Array.from({ length: 1 / 0 })", "arrayLengthMax"],
    ["range(1e9)", "arrayLengthMax"],
    ["range(0, 1, 1e-9)", "arrayLengthMax"],
    ["'x'.repeat(2e6).split('')", "arrayLengthMax"],
    ["Array.from('x'.repeat(2e6))", "arrayLengthMax"],
    ["[...'x'.repeat(2e6)]", "arrayLengthMax"],
    ["Math.max(...'1'.repeat(2e6))", "arrayLengthMax"],
    ["'a,'.repeat(1.1e6).split(',')", "arrayLengthMax"],
    ["range(9e5).map((x) => x + 1)", "fuel"],
    ["range(2000).map((x) => range(2000).map((y) => y))", "fuel"],
    ["range(2000).flatMap((x) => range(2000))", "fuel"],
    ["range(40).reduce((list) => [...list, ...list], [1])", "fuel"],
    ["range(40).reduce((list) => list.concat(list), [1])", "fuel"],
    ["range(40).reduce((text) => text + text, 'x')", "fuel"],
    ["range(40).reduce((tree) => [tree, tree], 1)", "fuel"],
    ["JSON.stringify(range(40).reduce((tree) => [tree, tree], 1))", "fuel"],
    ["equal(range(40).reduce((t) => [t, t], 1), range(40).reduce((t) => [t, t], 1))", "fuel"],
    ["range(40).reduce((tree) => [tree, tree], 1).flat(1 / 0)", "fuel"],
    ["jsonpath(range(40).reduce((tree) => [tree, tree], 1), '$..[0]')", "fuel"],
    ["merge({}, range(40).reduce((t) => ({ a: t, b: t }), {}))", "fuel"],
    ["range(30000).map(() => 'x'.repeat(1000))", "fuel"],
    ["range(4000).map(() => input.text)", "fuel"],
    ["range(100000).map(() => input.text.indexOf('b'))", "fuel"],
    ["range(100000).map(() => input.text.includes('aaaaaaaaaaaaaaaaaaaaaaaab'))", "fuel"],
    ["range(100000).map(() => input.text == input.text.slice(1))", "fuel"],
    ["range(50000).map(() => input.text + 'a' == input.text + 'a')", "fuel"],
    ["range(100000).map(() => +input.text)", "fuel"],
    ["range(100000).map(() => sha256(input.text))", "fuel"],
    ["range(100000).map(() => JSON.parse('1' + '0'.repeat(1000)))", "fuel"],
    ["range(300000).toSorted((a, b) => b - a)", "fuel"],
    [
      "range(40).reduce((o) => ({ a: o }), 1) && range(5000).map(() => Object.keys(input.list))  && range(999999)",
      "fuel",
    ],
    ["range(300).reduce((list) => [list], [])", "depthMax"],
    ["range(300).reduce((object) => ({ a: object }), 1)", "depthMax"],
    ["JSON.stringify(range(300).reduce((list) => [list], []))", "depthMax"],
    ["range(300).reduce((list) => [list], []).flat(1 / 0)", "depthMax"],
    ["equal(range(300).reduce((l) => [l], []), range(300).reduce((l) => [l], []))", "depthMax"],
    ["JSON.parse('['.repeat(5000) + ']'.repeat(5000))", "depthMax"],
    ["Array.of((f) => [f].map(f)).map((f) => [f].map(f))", "depthMax"],
    ["Array.of((f) => [f].flatMap(f)).flatMap((f) => [f].flatMap(f))", "depthMax"],
    ["Array.of((a, b) => [a, b].toSorted(a)).map((f) => [f, f].toSorted(f))", "depthMax"],
  ])("%s passes %s", (source, limit) => {
    expect(failure(source)).toMatchObject({ name: "ExpressionError", kind: "limit", limit });
  });

  test("limits that are given are the ones that hold", () => {
    expect(failure("'x'.repeat(11)", { stringLengthMax: 10 })).toMatchObject({
      limit: "stringLengthMax",
    });
    expect(failure("[...[1, 2, 3]]", { arrayLengthMax: 2 })).toMatchObject({
      limit: "arrayLengthMax",
    });
    expect(failure("1 + 1", { fuel: 2 })).toMatchObject({ limit: "fuel" });
    expect(failure("[[[1]]]", { depthMax: 2 })).toMatchObject({ limit: "depthMax" });
    expect(failure("1 + 1", { fuel: 3 })).toEqual({ value: 2 });
  });

  test("one callable has one fuel for all its calls", () => {
    const double = compileExpression("(x) => x * 2").callable({}, { limits: { fuel: 100 } });
    let calls = 0;
    expect(() => {
      for (; calls < 1000; calls += 1) double(calls);
    }).toThrow(/limit fuel/);
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThan(100);
  });

  test.each([
    [`${"(".repeat(4000)}1${")".repeat(4000)}`],
    ["[".repeat(4999) + "]".repeat(4999)],
    [`${"!".repeat(9000)}1`],
    [`${"-".repeat(1) + "(-".repeat(3000)}1${")".repeat(3000)}`],
    [`1${"+1".repeat(4000)}`],
    [`a${".b".repeat(4000)}${".c()".repeat(200)}`],
    [`${"1 ? ".repeat(2000)}1${" : 0".repeat(2000)}`],
    [`${"x => ".repeat(1500)}1`],
    [`${"`${".repeat(2000)}1${"}`".repeat(2000)}`],
    [`${"({a:".repeat(2000)}1${"})".repeat(2000)}`],
    [`${"[1].map(x => ".repeat(500)}1${")".repeat(500)}`],
    [`[1].map((${"[".repeat(1500)}a${"]".repeat(1500)}) => a)`],
    ["1 ".repeat(10_001)],
  ])("deeply nested source is refused: %.30s…", (source) => {
    expect(() => compileExpression(source)).toThrow(ExpressionSyntaxError);
  });

  test.each([
    "/(a+)+$/.test(input.text + 'b')",
    "/(a|a)*b/.test(input.text)",
    "/(a*)*b/.test(input.text)",
    "/(.*)(.*)(.*)(.*)x/.test(input.text)",
    "input.text.replace(/(a+)+b/g, 'x').length",
    "input.text.split(/(a|aa)+b/).length",
    "pattern('^(([a-z])+.)+[A-Z]([a-z])+$').test(input.text)",
  ])("a catastrophic pattern ends: %s", (source) => {
    const outcome = failure(source);
    if (outcome instanceof ExpressionError) expect(outcome.limit).toBe("fuel");
    else expect(outcome).toHaveProperty("value");
  });

  // Counting coverage makes its two million steps ten times as long: the deadline is the machine's.
  test("a pattern that looks ahead at every match runs out of fuel, not of time", () => {
    expect(failure("input.text.match(/a*b|a/g).length")).toMatchObject({ limit: "fuel" });
    expect(failure("'x,'.repeat(20000).split(/\\s*,\\s*/).length")).toEqual({ value: 20_001 });
  });

  test.each([
    "a".repeat(1001),
    "(a{1000}){1000}",
    "((((a{30}){30}){30}){30})",
    "(?:a?){999}(?:a?){999}(?:a?){999}(?:a?){999}",
  ])("a pattern that is too large is refused: %.40s", (source) => {
    expect(failure(`pattern(${JSON.stringify(source)}).test("a")`)).toMatchObject({
      kind: "value",
    });
  });
});

test("after an error the next evaluation starts afresh", () => {
  expect(failure("range(9e5).map((x) => x + 1)")).toMatchObject({ limit: "fuel" });
  expect(failure("Array.of((f) => [f].map(f)).map((f) => [f].map(f))")).toMatchObject({
    limit: "depthMax",
  });
  expect(failure("range(1000).map((x) => x).length")).toEqual({ value: 1000 });
});
