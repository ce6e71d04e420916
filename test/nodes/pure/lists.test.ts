/** The list types at their edges: nothing, one, missing fields, equality, hostile names, limits. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { ITEMS_MAX } from "#nodes/pure/collection.ts";
import { identityOf } from "#nodes/pure/compare-json.ts";
import { dataChunk } from "#nodes/pure/data-chunk.ts";
import { dataCompact } from "#nodes/pure/data-compact.ts";
import { dataFind } from "#nodes/pure/data-find.ts";
import { dataFlatMap } from "#nodes/pure/data-flat-map.ts";
import { dataFlatten } from "#nodes/pure/data-flatten.ts";
import { dataPartition } from "#nodes/pure/data-partition.ts";
import { dataRange } from "#nodes/pure/data-range.ts";
import { dataReverse } from "#nodes/pure/data-reverse.ts";
import { dataSample } from "#nodes/pure/data-sample.ts";
import { dataSlice } from "#nodes/pure/data-slice.ts";
import { dataTranspose } from "#nodes/pure/data-transpose.ts";
import { dataUnique } from "#nodes/pure/data-unique.ts";
import { dataZip } from "#nodes/pure/data-zip.ts";
import { hostileNames, runNode } from "./run-node.ts";

const many = Array.from({ length: 1100 }, (_, index) => index);

it.each([
  [dataFind, { items: [], find: "(x) => true" }, null],
  [dataFind, { items: [1, 2, 3], find: "(x) => x > 1" }, 2],
  [dataFind, { items: [1, 2, 3], find: "(x) => x > 1", from: "end" }, 3],
  [dataFind, { items: [1, 2], find: "(x) => x > 5", result: "index" }, null],
  [dataFind, { items: [5, 6], find: "(x, i) => i == 1", result: "index" }, 1],
  [dataFind, { items: { a: 1, b: 2 }, find: "(x, key) => key == 'b'", result: "index" }, "b"],
  [
    dataFind,
    { items: [1, null], find: "(x) => x == null", result: "both" },
    { found: true, index: 1, item: null },
  ],
  [dataFind, { items: hostileNames(), find: "(x) => x == 1", result: "index" }, "__proto__"],

  [dataUnique, { items: [] }, []],
  [dataUnique, { items: [1, "1", true, null, null, 1] }, [1, "1", true, null]],
  [
    dataUnique,
    {
      items: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    },
    [{ a: 1, b: 2 }],
  ],
  [
    dataUnique,
    {
      items: [
        [1, 2],
        [2, 1],
        [1, 2],
      ],
    },
    [
      [1, 2],
      [2, 1],
    ],
  ],
  [dataUnique, { items: [{ id: 1 }, {}, { id: null }, {}], field: "id" }, [{ id: 1 }, {}]],
  [dataUnique, { items: ["a", "A", "b"], by: "(x) => x.toLowerCase()" }, ["a", "b"]],
  [dataUnique, { items: ["a", "A", "b"], by: "(x) => x.toLowerCase()", keep: "last" }, ["A", "b"]],
  [
    dataUnique,
    {
      items: [
        { n: { x: 1 }, k: 1 },
        { n: { x: 1 }, k: 2 },
      ],
      field: "n.x",
      keep: "last",
    },
    [{ n: { x: 1 }, k: 2 }],
  ],

  [dataChunk, { items: [], size: 2 }, []],
  [dataChunk, { items: [1, 2, 3], size: 10 }, [[1, 2, 3]]],
  [dataChunk, { items: [1, 2], size: 1 }, [[1], [2]]],
  [dataChunk, { items: [], parts: 3 }, []],
  [dataChunk, { items: [1, 2], parts: 3 }, [[1], [2]]],
  [dataChunk, { items: [1, 2, 3, 4], parts: 3 }, [[1, 2], [3], [4]]],

  [dataSlice, { items: [1, 2, 3, 4, 5], start: 0, end: 3 }, [1, 2, 3]],
  [dataSlice, { items: [1, 2, 3], start: 9 }, []],
  [dataSlice, { items: [1, 2, 3], start: -9, length: 2 }, [1, 2]],
  [dataSlice, { items: [1, 2, 3, 4], start: -2, length: 1 }, [3]],
  [dataSlice, { items: [1, 2, 3], start: 2, end: 1 }, []],
  [dataSlice, { items: [1, 2, 3], length: 0 }, []],
  [dataSlice, { items: [], start: 0, end: 3 }, []],

  [dataReverse, { items: [null, { a: 1 }, [2]] }, [[2], { a: 1 }, null]],

  [dataFlatten, { items: [] }, []],
  [dataFlatten, { items: [[], [[]], null, "ab"] }, [[], null, "ab"]],
  [dataFlatten, { items: [[1, [2, [3]]]], depth: 2 }, [1, 2, [3]]],
  [dataFlatten, { items: [[1]], depth: 0 }, [[1]]],
  [dataFlatten, { items: [[[[{ a: [1] }]]]], depth: "all" }, [{ a: [1] }]],

  [dataFlatMap, { items: [[1, 2], [3], 4] }, [1, 2, 3, 4]],
  [dataFlatMap, { items: [], field: "x" }, []],
  [dataFlatMap, { items: [{ x: [1] }, {}, { x: null }, { x: 2 }, null], field: "x" }, [1, 2]],
  [dataFlatMap, { items: [1, 2], map: "(x) => null" }, [null, null]],
  [dataFlatMap, { items: [1, 2], map: "(x, i) => [[i]]" }, [[0], [1]]],

  [dataZip, { lists: [] }, []],
  [dataZip, { lists: [[1, 2, 3]] }, [[1], [2], [3]]],
  [dataZip, { lists: [[1, 2], []] }, []],
  [
    dataZip,
    { lists: [[1, 2], []], fill: 0 },
    [
      [1, 0],
      [2, 0],
    ],
  ],
  [
    dataZip,
    { lists: [[null], ["x", "y"]], fill: null },
    [
      [null, "x"],
      [null, "y"],
    ],
  ],
  [dataZip, { lists: {} }, []],
  [
    dataZip,
    { lists: JSON.parse('{"__proto__":[1],"b":[2]}') as object },
    [JSON.parse('{"__proto__":1,"b":2}') as object],
  ],

  [dataPartition, { items: [], partition: "(x) => x" }, { passed: [], failed: [] }],
  [
    dataPartition,
    { items: [5, 15, 8], partition: "(x, i) => x > 10 || i == 2" },
    { passed: [15, 8], failed: [5] },
  ],

  [dataSample, { items: [], count: 3 }, []],
  [dataSample, { items: [1, 2, 3], count: 0 }, []],
  [dataSample, { items: [1, 2, 3], count: 10, method: "first" }, [1, 2, 3]],
  [dataSample, { items: [1, 2, 3], count: 10, method: "last" }, [1, 2, 3]],
  [dataSample, { items: [7] }, [7]],

  [dataRange, { end: 0 }, []],
  [dataRange, { end: 0, inclusive: true }, [0]],
  [dataRange, { start: 0, end: 10, step: 2, inclusive: true }, [0, 2, 4, 6, 8, 10]],
  [dataRange, { start: 0, end: 9, step: 2, inclusive: true }, [0, 2, 4, 6, 8]],
  [dataRange, { start: 3, end: 0, step: -1, inclusive: true }, [3, 2, 1, 0]],
  [dataRange, { start: 3, end: 0 }, []],
  [dataRange, { start: 1, end: 0, inclusive: true }, []],
  [dataRange, { start: 0, end: 0.3, step: 0.1, inclusive: true }, [0, 0.1, 0.2, 0.3]],
  [dataRange, { start: 0.1, end: 0.3, step: 0.1 }, [0.1, 0.2]],
  [dataRange, { start: 1e-7, end: 3e-7, step: 1e-7 }, [1e-7, 2e-7]],
  [dataRange, { start: 5, end: 5, onAway: "fail" }, []],

  [dataCompact, { items: [] }, []],
  [dataCompact, { items: [0, "", false, null, [], {}] }, [0, "", false, [], {}]],
  [dataCompact, { items: [0, "", false, null, [], {}], removeEmpty: true }, [0, false]],
  [dataCompact, { items: { a: null, b: "", c: 1 } }, { b: "", c: 1 }],
  [dataCompact, { items: [[null, 1], { a: null }], deep: true }, [[1], {}]],
  [dataCompact, { items: [[null], { a: [null] }], deep: true, removeEmpty: true }, []],
  [dataCompact, { items: hostileNames() }, hostileNames()],

  [dataTranspose, { rows: [] }, []],
  [dataTranspose, { rows: [[], []] }, []],
  [dataTranspose, { rows: [[1, 2, 3]] }, [[1], [2], [3]]],
  [dataTranspose, { rows: [[], [1]], fill: 0 }, [[0, 1]]],
])("%# works", (node, config, output) => {
  expect(runNode(node, config)).toStrictEqual(output);
});

it.each([
  [dataFind, { items: 5, find: "(x) => x" }, "items"],
  [dataFind, { items: [1] }, "find"],
  [dataUnique, { items: [1], by: "(x) => x", field: "a" }, "by"],
  [dataUnique, { items: { a: 1 } }, "items"],
  [dataChunk, { items: [1], size: 0 }, "size"],
  [dataChunk, { items: [1], size: 1.5 }, "size"],
  [dataChunk, { items: [1] }, "exactly one of size and parts"],
  [dataChunk, { items: [1], size: 1, parts: 1 }, "exactly one of size and parts"],
  [dataSlice, { items: "abc" }, "items"],
  [dataSlice, { items: [1], end: 1, length: 1 }, "one of end and length"],
  [dataSlice, { items: [1], length: -1 }, "length"],
  [dataReverse, { items: null }, "items"],
  [dataFlatten, { items: [], depth: -1 }, "depth"],
  [dataFlatMap, { items: [], map: "(x) => x", field: "a" }, "one of map and field"],
  [dataZip, { lists: [[1], 2] }, "lists"],
  [dataZip, { lists: "ab" }, "lists"],
  [dataZip, { lists: { a: 1 } }, "lists"],
  [dataPartition, { items: [1] }, "partition"],
  [dataSample, { items: [1], count: -1 }, "count"],
  [dataSample, { items: [1], method: "middle" }, "method"],
  [dataRange, { start: 0, end: 10, step: 0 }, "step: must not be 0"],
  [dataRange, { start: 10, end: 0, onAway: "fail" }, "from 10 to 0 it must be negative"],
  [dataRange, { start: 0, end: 1, step: -1, onAway: "fail" }, "must be positive"],
  [dataRange, { start: 0 }, "end"],
  [dataCompact, { items: null }, "items"],
  [dataTranspose, { rows: [[1, 2], [3]] }, "row 1 has 1 cells, the first row has 2"],
  [dataTranspose, { rows: [1, 2] }, "row 0 must be a list"],
])("%# refuses its config and says why", (node, config, message) => {
  expect(runNode(node, config)).toMatchObject({
    code: "config_invalid",
    retryable: false,
    message: expect.stringContaining(message),
  });
});

it.each([
  [dataFind, { items: [{ a: 1 }, {}], find: "(x) => x.a > 1" }],
  [dataUnique, { items: [{ a: 1 }, {}], by: "(x) => x.a" }],
  [dataFlatMap, { items: [{ a: 1 }, {}], map: "(x) => x.a" }],
  [dataPartition, { items: [{ a: 1 }, {}], partition: "(x) => x.a" }],
])("%# names the item at which the function failed", (node, config) => {
  expect(runNode(node, config)).toMatchObject({
    code: "expression_failed",
    message: expect.stringContaining("items[1]: "),
  });
});

it("names the key of an object's item", () => {
  const items = { "a b": {} };
  expect(runNode(dataFind, { items, find: "(x) => x.a" })).toMatchObject({
    message: expect.stringContaining('items["a b"]: '),
  });
});

it.each([
  [dataRange, { end: 1e6 + 1 }, "items"],
  [dataRange, { start: -1.7e308, end: 1.7e308 }, "items"],
  [dataRange, { end: 1, step: 1e-320 }, "items"],
  [dataZip, { lists: Array.from({ length: 1100 }, () => many) }, "cells"],
  [dataTranspose, { rows: Array.from({ length: 1100 }, () => many) }, "cells"],
  [dataFlatten, { items: Array.from({ length: 1100 }, () => many) }, "items"],
  [dataFlatMap, { items: Array.from({ length: 1100 }, () => ({ x: many })), field: "x" }, "items"],
])("%# stops at its limit and names it", (node, config, limit) => {
  expect(runNode(node, config)).toMatchObject({
    code: "limit_exceeded",
    details: { limit, max: ITEMS_MAX },
  });
});

it("lists at their greatest length are taken, longer ones are not", () => {
  const items = new Array<number>(ITEMS_MAX).fill(1);
  expect(runNode(dataSlice, { items, start: -1 })).toEqual([1]);
  expect(runNode(dataSlice, { items: [...items, 1] })).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(`at most ${ITEMS_MAX}`),
  });
});

it("a range rounds to the decimals of start and step, whatever they are", () => {
  const tenths = runNode(dataRange, { start: 0, end: 100, step: 0.1 }) as number[];
  expect(tenths).toHaveLength(1000);
  expect(tenths.every((value, index) => value === index / 10)).toBe(true);
});

it("chunks joined again are the list, and parts differ by one at most", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (items, n) => {
      const chunks = runNode(dataChunk, { items, size: n }) as number[][];
      expect(chunks.flat()).toEqual(items);
      expect(chunks.slice(0, -1).every((chunk) => chunk.length === n)).toBe(true);
      const parts = runNode(dataChunk, { items, parts: n }) as number[][];
      const sizes = parts.map((part) => part.length);
      expect(parts.flat()).toEqual(items);
      expect(parts).toHaveLength(Math.min(n, items.length));
      if (sizes.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

it("transposing twice gives the table again, and zip is transposing", () => {
  const table = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(fc.jsonValue(), { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    );
  fc.assert(
    fc.property(table, (rows) => {
      const turned = runNode(dataTranspose, { rows });
      expect(runNode(dataTranspose, { rows: turned })).toEqual(JSON.parse(JSON.stringify(rows)));
      expect(runNode(dataZip, { lists: rows })).toEqual(turned);
    }),
  );
});

it("partition loses nothing, unique keeps one of each", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 1 })), (items) => {
      const { passed, failed } = runNode(dataPartition, {
        items,
        partition: "(x, i) => i % 3 == 0",
      }) as { passed: unknown[]; failed: unknown[] };
      expect([...passed, ...failed].map(identityOf).sort()).toEqual(items.map(identityOf).sort());
      const unique = runNode(dataUnique, { items }) as unknown[];
      const identities = items.map((item) => identityOf(JSON.parse(JSON.stringify(item))));
      expect(unique.map(identityOf)).toEqual([...new Set(identities)]);
    }),
  );
});

it("a sample depends on its seed alone, holds no item twice and favours none", () => {
  const items = Array.from({ length: 10 }, (_, index) => index);
  const counts = new Array<number>(10).fill(0);
  const firsts = new Set<string>();
  for (let seed = 0; seed < 2000; seed += 1) {
    const drawn = runNode(dataSample, { items, count: 3, seed }) as number[];
    if (seed < 50) expect(runNode(dataSample, { items, count: 3, seed })).toEqual(drawn);
    expect(new Set(drawn).size).toBe(3);
    for (const item of drawn) counts[item] = (counts[item] ?? 0) + 1;
    firsts.add(drawn.join());
  }
  // 600 each on average; the standard deviation is 20.
  for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(120);
  expect(firsts.size).toBeGreaterThan(600);
});

it("a sample of everything is a shuffle, and number and text seeds are told apart by text only", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const drawn = runNode(dataSample, { items, count: 50, seed: 7 }) as number[];
  expect(drawn).not.toEqual(items);
  expect(drawn.toSorted((left, right) => left - right)).toEqual(items);
  expect(runNode(dataSample, { items, count: 50, seed: "7" })).toEqual(drawn);
  expect(runNode(dataSample, { items, count: 50, seed: 8 })).not.toEqual(drawn);
});
