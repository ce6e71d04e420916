/** Found by reviewing the language as an attacker: each would have been unbounded or would depend on the host. */
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";

function failure(source: string, scope: Record<string, unknown> = {}): Error {
  try {
    compileExpression(source).evaluate(scope);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error(`${source} gave a value`);
}

describe("messages stay short whatever they are about", () => {
  test.each([
    "input['x'.repeat(1e6)]",
    "input['x y'.repeat(1e6)]",
    "wide.x",
    "'x'.repeat(1e6).zzz",
    "formatDate(0, 'x'.repeat(8e5), 'UTC')",
    "startOf(0, 'x'.repeat(1e6), 'UTC')",
    "isoDate(0, 'x'.repeat(1e6))",
    "parseDate('x'.repeat(1e6))",
    "durationMs('x'.repeat(1e6))",
    "get(input, '.'.repeat(1e6))",
    "jsonpath(input, 'x'.repeat(1e6))",
    "pattern('('.repeat(900))",
    "pattern('a', 'x'.repeat(1e6))",
    "decodeURIComponent('%' + 'x'.repeat(1e6))",
    "JSON.parse('x'.repeat(1e6))",
    "base64Decode('!'.repeat(1e6))",
    "sum(['x'.repeat(1e6)])",
  ])("%s", (source) => {
    const wide = { ["k".repeat(100_000)]: 1 };
    expect(failure(source, { input: {}, wide }).message.length).toBeLessThan(1_500);
  });
});

describe("the host's stack does not decide", () => {
  test("a long list can be spread where it matters; elsewhere the number of arguments is limited", () => {
    expect(compileExpression("Math.max(...range(300000))").evaluate({})).toBe(299_999);
    for (const call of [
      "Math.hypot(...list)",
      "String.fromCharCode(...list)",
      "'a'.concat(...list)",
      "[].concat(...list)",
      "[].toSpliced(...list)",
    ]) {
      expect(failure(call, { list: Array.from({ length: 20_000 }, () => 65) })).toMatchObject({
        kind: "type",
      });
    }
  });

  test("the deepest evaluation that is allowed fits into a stack that is half used", () => {
    const nested = `${"[1].map((x) => ".repeat(60)}1${")".repeat(60)}`;
    const expression = compileExpression(nested);
    const recurse = compileExpression("Array.of((f) => [f].map(f)).map((f) => [f].map(f))");
    const at = (level: number): void => {
      if (level > 0) at(level - 1);
      else {
        expect(() => expression.evaluate({})).not.toThrow(/stack/);
        expect(() => recurse.evaluate({})).toThrow("limit depthMax");
      }
    };
    at(1_500);
  });
});

test("fuel is the same however warm the caches are", () => {
  const fuelOf = (source: string): number => {
    const expression = compileExpression(source);
    let [low, high] = [0, 1_000_000];
    while (low < high) {
      const middle = (low + high) >> 1;
      try {
        expression.evaluate({}, { limits: { fuel: middle } });
        high = middle;
      } catch {
        low = middle + 1;
      }
    }
    return low;
  };
  for (const source of [
    "pattern('ab+c?').test('abbc')",
    "isoDate(0, 'Europe/Vienna')",
    "'a1b2'.replace(/\\d/g, '#')",
  ]) {
    expect(fuelOf(source)).toBe(fuelOf(source));
  }
});
