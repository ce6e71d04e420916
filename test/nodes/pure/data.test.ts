/** The data nodes at their edges: empty input, missing fields, order, equality, hostile keys. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { compareJson, identityOf } from "#nodes/pure/compare-json.ts";
import { dataFilter } from "#nodes/pure/data-filter.ts";
import { dataGroup } from "#nodes/pure/data-group.ts";
import { dataJoin } from "#nodes/pure/data-join.ts";
import { dataMap } from "#nodes/pure/data-map.ts";
import { dataReduce } from "#nodes/pure/data-reduce.ts";
import { dataSet } from "#nodes/pure/data-set.ts";
import { dataSort } from "#nodes/pure/data-sort.ts";
import { noop } from "#nodes/pure/noop.ts";
import { evaluateWith } from "../evaluate-with.ts";

type With = Parameters<typeof evaluateWith>[1];

function run(node: NodeDefinition, config: With): unknown {
  const result = runPure(node, evaluateWith(node, config));
  return result.ok ? result.output : result.error;
}

const hostile = JSON.parse('{"__proto__":1,"constructor":2}') as With;

it.each([
  [noop, { value: null }, null],
  [noop, { value: hostile }, hostile],
  [dataSet, {}, null],
  [dataSet, { fields: { "a.b": 1, "a.c": 2 } }, { a: { b: 1, c: 2 } }],
  [dataSet, { value: { l: [1, 2] }, fields: { "l.2": 3, "l.0": 9 } }, { l: [9, 2, 3] }],
  [dataSet, { value: { l: [1] }, fields: { "l.1.a": 3 } }, { l: [1, { a: 3 }] }],
  [dataSet, { value: 5, fields: { a: 1 } }, { a: 1 }],
  [
    dataSet,
    { value: { a: { b: 1, c: 2 }, l: [1, 2] }, remove: ["a.b", "l.0", "none.x"] },
    { a: { c: 2 }, l: [2] },
  ],
  [dataSet, { value: { "a.b": 1, c: 2 }, remove: [["a.b"]] }, { c: 2 }],
  [
    dataSet,
    { fields: JSON.parse('{"__proto__.x":1}') as With },
    JSON.parse('{"__proto__":{"x":1}}'),
  ],
  [dataMap, { items: [], map: "(x) => x" }, []],
  [dataMap, { items: ["a", "b"], map: "(x, i) => x + i" }, ["a0", "b1"]],
  [dataMap, { items: [1], map: "(x) => ({ a: x })" }, [{ a: 1 }]],
  [dataMap, { items: hostile, map: "(x) => x + 1" }, JSON.parse('{"__proto__":2,"constructor":3}')],
  [dataFilter, { items: [0, 1, "", "a", null], filter: "(x) => x" }, [1, "a"]],
  [dataFilter, { items: [5, 6], filter: "(x, i) => i == 1" }, [6]],
  [dataReduce, { items: [], reduce: "(a, b) => a + b" }, null],
  [dataReduce, { items: [], initial: 7, reduce: "(a, b) => a + b" }, 7],
  [dataReduce, { items: [3], reduce: "(a, b) => a + b" }, 3],
  [dataReduce, { items: [1, 2], initial: null, reduce: "(a, b) => b" }, 2],
  [
    dataReduce,
    { items: { a: 1, b: 2 }, initial: "", reduce: "(all, v, k) => all + k + v" },
    "a1b2",
  ],
  [
    dataSort,
    { items: ["b", 2, null, true, "a", 1, false, [1], { a: 1 }] },
    [null, false, true, 1, 2, "a", "b", [1], { a: 1 }],
  ],
  [dataSort, { items: [null, 1, "a"], order: "desc" }, ["a", 1, null]],
  [dataSort, { items: ["ä", "z", "Z", "a"] }, ["Z", "a", "z", "ä"]],
  [
    dataSort,
    { items: [{ a: { b: 2 } }, { a: null }, { a: { b: 1 } }], field: "a.b" },
    [{ a: null }, { a: { b: 1 } }, { a: { b: 2 } }],
  ],
  [
    dataSort,
    {
      items: [
        [2, "x"],
        [1, "y"],
      ],
      field: [0],
    },
    [
      [1, "y"],
      [2, "x"],
    ],
  ],
  [
    dataSort,
    {
      items: [
        { n: 1, m: 2 },
        { n: 1, m: 1 },
      ],
      by: "(x) => [x.n, x.m]",
    },
    [
      { n: 1, m: 1 },
      { n: 1, m: 2 },
    ],
  ],
  [dataGroup, { items: [], field: "a" }, []],
  [
    dataGroup,
    { items: [{ a: 1 }, { a: "1" }, {}, { a: null }], field: "a", aggregates: {} },
    [
      { key: 1, count: 1 },
      { key: "1", count: 1 },
      { key: null, count: 2 },
    ],
  ],
  [
    dataGroup,
    { items: [{ k: { a: 1, b: 2 } }, { k: { b: 2, a: 1 } }], field: "k", aggregates: {} },
    [{ key: { a: 1, b: 2 }, count: 2 }],
  ],
  [
    dataGroup,
    {
      items: [{ v: 3 }, { v: null }, { v: 1 }, {}],
      by: "() => 0",
      withItems: false,
      aggregates: {
        n: { op: "count", field: "v" },
        sum: { op: "sum", field: "v" },
        avg: { op: "avg", field: "v" },
        min: { op: "min", field: "v" },
        max: { op: "max", field: "v" },
        all: { op: "values", field: "v" },
        none: { op: "avg", field: "x" },
        no: { op: "max", field: "x" },
      },
    },
    [{ key: 0, count: 4, n: 2, sum: 4, avg: 2, min: 1, max: 3, all: [3, 1], none: null, no: null }],
  ],
  [
    dataJoin,
    { left: [{ id: null }], right: [{ id: null }], on: "id", kind: "full" },
    [
      { left: { id: null }, right: null },
      { left: null, right: { id: null } },
    ],
  ],
  [dataJoin, { left: [{ id: 1 }], right: [{ id: "1" }], on: "id" }, []],
  [
    dataJoin,
    {
      left: [
        { i: 1, l: "a" },
        { i: 1, l: "b" },
      ],
      right: [
        { i: 1, r: "x" },
        { i: 1, r: "y" },
      ],
      on: "i",
      merge: true,
    },
    [
      { i: 1, r: "x", l: "a" },
      { i: 1, r: "y", l: "a" },
      { i: 1, r: "x", l: "b" },
      { i: 1, r: "y", l: "b" },
    ],
  ],
  [
    dataJoin,
    { left: [1], right: [2, 3], leftBy: "(x) => x + 1", rightBy: "(x) => x", kind: "full" },
    [
      { left: 1, right: 2 },
      { left: null, right: 3 },
    ],
  ],
])("%# works", (node, config, output) => {
  expect(run(node, config)).toStrictEqual(output);
});

it.each([
  [dataMap, { items: null, map: "(x) => x" }, "items"],
  [dataMap, { items: [1] }, "map"],
  [dataSort, { items: [1], field: "a", by: "(x) => x" }, "by"],
  [dataSort, { items: { a: 1 } }, "items"],
  [dataGroup, { items: [1] }, "by"],
  [
    dataGroup,
    { items: [{ a: "x" }], field: "a", aggregates: { s: { op: "sum", field: "a" } } },
    "aggregates.s",
  ],
  [dataGroup, { items: [], field: "a", aggregates: { count: { op: "count" } } }, "count"],
  [dataJoin, { left: [], right: [] }, "on"],
  [dataJoin, { left: [], right: [], leftBy: "(x) => x" }, "on"],
])("%# refuses its config and names the field", (node, config, field) => {
  expect(run(node, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(field),
  });
});

it("a fault of the user's function is expression_failed", () => {
  expect(run(dataMap, { items: [null], map: "(x) => x.a" })).toMatchObject({
    code: "expression_failed",
  });
});

it("a function that would run for ever stops at its limit", () => {
  const items = Array.from({ length: 5000 }, (_, index) => index);
  expect(
    run(dataMap, {
      items,
      map: "(x) => [1,2,3,4,5,6,7,8,9,0].map((y) => [1,2,3,4,5,6,7,8,9,0].map((z) => y * z))",
    }),
  ).toMatchObject({
    code: "limit_exceeded",
    details: { limit: "fuel" },
  });
});

it("a join that explodes stops", () => {
  const many = Array.from({ length: 1100 }, () => ({ id: 1 }));
  expect(run(dataJoin, { left: many, right: many, on: "id" })).toMatchObject({
    code: "limit_exceeded",
    details: { limit: "rows" },
  });
});

it("sorting is stable and keeps every item", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ k: fc.integer({ min: 0, max: 3 }), n: fc.nat() })),
      (items) => {
        const sorted = run(dataSort, { items, field: "k" }) as typeof items;
        const expected = [0, 1, 2, 3].flatMap((k) => items.filter((item) => item.k === k));
        expect(sorted).toEqual(expected);
      },
    ),
  );
});

it("compareJson is a total order that agrees with identityOf", () => {
  const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>;
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      expect(Math.sign(compareJson(a, b))).toBe(-Math.sign(compareJson(b, a)) + 0);
      if (compareJson(a, b) <= 0 && compareJson(b, c) <= 0)
        expect(compareJson(a, c)).toBeLessThanOrEqual(0);
      expect(compareJson(a, b) === 0).toBe(identityOf(a) === identityOf(b));
    }),
    { numRuns: 2000 },
  );
});
