/** Configurations that are evaluated elsewhere: what stands in for packed values, and what is only handed on. */
import { describe, expect, test } from "vitest";
import {
  evaluateFar,
  FarConfig,
  type FarParts,
  type FarPlace,
  handedOn,
  replacePacked,
} from "#kernel/far-config.ts";
import { PackedJson } from "#workflow/packed-json.ts";

const packed = (value: unknown) =>
  new PackedJson(new TextEncoder().encode(JSON.stringify(value)), "");
const open = ({ content }: PackedJson): unknown => JSON.parse(new TextDecoder().decode(content));
const parts = (more: Partial<FarParts>): FarParts => ({
  ...{ template: {}, seed: "run/a/with", names: {}, functions: [], ...more },
});

describe("a configuration", () => {
  test("is evaluated with its names and its seed", () => {
    const names = { input: { n: 2 } };
    expect(
      evaluateFar(parts({ template: { value: "${{ input.n + 1 }}", as: "is" }, names })),
    ).toEqual({
      ...{ value: 3, as: "is" },
    });
    const drawn = (seed: string) => evaluateFar(parts({ template: "${{ uuid() }}", seed }));
    expect(drawn("one")).toBe(drawn("one"));
    expect(drawn("one")).not.toBe(drawn("two"));
    expect(() => evaluateFar(parts({ template: "${{ input.a.b.c }}", names }))).toThrow();
  });

  test("has its functions beside the other fields, each with its own names and seed", () => {
    const functions = [
      {
        field: "map",
        source: "(x) => x + input.n",
        seed: "run/a/with.map",
        names: { input: { n: 5 } },
      },
      { field: "draw", source: "(x) => uuid()", seed: "run/a/with.draw", names: {} },
      { field: "other", source: "(x) => uuid()", seed: "run/a/with.other", names: {} },
    ];
    const config = evaluateFar(parts({ template: { value: 1 }, functions })) as {
      readonly value: number;
      readonly map: (x: number) => number;
      readonly draw: (x: number) => string;
      readonly other: (x: number) => string;
    };
    expect(Object.keys(config)).toEqual(["value", "map", "draw", "other"]);
    expect([config.value, config.map(1)]).toEqual([1, 6]);
    expect(config.draw(1)).not.toBe(config.other(1));
  });
});

describe("packed values", () => {
  test("are replaced where they may stand, and what is around them stays", () => {
    const places: FarPlace[] = [];
    const given = parts({
      template: { value: "${{ input }}" },
      names: {
        ...{ input: packed(1), item: packed(2), index: 3, run: { id: "run" } },
        steps: { a: { status: "succeeded", output: packed(4) }, b: { output: { whole: 5 } } },
        vars: { v: packed(6), plain: 7 },
        carry: { c: packed(8), plain: 9 },
      },
      functions: [
        { field: "f", source: "(x) => x", seed: "s", names: { item: packed(10), n: 11 } },
        { field: "g", source: "(x) => x", seed: "s", names: { vars: { w: packed(12) } } },
      ],
    });
    const replaced = replacePacked(given, (value, at) => {
      places.push(at);
      return open(value);
    });
    expect(replaced).toEqual({
      ...{ template: { value: "${{ input }}" }, seed: "run/a/with" },
      names: {
        ...{ input: 1, item: 2, index: 3, run: { id: "run" } },
        steps: { a: { status: "succeeded", output: 4 }, b: { output: { whole: 5 } } },
        ...{ vars: { v: 6, plain: 7 }, carry: { c: 8, plain: 9 } },
      },
      functions: [
        { field: "f", source: "(x) => x", seed: "s", names: { item: 10, n: 11 } },
        { field: "g", source: "(x) => x", seed: "s", names: { vars: { w: 12 } } },
      ],
    });
    expect(places.map((at) => at.join("/"))).toEqual([
      ...["names/input", "names/item", "names/steps/a/output", "names/vars/v", "names/carry/c"],
      ...["functions/0/names/item", "functions/1/names/vars/w"],
    ]);
  });

  test("are looked for nowhere deeper", () => {
    const deep = packed(1);
    const names = { input: { deep }, item: { steps: { deep } } };
    expect(replacePacked(parts({ names }), () => 0).names).toEqual(names);
  });
});

describe("a value that is handed on as it came", () => {
  const rows = packed([1, 2]);
  const names = {
    ...{ input: rows, plain: 5, none: null },
    steps: { rows: { output: rows, status: "succeeded" } },
  };
  const of = (template: unknown, more: Partial<FarParts> = {}) =>
    handedOn(new FarConfig(parts({ template, names, ...more })), "value");

  test.each(["${{ input }}", "${{input}}", "${{  input  }}", "${{ steps.rows.output }}"])(
    "is named whole, by %s",
    (value) => {
      expect(of({ value })).toBe(rows);
    },
  );

  test.each<[string, unknown]>([
    ["part of a text", { value: "a ${{ input }}" }],
    ["a text with more behind it", { value: "${{ input }}!" }],
    ["an expression", { value: "${{ input + 1 }}" }],
    ["an element", { value: "${{ input[0] }}" }],
    ["a field of what is packed", { value: "${{ input.length }}" }],
    ["a plain value", { value: "${{ plain }}" }],
    ["a field of a plain value", { value: "${{ plain.toString }}" }],
    ["a field of null", { value: "${{ none.at }}" }],
    ["an unknown name", { value: "${{ nowhere }}" }],
    ["what every object has", { value: "${{ steps.constructor }}" }],
    ["a step that is not there", { value: "${{ steps.other.output }}" }],
    ["an object around the value", { value: "${{ steps.rows }}" }],
    ["a plain field of a step", { value: "${{ steps.rows.status }}" }],
    ["a list", { value: ["${{ input }}"] }],
    ["a number", { value: 5 }],
    ["another field", { other: "${{ input }}" }],
    ["two fields", { value: "${{ input }}", more: 1 }],
    ["no field", {}],
    ["a text for all", "${{ input }}"],
    ["null for all", null],
  ])("is not: %s", (_name, template) => {
    expect(of(template)).toBeNull();
  });

  test("is not where functions see it too", () => {
    const functions = [{ field: "f", source: "(x) => x", seed: "s", names: {} }];
    expect(of({ value: "${{ input }}" }, { functions })).toBeNull();
  });
});
