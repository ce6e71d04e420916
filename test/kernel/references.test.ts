/** From references to values: what is missing is collected, what is lost says so (resolve-ref.ts). */
import { describe, expect, test } from "vitest";
import { NOT_LOADED, VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import { resolveRef } from "./resolve-ref.ts";

const FIELDS: Readonly<Record<string, unknown>> = {
  "1/input": { a: 1 },
  "2/values": [10, null, 30],
  "3/results": [{ v: 1 }, { at: 1, f: "input" }],
  "3/failed": [{ index: 1, error: { code: "x" } }],
  "4/results": [{ v: 3 }],
  "4/failed": null,
  "5/results": null,
  "6/results": [{ at: 9, f: "output" }, { v: 6 }],
  "7/results": [{ at: 8, f: "output" }, { v: 7 }],
  "8/output": VALUE_LOST,
  "9/output": NOT_LOADED,
  "10/results": VALUE_LOST,
  "11/results": [],
  "11/failed": VALUE_LOST,
  "12/results": NOT_LOADED,
  "12/failed": NOT_LOADED,
  "13/results": [],
  "13/failed": NOT_LOADED,
};

function resolve(ref: ValueRef): readonly [unknown, readonly string[]] {
  const missing: { seq: number; field: string }[] = [];
  const value = resolveRef(ref, (seq, field) => FIELDS[`${seq}/${field}`] ?? null, missing);
  return [value, missing.map(({ seq, field }) => `${seq}/${field}`)];
}

describe("a reference", () => {
  test.each<[ValueRef, unknown, readonly string[]]>([
    [{ v: 5 }, 5, []],
    [{ at: 1, f: "input" }, { a: 1 }, []],
    [{ at: 2, f: "values", i: 0 }, 10, []],
    [{ at: 2, f: "values", i: 1 }, null, []],
    [{ at: 2, f: "values", i: 5 }, null, []],
    [{ at: 8, f: "output" }, VALUE_LOST, []],
    [{ at: 8, f: "output", i: 1 }, VALUE_LOST, []],
    [{ at: 9, f: "output" }, NOT_LOADED, ["9/output"]],
    [{ at: 9, f: "output", i: 1 }, NOT_LOADED, ["9/output"]],
  ])("%j", (ref, value, missing) => {
    expect(resolve(ref)).toEqual([value, missing]);
  });

  test("without a list to collect in is resolved all the same", () => {
    expect(resolveRef({ at: 1, f: "input" }, () => NOT_LOADED)).toBe(NOT_LOADED);
    expect(resolveRef({ each: [1], succeeded: 0 }, () => null)).toEqual({
      ...{ results: [], succeeded: 0, failed: [] },
    });
  });
});

describe("the output of a loop", () => {
  test.each<[readonly number[], unknown, readonly string[]]>([
    [[], { results: [], succeeded: 7, failed: [] }, []],
    [
      [3, 4, 5],
      {
        results: [1, { a: 1 }, 3],
        ...{ succeeded: 7, failed: [{ index: 1, error: { code: "x" } }] },
      },
      [],
    ],
    [[3, 6], NOT_LOADED, ["9/output"]],
    [[6, 3], NOT_LOADED, ["9/output"]],
    [[7], VALUE_LOST, []],
    // What is lost outweighs what is missing, whichever comes first.
    [[6, 7], VALUE_LOST, ["9/output"]],
    [[7, 6], VALUE_LOST, ["9/output"]],
    [[10], VALUE_LOST, []],
    [[11], VALUE_LOST, []],
    [[12], NOT_LOADED, ["12/results", "12/failed"]],
    [[13, 12], NOT_LOADED, ["13/failed", "12/results", "12/failed"]],
    [[10, 12], VALUE_LOST, ["12/results", "12/failed"]],
    [[12, 11], VALUE_LOST, ["12/results", "12/failed"]],
    [[13, 10], VALUE_LOST, ["13/failed"]],
  ])("of chunks %j", (each, value, missing) => {
    expect(resolve({ each, succeeded: 7 })).toEqual([value, missing]);
  });
});
