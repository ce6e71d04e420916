/**
 * The escape list: nothing reaches a prototype, a constructor, the host or a getter's owner; what
 * is not in the language is refused. limits.test.ts has what runs too long or grows too large.
 */
import { afterEach, describe, expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError, ExpressionSyntaxError } from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import { failure, scope } from "./hostile-scope.ts";

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  expect(Object.keys(Array.prototype)).toEqual([]);
});

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
      expect(failure(source)).toBeInstanceOf(Error);
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
