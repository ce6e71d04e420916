/**
 * Every fault of an expression's text, to the letter: what the user reads, which characters an editor
 * underlines, and what it offers instead.
 */
import { expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionSyntaxError } from "#workflow/expression/expression.ts";

function fault(source: string) {
  try {
    compileExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    return [error.message, error.offset, error.length, error.suggestion];
  }
  return "accepted";
}

test.each<
  [source: string, message: string, offset: number, length: number, suggestion: string | null]
>([
  ["${{ 1 }} and 2", "text after the closing }}: this field takes one expression", 9, 5, "1"],
  ["${{ 1 }}  x ", "text after the closing }}: this field takes one expression", 10, 2, "1"],
  ["", "the expression is empty", 0, 0, null],
  ["   ", "the expression is empty", 0, 3, null],
  ["${{}}", "the expression is empty", 0, 5, null],
  ["${{  }}", "the expression is empty", 0, 7, null],
  [" ${{ }}", "the expression is empty", 1, 6, null],
  ["${{ 1", "this ${{ is not closed by }}", 0, 3, "$${{ for a literal ${{"],
  ["${{", "this ${{ is not closed by }}", 0, 3, "$${{ for a literal ${{"],
  ["${{   ", "this ${{ is not closed by }}", 0, 3, "$${{ for a literal ${{"],
  ["${{ a", "this ${{ is not closed by }}", 0, 3, "$${{ for a literal ${{"],
  [" ${{ a + ", "this ${{ is not closed by }}", 1, 3, "$${{ for a literal ${{"],
  ["${{ a + }}", 'unexpected "}"', 8, 1, null],
  ["  ${{ a b }}", 'unexpected "b"', 8, 1, null],
  ["${{ (1 }}", 'unexpected "}"', 7, 1, null],
  ["${{ a // end }}", "this ${{ is not closed by }}", 0, 3, "$${{ for a literal ${{"],
  ["${{ /* open }}", "unterminated comment", 4, 1, null],
  ["a b", 'unexpected "b"', 2, 1, null],
  ["a and b", 'unexpected "and"', 2, 3, "&&"],
  ["a or b", 'unexpected "or"', 2, 2, "||"],
  ["not a", 'unexpected "not"', 0, 3, "!"],
  ["a + not b", 'unexpected "not"', 4, 3, "!"],
  ["${{ not a }}", 'unexpected "not"', 4, 3, "!"],
  ["knot a", 'unexpected "a"', 5, 1, null],
  ["a.not b", 'unexpected "b"', 6, 1, null],
  ["a is b", 'unexpected "is"', 2, 2, "=="],
  ["a = = b", 'unexpected "="', 4, 1, "=="],
  ["a <> b", 'unexpected "<>"', 2, 2, "!="],
  ["<> a", 'unexpected "<>"', 0, 2, "!="],
  ["a || | b", 'unexpected "|"', 5, 1, "||"],
  ["if a", 'unexpected "if"', 0, 2, "?:"],
  ["a then b", 'unexpected "then"', 2, 4, "?:"],
  ["a ? b", "the expression ends too early", 5, 0, null],
  ["a ? b :", "the expression ends too early", 7, 0, null],
  ["1 +", "the expression ends too early", 3, 0, null],
  ["(1", "the expression ends too early", 2, 0, null],
  ["f(", "the expression ends too early", 2, 0, null],
  ["f(1", "the expression ends too early", 3, 0, null],
  ["[1, 2", "the expression ends too early", 5, 0, null],
  ["a[", "the expression ends too early", 2, 0, null],
  ["a..", 'unexpected "."', 2, 1, null],
  ["a §", "unexpected character '§'", 2, 1, null],
  ["ünï cödé", 'unexpected "cödé"', 4, 4, null],
  ["a $b", 'unexpected "$b"', 2, 2, null],
  ["a; b", 'unexpected ";"', 1, 1, null],
  ["return 1", 'unexpected "return"', 0, 6, null],
  ["a }} b", 'unexpected "}"', 2, 1, null],
  ["a #b", 'unexpected "#"', 2, 1, null],
  ["'abc", "unterminated string constant", 0, 1, null],
  ["${{ 'abc }}", "unterminated string constant", 4, 1, null],
  ["${{ `abc }}", "unterminated template", 5, 1, null],
  ["1__0", "numeric separator must be exactly one underscore", 2, 1, null],
  ["x => { }", "a function's body is one expression", 5, 3, "(x) => x.value"],
  ["async x => x", "async functions do not exist in expressions", 0, 12, null],
  ["[1].map(async (x) => x)", "async functions do not exist in expressions", 8, 14, null],
  ["a => b => c", "a function can only be an argument", 5, 6, "list.map((x) => x.value)"],
  ["a = 1", "expressions cannot assign", 0, 5, "=="],
  ["a += 1", "expressions cannot assign", 0, 6, "=="],
  ["a++", "expressions cannot assign", 0, 3, "+ 1"],
  ["--a", "expressions cannot assign", 0, 3, "+ 1"],
  [
    "[1].map((x) => (y) => y)",
    "a function can only be an argument",
    15,
    8,
    "list.map((x) => x.value)",
  ],
  ["function () {}", "function does not exist here", 0, 14, "(x) => x.value"],
  ["new Date()", "new does not exist in expressions", 0, 10, null],
  ["this", "this does not exist in expressions", 0, 4, null],
  ["(a, b)", "one expression, not several separated by commas", 1, 4, null],
  ["a`b`", "tagged templates do not exist in expressions", 0, 4, null],
  ["class {}", "classes do not exist in expressions", 0, 8, null],
  ["await a", "await does not exist in expressions", 0, 7, null],
  ["import('a')", "import does not exist in expressions", 0, 11, null],
  ["import.meta", "import.meta and new.target do not exist in expressions", 0, 11, null],
  ["void 0", "there is no operator void", 0, 6, null],
  ["delete a.b", "there is no operator delete", 0, 10, null],
  ["a instanceof b", "there is no operator instanceof", 0, 14, null],
  ["1n", "big integers do not exist in expressions", 0, 2, null],
  ["Math", "Math is a group of functions, not a value", 0, 4, "Math.…()"],
  ["[JSON]", "JSON is a group of functions, not a value", 1, 4, "JSON.…()"],
  ["[1,,2]", "a list has no empty places", 0, 6, "null"],
  ["{ a() { } }", "an object holds values, no methods, getters or setters", 2, 7, null],
  [
    "({ get a() { return 1 } })",
    "an object holds values, no methods, getters or setters",
    3,
    20,
    null,
  ],
  ["({ __proto__: 1 })", '"__proto__" cannot be reached from an expression', 3, 9, null],
  ["({ '__proto__': 1 })", '"__proto__" cannot be reached from an expression', 3, 11, null],
  ["/(/", "invalid regular expression: /(/: Unterminated group", 1, 1, null],
  ["/a/y", 'the flags of a pattern are g, i, m, s and u, each once, not "y"', 0, 4, null],
  [
    "/(?=a)/",
    "the pattern /(?=a)/ cannot be used: invalid or unsupported Perl syntax: `(?=` (patterns run in linear time: no look-around, no back references)",
    0,
    7,
    null,
  ],
  ["a?.()", "a function cannot be missing here", 0, 5, "a?.method()"],
  ["a.b?.()", "a function cannot be missing here", 0, 7, "a?.method()"],
  ["f()", "there is no function f()", 0, 1, null],
  ["summ(a)", "there is no function summ()", 0, 4, "sum()"],
  ["[1].map((f) => f())", "f is a value here: only library functions can be called", 15, 1, null],
  ["(1)()", "only library functions and methods can be called", 0, 3, null],
  ["a()()", "only library functions and methods can be called", 0, 3, null],
  ["a['b']()", "there is no method b()", 2, 3, null],
  ["a[b]()", "a method is called by its name, not by a computed key", 2, 1, null],
  ["Math.foo", "there is no Math.foo", 0, 8, null],
  ["Math.foo()", "there is no Math.foo", 0, 8, null],
  ["Math.flor(1)", "there is no Math.flor", 0, 9, "Math.floor"],
  ["Math.PIE", "there is no Math.PIE", 0, 8, "Math.PI"],
  ["Math[a]", "a member of Math is named, not computed", 5, 1, null],
  ["a.maap((x) => x)", "there is no method maap()", 2, 4, "map()"],
  ["a.nothingLikeIt()", "there is no method nothingLikeIt()", 2, 13, null],
  ["a.sort()", "sort() would change its list or depend on the locale", 2, 4, "toSorted()"],
  [
    "a.sort((x, y) => x - y)",
    "sort() would change its list or depend on the locale",
    2,
    4,
    "toSorted()",
  ],
  ["a.reverse()", "reverse() would change its list or depend on the locale", 2, 7, "toReversed()"],
  ["a.push(1)", "push() would change its list or depend on the locale", 2, 4, "[...list, item]"],
  [
    "a.toLocaleUpperCase()",
    "toLocaleUpperCase() would change its list or depend on the locale",
    2,
    17,
    "toUpperCase()",
  ],
  [
    "a.toLocaleLowerCase()",
    "toLocaleLowerCase() would change its list or depend on the locale",
    2,
    17,
    "toLowerCase()",
  ],
  [
    "a.localeCompare(b)",
    "localeCompare() would change its list or depend on the locale",
    2,
    13,
    "compare(a, b)",
  ],
  ["a.splice(1)", "splice() would change its list or depend on the locale", 2, 6, "toSpliced()"],
  ["a.fill(1)", "fill() would change its list or depend on the locale", 2, 4, "map(() => value)"],
  ["a.pop()", "pop() would change its list or depend on the locale", 2, 3, "slice(0, -1)"],
  ["a.shift()", "shift() would change its list or depend on the locale", 2, 5, "slice(1)"],
  [
    "a.unshift(1)",
    "unshift() would change its list or depend on the locale",
    2,
    7,
    "[item, ...list]",
  ],
  [
    "a.toLocaleString()",
    "toLocaleString() would change its list or depend on the locale",
    2,
    14,
    "formatNumber()",
  ],
  [
    "a.copyWithin(1)",
    "copyWithin() would change its list or depend on the locale",
    2,
    10,
    "toSpliced()",
  ],
  ["a.forEach((x) => x)", "forEach() would change its list or depend on the locale", 2, 7, "map()"],
  ["a.substr(1)", "substr() would change its list or depend on the locale", 2, 6, "slice()"],
  ["constructor", '"constructor" cannot be reached from an expression', 0, 11, null],
  ["a.__proto__", '"__proto__" cannot be reached from an expression', 2, 9, null],
  ["a['constructor']", '"constructor" cannot be reached from an expression', 2, 13, null],
  ["a?.prototype", '"prototype" cannot be reached from an expression', 3, 9, null],
  ["[1].map((__proto__) => 1)", '"__proto__" cannot be reached from an expression', 9, 9, null],
  ["[1].map(({ [a]: b }) => b)", "a computed key cannot be taken apart here", 11, 6, null],
  [
    "[1].map(({ constructor: b }) => b)",
    '"constructor" cannot be reached from an expression',
    11,
    11,
    null,
  ],
  ["[1].map((x, x) => 1)", "argument name clash", 12, 1, null],
])("%s", (source, ...expected) => {
  expect(fault(source)).toEqual(expected);
});

test.each([
  "a // end",
  "a // end\n+ 1",
  "a // end\r+ 1",
  "a // end\u2028+ 1",
  "a // end\u2029+ 1",
  "a /* x */ + /* y */ 1 /* z */",
  "  a /**/  ",
  "${{ a /* }} */ }}",
  "${{ /* }} */ a // }}\n }}",
  " ${{ '}}' }} ",
  "not",
  "{ a: 1 }",
])("%j is one expression", (source) => {
  expect(fault(source)).toBe("accepted");
});

test("the limits of one source's length and depth are exact", () => {
  const long = (length: number) => `1${" ".repeat(length - 2)}`;
  expect(fault(`${long(10_000)}0`)).toEqual(['unexpected "0"', 9_999, 1, null]);
  expect(fault(`1+${" ".repeat(9_997)}1`)).toBe("accepted");
  expect(fault(`1+${" ".repeat(9_998)}1`)).toEqual([
    "the expression is longer than 10000 characters",
    0,
    10_001,
    null,
  ]);
  expect(fault(`  1+${" ".repeat(9_998)}1  `)).toEqual([
    "the expression is longer than 10000 characters",
    2,
    10_001,
    null,
  ]);
  expect(fault(`\${{1+${" ".repeat(9_997)}1}}`)).toBe("accepted");
  for (const end of ["}}", ` ${" ".repeat(100)}}}`])
    expect(fault(`\${{1+${" ".repeat(10_002)}1${end}`)).toEqual([
      "the expression is longer than 10000 characters",
      3,
      10_002,
      null,
    ]);
  expect(fault(`\${{'${"x".repeat(10_002)}'}}`)).toEqual([
    "the expression is longer than 10000 characters",
    3,
    10_002,
    null,
  ]);
  const deep = (levels: number) => `${"(".repeat(levels)}1${")".repeat(levels)}`;
  expect(fault(deep(199))).toBe("accepted");
  expect(fault(deep(200))).toEqual([
    "the expression is nested deeper than 200 levels",
    200,
    1,
    null,
  ]);
  const nested = (levels: number) => `[].map((${"[".repeat(levels)}a${"]".repeat(levels)}) => a)`;
  expect(fault(nested(198))).toBe("accepted");
  expect(fault(nested(199))).toEqual([
    "the expression is nested deeper than 200 levels",
    207,
    1,
    null,
  ]);
});
