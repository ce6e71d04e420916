/**
 * The escape list: nothing reaches a prototype, a constructor, the host or a getter's owner, and
 * nothing runs over a limit. Bounds are shown by the error that names the limit, not by a clock.
 */
import { afterEach, describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import {
  ExpressionError,
  type ExpressionLimits,
  ExpressionSyntaxError,
} from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";

const hostile = JSON.parse(
  '{"__proto__": {"admin": true}, "constructor": "Ferrari", "prototype": 1, "plain": 2}',
) as unknown;
const scope = {
  input: {
    name: "ada",
    list: [1, 2, 3],
    hostile,
    text: "a".repeat(20_000),
    large: "x".repeat(6e6),
  },
};

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  expect(Object.keys(Array.prototype)).toEqual([]);
});

function failure(source: string, limits?: Partial<ExpressionLimits>): unknown {
  try {
    return {
      value: compileExpression(source).evaluate(scope, limits === undefined ? {} : { limits }),
    };
  } catch (error) {
    return error;
  }
}

describe("prototypes and constructors cannot be reached", () => {
  const names = ["__proto__", "constructor", "prototype"];
  const ways = (name: string): string[] => [
    `input.${name}`,
    `input["${name}"]`,
    `input?.${name}`,
    `input?.["${name}"]`,
    `input["${name.slice(0, 4)}" + "${name.slice(4)}"]`,
    `input?.["${name.slice(0, 4)}" + "${name.slice(4)}"]`,
    `input[["${name}"].join()]`,
    `input[\`${name}\`]`,
    `input["${[...name].reverse().join("")}".split("").toReversed().join("")]`,
    `input[JSON.parse('"${name}"')]`,
    `input[String.fromCharCode(${[...name].map((one) => one.charCodeAt(0)).join(",")})]`,
    `"text".${name}`,
    `"text"["${name}"]`,
    `(1).${name}`,
    `true.${name}`,
    `[].${name}`,
    `input.list.${name}`,
    `input.list.map.${name}`,
    `input.list.map(x => x.${name})`,
    `input.list.map(({ ${name} }) => 1)`,
    `[input].map(({ ${name}: taken }) => taken)`,
    `[input].map(({ ${name}: taken = 1 }) => taken)`,
    `[input].map(({ ["${name}"]: taken }) => taken)`,
    `input.hostile.${name}`,
    `JSON.parse('{"${name}": 1}').${name}`,
    `get(input, "${name}")`,
    `get(input, "hostile.${name}")`,
    `jsonpath(input, "$.${name}")`,
    `jsonpath(input, "$..['${name}']")`,
    `Object.hasOwn(input, "${name}")`,
    `input.hasOwnProperty("${name}")`,
    `${name}`,
    `Object.${name}`,
    `Math.${name}`,
    `JSON["${name}"]`,
    `Math.abs.${name}`,
    `[x => x].map(f => f.${name})`,
    `[Number].map(f => f["${name.slice(0, 2)}" + "${name.slice(2)}"])`,
    `/a/.${name}`,
    `pattern("a")["${name}"]`,
    `"abc".match(/b/).${name}`,
    `({ ["__pro" + "to__"]: { admin: true } }).admin`,
    `({ __proto__: { admin: true } }).admin`,
    `({ "__proto__": { admin: true } }).admin`,
  ];
  test.each(names.flatMap(ways))("%s", (source) => {
    const error = failure(source);
    expect(
      error instanceof ExpressionError || error instanceof ExpressionSyntaxError,
      String(JSON.stringify(error)),
    ).toBe(true);
  });

  test.each([
    ["({ ...input.hostile }).admin"],
    ["merge(input.hostile, input.hostile).admin"],
    ["Object.fromEntries([['__proto__', { admin: true }]]).admin"],
    ["mapValues(input.hostile, (value) => value).admin"],
    ["pick(input.hostile, ['__proto__']).admin"],
    ["omit(input.hostile, []).admin"],
    ["groupBy([1], (x) => '__proto__').admin"],
    ["Object.groupBy([1], (x) => '__proto__').length"],
    ["keyBy([{ admin: true }], (x) => '__proto__').admin"],
    ["countBy([1], (x) => '__proto__').admin"],
    ['JSON.parse(\'{"__proto__": {"admin": true}}\').admin'],
    ["[input.hostile].map(({ plain, ...rest }) => rest.admin)[0]"],
  ])("a key __proto__ stays data: %s", (source) => {
    expect(failure(source)).toMatchObject({ kind: "missing" });
  });

  test("templates keep a key __proto__ as data", () => {
    const value = JSON.parse(
      '{"__proto__": {"admin": "${{ input.name }}"}, "b": "${{ 1 }}"}',
    ) as unknown;
    const made = compileTemplate(value).evaluate(scope) as Record<string, unknown>;
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(Object.keys(made)).toEqual(["__proto__", "b"]);
    expect(made["admin"]).toBeUndefined();
  });

  test("inherited members are missing, getters of a prototype are not run", () => {
    let ran = 0;
    class Host {
      own = 1;
      get secret(): number {
        ran += 1;
        return ran;
      }
    }
    const inherited = Object.create({ secret: 1 }) as Record<string, unknown>;
    for (const value of [new Host(), inherited, new Map([["secret", 1]]), new Date(0), () => 1]) {
      for (const source of [
        "v.secret",
        "v['sec' + 'ret']",
        "v.size",
        "v.toString",
        "v.call",
        "v.getTime",
      ]) {
        expect(() => compileExpression(source).evaluate({ v: value })).toThrow(ExpressionError);
      }
      for (const source of ["v?.secret", "v?.toString"]) {
        try {
          expect(compileExpression(source).evaluate({ v: value })).toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }
    }
    expect(ran).toBe(0);
  });

  test("scope names are own names", () => {
    for (const source of [
      "toString",
      "hasOwnProperty",
      "valueOf",
      "globalThis",
      "process",
      "eval",
      "arguments",
      "Function",
      "Symbol",
      "Reflect",
      "Proxy",
    ]) {
      expect(failure(source)).toSatisfy((error: unknown) => error instanceof Error);
    }
  });
});

describe("what is not in the language is refused when it is compiled", () => {
  test.each([
    "a = 1",
    "a += 1",
    "a++",
    "--a",
    "delete input.name",
    "void 0",
    "new Date()",
    "this",
    "super.x",
    "function () {}",
    "async () => 1",
    "await x",
    "yield",
    "(() => 1)()",
    "(x => x)(1)",
    "[1].map(function (x) { return x })",
    "x => { return 1 }",
    "[1].map(x => { x })",
    "class {}",
    "import('fs')",
    "import.meta",
    "`a`.raw`b`",
    "String.raw`a`",
    "1, 2",
    "1n",
    "[,1]",
    "#x in input",
    "({ get a() { return 1 } })",
    "({ set a(x) {} })",
    "({ a() {} })",
    "input instanceof Object",
    "eval('1')",
    "Function('1')()",
    "Symbol('x')",
    "Reflect.get(input, 'name')",
    "globalThis.x()",
    "process.exit()",
    "require('fs')",
    "fetch('x')",
    "input.list.map.call(input.list)",
    "input.list.map.apply(1)",
    "input.name.toString.call(1)",
    "input.list['map'.trim()](x => x)",
    "input.list.sort()",
    "input.list.push(1)",
    "input.list.reverse()",
    "input.list.splice(0)",
    "input.list.fill(0)",
    "'a'.localeCompare('b')",
    "(1).toLocaleString()",
    "'a'.toLocaleUpperCase()",
    "Math.random()",
    "Date.now()",
    "new Date",
    "Object.assign({}, input)",
    "Object.getPrototypeOf(input)",
    "Object.setPrototypeOf(input, {})",
    "Object.defineProperty(input, 'a', {})",
    "Object.create({})",
    "Object.getOwnPropertySymbols(input)",
    "Object.getOwnPropertyDescriptors(input)",
    "Object.freeze(input)",
    "JSON.rawJSON('1')",
    "input.__defineGetter__('a', x => x)",
    "input.__lookupGetter__('a')",
    "input.valueOf()",
    "input.propertyIsEnumerable('a')",
    "input.isPrototypeOf({})",
    "[1].map(x => x())",
    "[x => x].map(f => f(1))",
    "input.name?.()",
    "/(?=a)/.test('a')",
    "/(a)\\1/.test('aa')",
    "/a/y.test('a')",
    "/a/v.test('a')",
    "debugger",
    "x; y",
    "{ a: 1 }; 2",
    "<!-- x",
    "x => x => x",
    "[].map(x => y => x)",
  ])("%s", (source) => {
    expect(() => compileExpression(source)).toThrow(ExpressionSyntaxError);
  });
});

describe("symbols, functions and host objects do not come out", () => {
  test.each([
    ["Number", "type"],
    ["[Number]", "type"],
    ["Array.of((x) => x)", "type"],
    ["({ a: Array.of(Number) })", "type"],
    ["pattern('a')", "type"],
    ["[/a/]", "type"],
    ["'a' + Array.of(Number)[0]", "type"],
    ["JSON.stringify(Array.of(Number))", "type"],
    ["JSON.stringify(/a/)", "type"],
    ["Array.of(Number)[0].name", "missing"],
    ["Array.of(Number)[0]?.name", "missing"],
    ["Array.of(Number)[0].length", "missing"],
    ["Array.of(Number)[0]['call']", "missing"],
    ["Object.keys(Number)", "type"],
    ["Object.entries(Array.of(Number)[0])", "type"],
    ["0 / 0", "value"],
    ["[[1 / 0]]", "value"],
    ["JSON.parse('1e999')", "value"],
  ])("%s is an error of kind %s", (source, kind) => {
    expect(failure(source)).toMatchObject({ name: "ExpressionError", kind });
  });

  test("a symbol or a bigint of the host is refused as a result", () => {
    for (const value of [Symbol("x"), 1n, [Symbol("x")], { a: 1n }]) {
      expect(() => compileExpression("[v]").evaluate({ v: value })).toThrow(ExpressionError);
    }
  });
});

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
