/** slow-types.ts: who is slow, and who was only kept waiting by a busy machine. */
import { expect, test } from "vitest";
import { SlowTypes } from "#engine/embedded/slow-types.ts";

test("S1: one evaluation that used the processor too long is the type's doing", () => {
  const types = new SlowTypes();
  expect(types.overran("a", 51)).toBe(true);
  expect(types.has("a")).toBe(false);
  types.add("a");
  expect([types.has("a"), types.has("b")]).toEqual([true, false]);
});

test("S2: one that only took long by the clock is, when it happens three times in a row", () => {
  const types = new SlowTypes();
  expect([types.overran("a", 0), types.overran("a", 0)]).toEqual([false, false]);
  types.quick("a");
  expect([types.overran("a", 0), types.overran("b", 0), types.overran("a", 0)]).toEqual([
    false,
    false,
    false,
  ]);
  types.quick("b");
  expect(types.overran("a", 0)).toBe(true);
});
