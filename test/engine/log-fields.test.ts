/** log-fields.ts, F1: what a node logs is looked through for a bounded time, whatever it is. */
import { expect, test } from "vitest";
import { plainFields } from "#engine/embedded/log-fields.ts";

/** The same list four times in each of `depth` lists: 4 ** depth of them to walk, `depth` to hold. */
function shared(leaf: unknown, depth: number): unknown {
  let list = leaf;
  for (let at = 0; at < depth; at++) list = [list, list, list, list];
  return list;
}

test.each([
  ["nulls", new Array(100_000).fill(null)],
  ["holes", new Array(100_000)],
  ["empty lists", Array.from({ length: 100_000 }, () => [])],
  ["empty objects", Array.from({ length: 100_000 }, () => ({}))],
  ["empty maps in a set", new Set(Array.from({ length: 100_000 }, () => new Map()))],
  ["lists that share their items", shared([], 10)],
])("%s without end are left out, and that is said", (_what, list) => {
  expect(plainFields({ list })).toEqual({
    omitted: "The fields are more than 16384 characters of JSON.",
  });
});

test("what fits is kept as it is", () => {
  const fields = { none: null, empty: {}, list: [[], null, 1], missing: undefined };
  expect(plainFields(fields)).toEqual({ none: null, empty: {}, list: [[], null, 1] });
});
