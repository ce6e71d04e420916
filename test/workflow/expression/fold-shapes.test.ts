/** Constant folding, shape by shape: which parts are closed, what of variables is known, what is small. */
import { describe, expect, test } from "vitest";
import { originOf } from "#workflow/expression/callable-origin.ts";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ENDED } from "#workflow/expression/compiler.ts";
import { isSmall, measure } from "#workflow/expression/fold.ts";
import { type Folded, folding, outcomeOf } from "./folded-expressions.ts";

const VARS = { rate: 3, list: [1, 2], name: "n", none: null, yes: true };

function foldedBy(source: string, vars: Folded["vars"] = null): Folded {
  const folded: Folded = { ...folding(), vars };
  compileExpression(source, folded);
  return folded;
}

const sourcesOf = (source: string, vars: Folded["vars"] = null) =>
  foldedBy(source, vars).parts.map((part) => part.source);

describe("computes something, and is folded as a whole", () => {
  test.each([
    ...["[1 + 1, 2]", "[1, [2 + 2]]", "[...[1], 2]", "[...'ab']"],
    ...["{ a: 1 + 1 }", "{ a: { b: 1 + 1 } }", "{ ...{ a: 1 } }", "{ ['a']: 1 }"],
    ...["`a${1}`", "!true", "+'1'", "-(1)", "-(1 + 1)", "~5", "typeof 1"],
    ...["true ? 1 : 2", "null ?? 1", "({ a: 1 })?.a", "[1, 2].length", "[1][0]"],
    ...[
      "max([1, 2])",
      "Math.max(1, 2)",
      "[1].includes(NaN)",
      "[2, 1].map((x) => x + Infinity > 1)",
    ],
    ...[
      "[[1]].map((x) => ({ x }))",
      "[undefined, 1].filter((x) => x != undefined)",
      "[...[]].length",
    ],
  ])("%s", (source) => {
    expect(sourcesOf(source)).toEqual([source]);
  });
});

describe("is a value as it stands", () => {
  test.each([
    "1",
    "'a'",
    "null",
    "true",
    "-1",
    "(1)",
    "[1, [2, { a: -1 }]]",
    "({ a: [1] })",
    "`a`",
  ])("%s", (source) => {
    expect(sourcesOf(source)).toEqual([]);
  });
});

describe("reads the run at one place, so that only what stands beside that is tried", () => {
  const PART = "[1, 2].map((x) => x * 2).length";
  const spent = (source: string) => 1_000_000 - foldedBy(source).fuel;

  test.each([
    ...[`${PART} + input.n`, `input.n + ${PART}`, `${PART} && input.n`, `input.n && ${PART}`],
    ...[`input.n ? ${PART} : 1`, `true ? ${PART} : input.n`, `true ? input.n : ${PART}`],
    ...[`\`\${${PART}}\${input.n}\``, `[${PART}, input.n]`, `[...input.n, ${PART}]`],
    ...[`({ a: ${PART}, b: input.n })`, `({ a: ${PART}, [input.n]: 1 })`],
    ...[`({ a: ${PART}, ...input.n })`, `Math.max(${PART}, input.n)`],
    ...[`input[${PART}]`, `-input.n + ${PART}`, `(input.n) + ${PART}`, `input?.n + ${PART}`],
  ])("%s", (source) => {
    expect(sourcesOf(source)).toEqual([PART]);
    expect(spent(source)).toBe(spent(PART));
  });

  test.each(["input.n[1]", "[1][input.n]", "uuid", "input.list.map(([a]) => a)", "vars.rate"])(
    "nothing of %s",
    (source) => {
      const { parts, fuel } = foldedBy(source);
      expect([parts, fuel]).toEqual([[], 1_000_000]);
    },
  );

  test("a lambda that takes its argument apart is left to the run", () => {
    expect(sourcesOf("[[1]].map(([a]) => a)")).toEqual([]);
    expect(sourcesOf("[1].map((a = 1) => a)")).toEqual([]);
  });
});

describe("variables that are known", () => {
  test.each([
    ["vars.rate", ["vars.rate"]],
    ["vars.rate * 2", ["vars.rate * 2"]],
    ["vars.none", ["vars.none"]],
    ["vars.yes && vars.name", ["vars.yes && vars.name"]],
    ["input.n + vars.rate", ["vars.rate"]],
    // A list is one and the same wherever it is read; what is made of it is not.
    ["vars.list", []],
    ["vars.list.length", ["vars.list.length"]],
    ["[vars.rate, 1]", ["vars.rate"]],
    ["[vars.rate, 1].length", ["[vars.rate, 1].length"]],
    ["vars.list == vars.list", ["vars.list == vars.list"]],
    // Others are not known, or only the run knows which is meant.
    ["vars.other", []],
    ["vars.toString", []],
    ["vars", []],
    ["vars['rate']", []],
    ["vars[vars.name]", ["vars.name"]],
    ["labels.rate", []],
    // A name of a lambda hides them.
    ["input.list.map((vars) => vars.rate)", []],
    ["[{ rate: 1 }].map((vars) => vars.rate)", ["[{ rate: 1 }].map((vars) => vars.rate)"]],
  ] as const)("%s folds %j", (source, expected) => {
    expect(sourcesOf(source, VARS)).toEqual(expected);
  });

  test("give the same folded, with whatever fuel there is, and stay among what is read", () => {
    const scope = { vars: VARS, input: { n: 1, list: [VARS] } };
    for (const source of [
      ...["vars.rate * 2", "vars.list", "[vars.rate, vars.list]", "vars.list == vars.list"],
      ...["input.n + vars.rate", "[vars.list].map((x) => x)", "vars.none ?? 'none'"],
      ...["[...vars.list, vars.rate]", "({ a: vars.list, b: vars.rate + 1 })"],
    ]) {
      const folded = compileExpression(source, { ...folding(), vars: VARS });
      const plain = compileExpression(source);
      expect(folded.reads, source).toEqual(plain.reads);
      for (let fuel = 0; fuel <= 40; fuel++) {
        const outcome = (one: typeof plain) =>
          outcomeOf(() => one.evaluate(scope, { limits: { fuel } }));
        expect(outcome(folded), `${source} with ${fuel}`).toBe(outcome(plain));
      }
    }
  });
});

describe("what is small enough to be kept", () => {
  const items = (count: number) => Array.from({ length: count }, () => null);
  const withMore = Object.assign([1], { more: 1 });
  const hole: unknown[] = [];
  hole.length = 1;

  test.each<[string, unknown, boolean]>([
    ["a text of 4,096 characters", "x".repeat(4_096), true],
    ["one of 4,097", "x".repeat(4_097), false],
    ["a number", 1, true],
    ["a boolean", false, true],
    ["undefined", undefined, true],
    ["null", null, true],
    ["255 values in a list", items(255), true],
    ["256 values in a list", items(256), false],
    ["256 values, all levels together", [items(100), { a: items(154) }], false],
    ["255 values, all levels together", [items(100), { a: items(152) }], true],
    ["a long text deep inside", { a: [{ b: "x".repeat(4_097) }] }, false],
    ["a function", () => 1, false],
    ["a symbol", Symbol("s"), false],
    ["a bigint", 1n, false],
    ["what is no plain object", new Map(), false],
    ["an object without a prototype", Object.create(null), false],
    ["a list with more than items", withMore, false],
    ["a list with a hole", hole, false],
    ["the end of an optional chain", ENDED, false],
  ])("%s", (_name, value, expected) => {
    expect(isSmall(value)).toBe(expected);
  });

  test("a part that needs more than 10,000 operations is left to the run, and has cost as many", () => {
    // The whole and its list, 10,000 each; then the range alone, which is too large to be kept.
    const { parts, fuel } = foldedBy("range(9990).map((x) => x).length");
    expect([parts, fuel]).toEqual([[], 1_000_000 - 2 * 10_000 - 9_990]);
  });

  test("what fails has spent what it took until then, and gives nothing", () => {
    expect(measure(() => compileExpression("1").evaluate({}))).toEqual({
      constant: { value: 1, fuel: 0 },
      spent: 0,
    });
    const fails = () => {
      throw new Error("no");
    };
    expect(measure(fails)).toEqual({ constant: null, spent: 0 });
  });
});

test("a function of an expression knows where it came from, one of the host does not", () => {
  const scope = { input: { n: 1 } };
  const expression = compileExpression("(x) => x + input.n");
  const made = expression.callable(scope, { seed: "s" });
  expect(made(2)).toBe(3);
  expect(originOf(made)).toEqual({ source: "(x) => x + input.n", scope, seed: "s" });
  expect(originOf(expression.callable(scope))?.seed).toBe(null);
  expect([originOf(() => 1), originOf("text"), originOf(null), originOf({})]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("a literal is known before any run, a pattern is not", () => {
  const constantOf = (source: string) => compileExpression(source, folding()).constant;
  expect(constantOf("1")).toMatchObject({ value: 1 });
  expect(constantOf("'a'")).toMatchObject({ value: "a" });
  expect(constantOf("true")).toMatchObject({ value: true });
  expect(constantOf("null")).toMatchObject({ value: null });
  expect(constantOf("1 + 1")).toMatchObject({ value: 2 });
  for (const source of ["/a/", "input", "[1]", "undefined"]) expect(constantOf(source)).toBe(null);
  expect(compileExpression("1").constant).toBe(null);
});
