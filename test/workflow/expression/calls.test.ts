/** What can be called and how: functions and namespaces as values, methods behind `?.`, spread arguments. */
import { describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError, ExpressionSyntaxError } from "#workflow/expression/expression.ts";
import { secretText } from "#workflow/expression/secret-text.ts";
import { compileTemplate } from "#workflow/expression/template.ts";

const SCOPE = {
  none: null,
  list: [-1, 2],
  texts: ["1", "2"],
  fields: [{ abs: 2, round: 3 }],
  long: "x".repeat(200),
};

const evaluate = (source: string) => compileExpression(source).evaluate(SCOPE);

function faultOf(source: string): string {
  try {
    return `gives ${JSON.stringify(evaluate(source))}`;
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.kind}: ${error.message}`;
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    return `${error.message} at ${error.offset}+${error.length}, ${error.suggestion}`;
  }
}

describe("functions as values", () => {
  test.each<[string, unknown]>([
    ["list.map(Math.abs)", [1, 2]],
    ["texts.map(Number)", [1, 2]],
    ["texts.map((Number))", [1, 2]],
    ["list.map(((x) => x + 1))", [0, 3]],
    ["[list, texts].map(Array.isArray)", [true, true]],
    ["texts.map(JSON.parse)", [1, 2]],
    ["[Math.PI > 3, Math.E < 3]", [true, true]],
    // A name of a lambda hides them.
    ["fields.map((Math) => Math.abs)", [2]],
    ["fields.map((Math) => Math.round + Math['abs'])", [5]],
    ["texts.map((Number) => Number)", ["1", "2"]],
    ["list.map((x) => texts.map((Math) => Math + x).length)", [2, 2]],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });

  test.each([
    ["Math[list]", "a member of Math is named, not computed at 5+4, null"],
    ["Math.abz", "there is no Math.abz at 0+8, Math.abs"],
    ["Math.PJ", "there is no Math.PJ at 0+7, Math.PI"],
    ["list.map(Math.nowhere)", "there is no Math.nowhere at 9+12, null"],
    ["list[0]()", "a method is called by its name, not by a computed key at 5+1, null"],
    ["list[texts]()", "a method is called by its name, not by a computed key at 5+5, null"],
    ["list.mapp(Number)", "there is no method mapp() at 5+4, map()"],
    ["nummber(1)", "there is no function nummber() at 0+7, Number()"],
    ["list.map((x) => x)()", "only library functions and methods can be called at 0+18, null"],
  ])("%s: %s", (source, fault) => {
    expect(faultOf(source)).toBe(fault);
  });
});

describe("a method of what is not there", () => {
  test.each([
    ["none?.trim()", "gives null"],
    ["none?.trim().length", "gives null"],
    ["none?.text.trim()", "gives null"],
    ["none?.text.trim().slice(1).length", "gives null"],
    ["list.at(9)?.toFixed(1)", "gives null"],
    ["none.trim()", "missing: none.trim cannot be read: none is null. Use ?. where that is fine"],
    [
      "list.at(9).toFixed()",
      "missing: list.at(9).toFixed cannot be read: list.at(9) is undefined. Use ?. where that is fine",
    ],
    ["list['map']((x) => x * 2)", "gives [-2,4]"],
    ["list.trim()", "type: list is a list of 2 items, which has no method trim()"],
  ])("%s: %s", (source, expected) => {
    expect(faultOf(source)).toBe(expected);
  });
});

describe("arguments", () => {
  test.each<[string, unknown]>([
    ["Math.max(...list)", 2],
    ["Math.max(5, ...list, 4)", 5],
    ["Math.max(...'19')", 9],
    ["Math.max(1, 2, 3)", 3],
    ["Math.max(3, 2)", 3],
    ["Math.hypot(2, 3, 6)", 7],
    ["Math.atan2(0, 1, list)", 0],
    ["Math.pow(2, 3, none)", 8],
    ["Math.max()", null],
  ])("%s", (source, value) => {
    if (value === null) expect(faultOf(source)).toContain("value:");
    else expect(evaluate(source)).toBe(value);
  });

  test("only lists and texts are spread", () => {
    expect(faultOf("Math.max(...1)")).toBe(
      "type: only a list or a text can be spread here, not the number 1",
    );
    expect(faultOf("[...none]")).toContain("only a list or a text can be spread here");
  });
});

describe("a long text of an expression is shortened in its error", () => {
  const plain = (length: number) => `(${"long".padEnd(length - 14)}).slice(0, 1)`;

  test.each([80, 81, 120])("of %i characters", (length) => {
    const path = plain(length);
    expect(path).toHaveLength(length);
    const shown = length <= 80 ? path : `${path.slice(0, 77)}...`;
    expect(faultOf(`${path}.b`)).toContain(`${shown}.b does not exist: ${shown} is `);
  });
});

test("functions that are made later are those of the list, others refuse a secret", () => {
  const scope = { secrets: { KEY: secretText("KEY", "1") } };
  const outcome = (source: string) => {
    try {
      return typeof compileTemplate(`\${{ ${source} }}`).evaluate(scope);
    } catch (error) {
      if (error instanceof ExpressionError) return error.kind;
      throw error;
    }
  };
  for (const name of ["base64Encode", "base64UrlEncode", "encodeURIComponent", "sha256", "sha512"])
    expect(outcome(`${name}(secrets.KEY)`), name).toBe("object");
  expect(outcome("hmacSha256(secrets.KEY, 'text')")).toBe("object");
  for (const name of ["md5", "capitalize", "encodeURI", "Number"])
    expect(outcome(`${name}(secrets.KEY)`), name).toBe("type");
});
