/** extract, merge and transform, and what map, filter, reduce, group and join do about faults and keys. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ITEMS_MAX } from "#nodes/pure/collection.ts";
import { dataExtract } from "#nodes/pure/data-extract.ts";
import { dataFilter } from "#nodes/pure/data-filter.ts";
import { dataGroup } from "#nodes/pure/data-group.ts";
import { dataJoin } from "#nodes/pure/data-join.ts";
import { dataMap } from "#nodes/pure/data-map.ts";
import { dataMerge } from "#nodes/pure/data-merge.ts";
import { dataReduce } from "#nodes/pure/data-reduce.ts";
import { dataTransform } from "#nodes/pure/data-transform.ts";
import { threadMs } from "../../support/thread-time.ts";
import { hostileNames, runNode } from "./run-node.ts";

const proto = (inner: unknown): object =>
  JSON.parse(`{"__proto__":${JSON.stringify(inner)}}`) as object;

const order = { id: 7, customer: { name: "Ada", city: null }, lines: [{ sku: "a" }, { sku: "b" }] };

it.each([
  [dataExtract, { value: order, field: "customer.name" }, "Ada"],
  [dataExtract, { value: order, field: "lines.1.sku" }, "b"],
  [dataExtract, { value: order, field: ["lines", 0] }, { sku: "a" }],
  [dataExtract, { value: { "a.b": 1 }, field: ["a.b"] }, 1],
  [dataExtract, { value: order, field: "none.x" }, null],
  [dataExtract, { value: order, field: "none", default: 5 }, 5],
  [dataExtract, { value: order, field: "customer.city", default: "?" }, "?"],
  [dataExtract, { value: order, field: "customer.city", missing: "fail" }, null],
  [dataExtract, { value: null, field: "a" }, null],
  [dataExtract, { value: "abc", field: "length" }, null],
  [dataExtract, { value: {}, field: "constructor" }, null],
  [dataExtract, { value: hostileNames(), field: "__proto__" }, 1],
  [dataExtract, { value: order, fields: ["id", "customer.name"] }, { id: 7, name: "Ada" }],
  [dataExtract, { value: order, fields: { n: "customer.name", x: "x" } }, { n: "Ada", x: null }],
  [dataExtract, { value: order, fields: ["id", "x"], missing: "omit" }, { id: 7 }],
  [
    dataExtract,
    { value: order, fields: ["id", "customer.city"], missing: "omit", default: 0 },
    { id: 7, city: 0 },
  ],
  [dataExtract, { value: { a: 1 }, fields: proto("a") }, proto(1)],
  [dataExtract, { value: order, path: "$.lines[*].sku" }, ["a", "b"]],
  [dataExtract, { value: order, path: "$..sku" }, ["a", "b"]],
  [dataExtract, { value: order, path: "$.none" }, []],

  [dataMerge, { values: [] }, {}],
  [dataMerge, { values: [null, null] }, {}],
  [dataMerge, { values: [{ a: 1 }, null, { b: 2 }, { a: 3 }] }, { a: 3, b: 2 }],
  [dataMerge, { values: [{ a: 1 }, { a: 2 }], conflict: "first" }, { a: 1 }],
  [dataMerge, { values: [{ a: { x: 1 } }, { a: { y: 2 } }] }, { a: { y: 2 } }],
  [
    dataMerge,
    { values: [{ a: { x: 1, z: { q: 1 } } }, { a: { y: 2, z: { r: 2 } } }], deep: true },
    { a: { x: 1, z: { q: 1, r: 2 }, y: 2 } },
  ],
  [
    dataMerge,
    { values: [{ a: { x: 1 } }, { a: 5 }, { a: { y: 2 } }], deep: true },
    { a: { y: 2 } },
  ],
  [
    dataMerge,
    { values: [{ a: { x: 1 } }, { a: 5 }, { a: { y: 2 } }], deep: true, conflict: "first" },
    { a: { x: 1, y: 2 } },
  ],
  [
    dataMerge,
    {
      values: [
        { a: [1], b: [1] },
        { a: [1, 2], b: 3 },
      ],
      lists: "concat",
    },
    { a: [1, 1, 2], b: 3 },
  ],
  [dataMerge, { values: [{ a: [1] }, { a: [2, 1] }], lists: "unique" }, { a: [1, 2] }],
  [dataMerge, { values: [{ a: [1] }, { a: [2] }] }, { a: [2] }],
  [dataMerge, { values: [{ a: [1, 2] }, { a: [1, 2] }], conflict: "fail" }, { a: [1, 2] }],
  [dataMerge, { values: [[1], [], [1, [2]]] }, [1, 1, [2]]],
  [dataMerge, { values: [[1, 2], [2, { a: 1 }], [{ a: 1 }]], lists: "unique" }, [1, 2, { a: 1 }]],
  [dataMerge, { values: [[[1]], [[2]]] }, [[1], [2]]],
  [
    dataMerge,
    { values: [hostileNames(), proto({ polluted: 1 })] },
    {
      ...JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"toString":3}'),
    },
  ],

  [dataTransform, { value: null, operation: "to_list" }, []],
  [dataTransform, { value: 5, operation: "to_list" }, [5]],
  [dataTransform, { value: { a: 1 }, operation: "to_list" }, [{ a: 1 }]],
  [dataTransform, { value: [1], operation: "to_list" }, [1]],
  [
    dataTransform,
    { value: [["a", 1], { key: "b", value: 2 }], operation: "to_object" },
    { a: 1, b: 2 },
  ],
  [
    dataTransform,
    { value: [{ id: 1, n: 2 }], operation: "to_object", key: "id" },
    { "1": { id: 1, n: 2 } },
  ],
  [
    dataTransform,
    { value: [{ k: true, n: { m: 2 } }], operation: "to_object", key: "k", field: "n.m" },
    { true: 2 },
  ],
  [
    dataTransform,
    {
      value: [
        ["a", 1],
        ["a", 2],
      ],
      operation: "to_object",
    },
    { a: 2 },
  ],
  [
    dataTransform,
    {
      value: [
        ["a", 1],
        ["a", 2],
      ],
      operation: "to_object",
      duplicates: "first",
    },
    { a: 1 },
  ],
  [dataTransform, { value: { a: 1 }, operation: "to_object" }, { a: 1 }],
  [dataTransform, { value: [["__proto__", 1]], operation: "to_object" }, proto(1)],
  [dataTransform, { value: { a: 1, b: 2 }, operation: "keys" }, ["a", "b"]],
  [dataTransform, { value: ["x", "y"], operation: "keys" }, [0, 1]],
  [dataTransform, { value: { a: 1, b: 2 }, operation: "values" }, [1, 2]],
  [dataTransform, { value: ["x"], operation: "entries" }, [{ key: 0, value: "x" }]],
  [
    dataTransform,
    { value: { a: { b: { c: 1 } }, d: {} }, operation: "flatten" },
    { "a.b.c": 1, d: {} },
  ],
  [dataTransform, { value: { a: { b: 1 } }, operation: "flatten", separator: "__" }, { a__b: 1 }],
  [dataTransform, { value: [1, [2, [3]]], operation: "flatten" }, [1, 2, 3]],
  [
    dataTransform,
    { value: { "a.b": 1, "a.c": [2], d: 3 }, operation: "unflatten" },
    { a: { b: 1, c: [2] }, d: 3 },
  ],
  [dataTransform, { value: { "__proto__.x": 1 }, operation: "unflatten" }, proto({ x: 1 })],
  [
    dataTransform,
    { value: order, operation: "pick", fields: ["id", "customer.name", "none"] },
    { id: 7, customer: { name: "Ada" } },
  ],
  [
    dataTransform,
    { value: { a: 1, b: { c: 1, d: 2 } }, operation: "omit", fields: ["a", "b.c"] },
    { b: { d: 2 } },
  ],
  [
    dataTransform,
    { value: { a: 1, b: 2 }, operation: "rename", names: { a: "x", none: "y" } },
    { x: 1, b: 2 },
  ],
  [dataTransform, { value: { a: 1 }, operation: "rename", names: { a: "__proto__" } }, proto(1)],
  [
    dataTransform,
    { value: { a: "x", b: 2, c: null }, operation: "invert" },
    { x: "a", "2": "b", "": "c" },
  ],
  [dataTransform, { value: null, operation: "to_text" }, ""],
  [dataTransform, { value: { a: [1] }, operation: "to_text" }, '{"a":[1]}'],
  [dataTransform, { value: 1e21, operation: "to_text" }, "1e+21"],
  [dataTransform, { value: "-1.5e3", operation: "to_number" }, -1500],
  [dataTransform, { value: " .5 ", operation: "to_number" }, 0.5],
  [dataTransform, { value: true, operation: "to_number" }, 1],
  [dataTransform, { value: false, operation: "to_number" }, 0],
  [dataTransform, { value: 7, operation: "to_number" }, 7],
  [dataTransform, { value: " YES ", operation: "to_boolean" }, true],
  [dataTransform, { value: 0, operation: "to_boolean" }, false],
  [dataTransform, { value: true, operation: "to_boolean" }, true],

  [dataMap, { items: [{ a: { b: 1 } }, {}, null], field: "a.b" }, [1, null, null]],
  [dataMap, { items: { x: { a: 1 }, y: {} }, field: "a" }, { x: 1, y: null }],
  [dataMap, { items: [{ a: 1 }, {}], map: "(x) => x.a", onItemError: "null" }, [1, null]],
  [dataMap, { items: [{ a: 1 }, {}], map: "(x) => x.a", onItemError: "skip" }, [1]],
  [dataMap, { items: { p: { a: 1 }, q: {} }, map: "(x) => x.a", onItemError: "skip" }, { p: 1 }],
  [
    dataMap,
    { items: [], map: "(x) => x", onItemError: "report" },
    { results: [], succeeded: 0, failed: [] },
  ],
  [
    dataFilter,
    { items: { p: { a: 1 }, q: {} }, filter: "(x) => x.a", onItemError: "skip" },
    { p: { a: 1 } },
  ],
  [
    dataReduce,
    {
      items: [1, {}, 2],
      initial: 0,
      reduce: "(s, x) => s + x.toFixed(0).length",
      onItemError: "skip",
    },
    2,
  ],

  [
    dataGroup,
    { items: [{ a: 1 }, {}, { a: null }], field: "a", result: "object" },
    { "1": [{ a: 1 }], null: [{}, { a: null }] },
  ],
  [
    dataGroup,
    { items: [1, "1"], by: "(x) => x", result: "object", aggregates: { n: { op: "count" } } },
    { "1": 2 },
  ],
  [
    dataGroup,
    {
      items: [{ k: "a", n: 4 }, { k: "a", n: 1 }, { k: "a", n: 4 }, { k: "a" }],
      field: "k",
      result: "object",
      aggregates: {
        first: { op: "first", field: "n" },
        last: { op: "last", field: "n" },
        median: { op: "median", field: "n" },
        unique: { op: "unique", field: "n" },
      },
    },
    { a: { first: 4, last: 4, median: 4, unique: [4, 1] } },
  ],
  [
    dataGroup,
    {
      items: [{ k: "a", n: 1 }],
      field: "k",
      result: "object",
      withItems: true,
      aggregates: { n: { op: "sum", field: "n" } },
    },
    { a: { n: 1, items: [{ k: "a", n: 1 }] } },
  ],
  [
    dataGroup,
    {
      items: [{}],
      by: "() => '__proto__'",
      result: "object",
      aggregates: {
        median: { op: "median", field: "x" },
        first: { op: "first", field: "x" },
        last: { op: "last", field: "x" },
      },
    },
    proto({ median: null, first: null, last: null }),
  ],
  [
    dataGroup,
    { items: [1, 2, 3, 10], by: "() => 0", result: "object", aggregates: { m: { op: "median" } } },
    { "0": 2.5 },
  ],

  [
    dataJoin,
    {
      left: [
        { a: 1, b: 1, l: 1 },
        { a: 1, b: null, l: 2 },
      ],
      right: [
        { x: 1, b: 1, r: 1 },
        { x: 1, b: null, r: 2 },
      ],
      keys: [{ left: "a", right: "x" }, "b"],
      kind: "left",
    },
    [
      { left: { a: 1, b: 1, l: 1 }, right: { x: 1, b: 1, r: 1 } },
      { left: { a: 1, b: null, l: 2 }, right: null },
    ],
  ],
])("%# works", (node, config, output) => {
  expect(runNode(node, config)).toStrictEqual(output);
});

it.each([
  [dataExtract, { value: {} }, "exactly one of field, fields and path"],
  [dataExtract, { value: {}, field: "a", path: "$" }, "exactly one of field, fields and path"],
  [dataExtract, { value: {}, fields: {} }, "fields"],
  [dataExtract, { value: {}, fields: { a: 1 } }, "fields"],
  [
    dataExtract,
    { value: order, field: "customer.x.y", missing: "fail" },
    'customer.x.y is missing: value.customer is an object (name, city) without "x"',
  ],
  [
    dataExtract,
    { value: order, fields: ["lines.5"], missing: "fail" },
    'value.lines is a list of 2 without "5"',
  ],
  [dataExtract, { value: 5, field: "a", missing: "fail" }, "value is a number without"],
  [
    dataExtract,
    { value: order, field: "customer.city.zip", missing: "fail" },
    "value.customer.city is null",
  ],
  [dataExtract, { value: {}, path: "lines" }, "path: "],
  [dataExtract, { value: {}, path: "$.__proto__" }, "path: "],
  [dataMerge, { values: [{ a: 1 }, [1]] }, "both lists and objects"],
  [dataMerge, { values: [1] }, "list of objects or of lists"],
  [dataMerge, { values: { a: 1 } }, "list of objects or of lists"],
  [
    dataMerge,
    { values: [{ a: { b: 1 } }, { a: { b: 2 } }], deep: true, conflict: "fail" },
    "different values of a.b",
  ],
  [dataTransform, { value: 1, operation: "explode" }, "operation"],
  [dataTransform, { value: {}, operation: "pick" }, "fields: is needed by pick"],
  [dataTransform, { value: {}, operation: "keys", fields: ["a"] }, "fields: is not used by keys"],
  [
    dataTransform,
    { value: {}, operation: "flatten", names: {} },
    "names: is not used by flatten, which takes separator",
  ],
  [
    dataTransform,
    { value: {}, operation: "rename", names: { a: 1 } },
    'must be an object of names at "a"',
  ],
  [dataTransform, { value: {}, operation: "rename", names: 7 }, "must be an object of names"],
  [dataTransform, { value: 1, operation: "to_object" }, "to_object needs a list or an object"],
  [dataTransform, { value: [1], operation: "to_object" }, "item 0 is neither"],
  [
    dataTransform,
    { value: [{ id: {} }], operation: "to_object", key: "id" },
    "item 0 has no text or number in id",
  ],
  [
    dataTransform,
    {
      value: [
        ["a", 1],
        ["a", 1],
      ],
      operation: "to_object",
      duplicates: "fail",
    },
    'item 1 has the key "a" once more',
  ],
  [dataTransform, { value: null, operation: "keys" }, "is null; keys needs"],
  [dataTransform, { value: "x", operation: "flatten" }, "is a string; flatten needs"],
  [
    dataTransform,
    { value: { "a.b": 1, a: { b: 2 } }, operation: "flatten" },
    "two fields would be named",
  ],
  [dataTransform, { value: [1], operation: "unflatten" }, "is a list; unflatten needs an object"],
  [
    dataTransform,
    { value: { a: 1, "a.b": 2 }, operation: "unflatten" },
    "both a value and an object",
  ],
  [
    dataTransform,
    { value: { "a.b": 2, a: 1 }, operation: "unflatten" },
    "both a value and an object",
  ],
  [dataTransform, { value: [], operation: "pick", fields: ["a"] }, "pick needs an object"],
  [dataTransform, { value: [], operation: "omit", fields: ["a"] }, "omit needs an object"],
  [dataTransform, { value: [], operation: "rename", names: {} }, "rename needs an object"],
  [
    dataTransform,
    { value: { a: 1, b: 2 }, operation: "rename", names: { a: "b" } },
    'two fields would be named "b"',
  ],
  [dataTransform, { value: [], operation: "invert" }, "invert needs an object"],
  [dataTransform, { value: { a: {} }, operation: "invert" }, "cannot be a name"],
  [dataTransform, { value: "12x", operation: "to_number" }, '"12x" is not a number'],
  [dataTransform, { value: "", operation: "to_number" }, "is not a number"],
  [dataTransform, { value: "0x10", operation: "to_number" }, "is not a number"],
  [dataTransform, { value: "1e999", operation: "to_number" }, "is not a number"],
  [dataTransform, { value: "Infinity", operation: "to_number" }, "is not a number"],
  [dataTransform, { value: null, operation: "to_number" }, "is not a number"],
  [dataTransform, { value: "maybe", operation: "to_boolean" }, "neither true nor false"],
  [dataTransform, { value: 2, operation: "to_boolean" }, "neither true nor false"],
  [dataTransform, { value: [], operation: "to_boolean" }, "neither true nor false"],
  [dataMap, { items: [1], map: "(x) => x", field: "a" }, "exactly one of map and field"],
  [dataMap, { items: [1] }, "exactly one of map and field"],
  [
    dataGroup,
    { items: [{ n: "x" }], by: "() => 0", aggregates: { m: { op: "median", field: "n" } } },
    "median needs numbers",
  ],
  [dataJoin, { left: [], right: [], on: "a", keys: ["b"] }, "exactly one of on, keys"],
  [dataJoin, { left: [], right: [], keys: ["b"], leftBy: "(x) => x" }, "exactly one of on, keys"],
])("%# refuses its config and says why", (node, config, message) => {
  expect(runNode(node, config)).toMatchObject({
    code: "config_invalid",
    retryable: false,
    message: expect.stringContaining(message),
  });
});

it("faults of items are reported beside what came of the others", () => {
  const items = [{ a: 1 }, {}, { a: 3 }];
  const fault = {
    index: 1,
    error: { code: "expression_failed", message: expect.stringContaining("items[1]: ") },
  };
  expect(runNode(dataMap, { items, map: "(x) => x.a", onItemError: "report" })).toEqual({
    results: [1, null, 3],
    succeeded: 2,
    failed: [fault],
  });
  expect(runNode(dataFilter, { items, filter: "(x) => x.a > 1", onItemError: "report" })).toEqual({
    results: [{ a: 3 }],
    skipped: 1,
    failed: [fault],
  });
  const reduce = { initial: 0, reduce: "(sum, x) => sum + x.a", onItemError: "report" };
  expect(runNode(dataReduce, { items, ...reduce })).toEqual({
    result: 4,
    succeeded: 2,
    failed: [fault],
  });
});

it("a passed limit fails the step whatever is asked for items", () => {
  const items = Array.from({ length: 5000 }, (_, index) => index);
  const map = "(x) => range(200).map((y) => range(10).map((z) => y * z))";
  for (const onItemError of ["null", "skip", "report"])
    expect(runNode(dataMap, { items, map, onItemError })).toMatchObject({
      code: "limit_exceeded",
      details: { limit: "fuel" },
    });
});

it("limits on sizes are named", () => {
  const half = new Array<number>(ITEMS_MAX / 2 + 1).fill(0);
  expect(runNode(dataMerge, { values: [half, half] })).toMatchObject({
    code: "limit_exceeded",
    details: { limit: "items" },
  });
  const deep = { [new Array(300).fill("a").join(".")]: 1 };
  expect(runNode(dataTransform, { value: deep, operation: "unflatten" })).toMatchObject({
    code: "limit_exceeded",
    details: { limit: "depth" },
  });
});

it("merging many objects takes time in their fields, not in their square", () => {
  const values = Array.from({ length: 50_000 }, (_, index) => ({ [`f${index}`]: { x: index } }));
  const startedMs = threadMs();
  expect(Object.keys(runNode(dataMerge, { values, deep: true }) as object)).toHaveLength(50_000);
  // Copying each time would take minutes.
  expect(threadMs() - startedMs).toBeLessThan(5_000);
});

it("sort_keys gives equal text for equal values", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).toReversed());
      const text = (given: unknown) =>
        JSON.stringify(runNode(dataTransform, { value: given, operation: "sort_keys" }));
      expect(text(reversed)).toBe(text(object));
    }),
  );
});

it("unflatten undoes flatten", () => {
  const name = fc.stringMatching(/^[a-z_]{1,5}$/);
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer()), fc.constant(null));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.dictionary(name, fc.oneof({ maxDepth: 4 }, leaf, tie("tree")), {
      minKeys: 1,
      maxKeys: 4,
    }),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const flat = runNode(dataTransform, { value, operation: "flatten" });
      expect(runNode(dataTransform, { value: flat, operation: "unflatten" })).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    }),
  );
});
