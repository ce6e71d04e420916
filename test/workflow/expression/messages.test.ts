/** Messages name the thing, the place and the fix. */
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionSyntaxError } from "#workflow/expression/expression.ts";

const scope = {
  input: { orderId: "o-1", total: 3, items: [{ sku: "a" }], none: null },
  steps: { fetch: { status: "failed", output: null } },
  wide: Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`key${index}`, index])),
};

function syntaxError(source: string): ExpressionSyntaxError {
  try {
    compileExpression(source);
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return error;
    throw error;
  }
  throw new Error(`${source} was accepted`);
}

describe("a missing path says what was read and what is there", () => {
  test.each([
    [
      "input.orderID",
      "missing",
      "input.orderID does not exist: in input there is orderId, total, items, none; did you mean orderId?",
    ],
    [
      "input.items[0].skew",
      "missing",
      "input.items[0].skew does not exist: in input.items[0] there is sku",
    ],
    [
      "input.items[3].sku",
      "missing",
      "input.items[3] does not exist: input.items is a list of 1 item",
    ],
    ["input.items[input.total - 5]", "missing", "input.items[-2] does not exist"],
    ["input['or' + 'der']", "missing", "input.order does not exist"],
    [
      "steps.fetch.output.body",
      "missing",
      "steps.fetch.output.body cannot be read: steps.fetch.output is null. Use ?. where that is fine",
    ],
    ["steps.fetsh.status", "missing", "did you mean fetch?"],
    [
      "inptu.total",
      "missing",
      "inptu does not exist here: in scope there is input, steps, wide; did you mean input?",
    ],
    ["wide.key99", "missing", "key9 and 15 more"],
    ["input.total.cents", "missing", "input.total is the number 3"],
    ["input.orderId.trim", "missing", "a method needs parentheses: input.orderId.trim()"],
    ["input.none.trim()", "missing", "input.none is null"],
    ["input.total.trim()", "type", "input.total is the number 3, which has no method trim()"],
    ["[{ a: 1 }].map(({ b }) => b)", "missing", "there is a"],
    ["[1].map(({ b }) => b)", "type", "{ b } takes an object apart, not the number 1"],
    ["[1].map(([b]) => b)", "type", "[b] takes a list apart, not the number 1"],
    [
      "'a' + input.items",
      "type",
      "a list of 1 item cannot be part of a text: use JSON.stringify() or join()",
    ],
    ["input.items * 2", "type", "* needs numbers, not a list of 1 item"],
    ["'a'.repeat('b')", "type", 'repeat() needs a number as its first argument, not the text "b"'],
    ["sum(['a'])", "type", 'sum() adds numbers, not the text "a"'],
    ["'a' in 'abc'", "type", "in needs an object or a list on its right"],
    ["uuid()", "value", "uuid() is not available here"],
    ["formatDate(0, 'yyyy', 'Mars/Base')", "value", 'there is no time zone "Mars/Base"'],
    ["parseDate('2026-03-01T12:00')", "value", "has no offset"],
    ["JSON.parse('{')", "value", "JSON.parse()"],
    ["decodeURIComponent('%')", "value", "decodeURIComponent()"],
    ["jsonpath(input, '$[?(@.a)]')", "value", "for conditions use filter()"],
  ])("%s", (source, kind, message) => {
    expect(() => compileExpression(source).evaluate(scope)).toThrow(message);
    expect(() => compileExpression(source).evaluate(scope)).toThrow(
      expect.objectContaining({ kind }),
    );
  });
});

describe("a fault of the text says where it is and what to write", () => {
  test.each([
    ["a = 1", 0, 5, "=="],
    ["a and b", 2, 3, "&&"],
    ["not a", 0, 3, "!"],
    ["a <> b", 2, 2, "!="],
    ["input.list.sort()", 11, 4, "toSorted()"],
    ["input.list.mpa((x) => x)", 11, 3, "map()"],
    ["summ(input.list)", 0, 4, "sum()"],
    ["Math.flor(1)", 0, 9, "Math.floor"],
    ["1 + ", 4, 0, null],
    ["(1 + 2", 6, 0, null],
    ["'abc", 0, 1, null],
    ["input..a", 6, 1, null],
    ["input.constructor", 6, 11, null],
    ["${{ input.a + }}", 14, 1, null],
    ["${{ a = 1 }}", 4, 5, "=="],
    ["  ${{ input.list.sort() }}", 17, 4, "toSorted()"],
    ["${{ input.a }} and more", 15, 8, "input.a"],
    ["${{ input.a", 0, 3, "$${{ for a literal ${{"],
    ["${{ }}", 0, 6, null],
    ["", 0, 0, null],
    ["   ", 0, 3, null],
  ])("%s", (source, offset, length, suggestion) => {
    expect(syntaxError(source)).toMatchObject({ offset, length, suggestion });
  });

  test("a source of more than 10,000 characters is refused, bare and wrapped", () => {
    const long = `1${" + 1".repeat(2_600)}`;
    expect(syntaxError(long).message).toContain("longer than 10000 characters");
    expect(syntaxError(`\${{ ${long} }}`).message).toMatch(
      /longer than 10000 characters|deeper than 200/,
    );
    expect(syntaxError(`\${{ ${"'".padEnd(10_500, "a")}' }}`).message).toContain(
      "longer than 10000",
    );
  });
});
