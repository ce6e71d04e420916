/**
 * The checks of the simulation are proven by bugs: each planted one must be found, all but the rarest
 * within 500 seeds.
 */
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { findPlanted } from "./find-planted.ts";
import { FOUND_AT, PLANTS, planted } from "./plants.ts";

test("there are at least ten, each with a name of its own", () => {
  expect(PLANTS.length).toBeGreaterThanOrEqual(10);
  const names = PLANTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(PLANTS.length);
  expect(names).toEqual(expect.arrayContaining(Object.keys(FOUND_AT)));
  const rare = Object.entries(FOUND_AT).filter(([, seed]) => seed > 500);
  // Which they are changes with the worlds; of undone sagas, large values and late hosts so far.
  expect(rare.length, String(rare)).toBeLessThanOrEqual(3);
});

test("each fits its file", () => {
  for (const plant of PLANTS) planted(plant);
});

/** Each search has a process of its own: so many at once. */
const turns = Array.from({ length: Math.max(2, availableParallelism()) }, () => Promise.resolve());
let next = 0;

/** Runs `work` when its turn has come. */
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const at = next++ % turns.length;
  const result = (turns[at] ?? Promise.resolve()).then(work);
  turns[at] = result.then(
    () => {},
    () => {},
  );
  return result;
}

test.concurrent.each(PLANTS)("$name: $harm", { timeout: 600_000 }, async ({ name }) => {
  const { seed, code, text } = await inTurn(() => findPlanted(name));
  expect(seed, text).not.toBeNull();
  expect(code).toBe(1);
});
