/** commit-overlap.ts, 3: what is gathered waits where that costs little, and something comes. */
import { expect, test } from "vitest";
import { CommitOverlap } from "#engine/embedded/commit-overlap.ts";

const TURNS = 20;

/** After commits of `commitMs` and turns that took `turnsMs` and came to `others`. */
function experienced(commitMs: number, turnsMs: number, others = TURNS): CommitOverlap {
  const overlap = new CommitOverlap(100);
  for (let commit = 0; commit < 60; commit++) {
    overlap.answered(commitMs);
    overlap.cameTo(TURNS, others, turnsMs);
  }
  return overlap;
}

test("nothing is known at first: it is tried", () => {
  expect(new CommitOverlap(100).isWorthWaiting(TURNS)).toBe(true);
});

test.each([
  ["a slow disk", experienced(20, 0.4), true],
  ["a server that others keep busy", experienced(3, 0.4), true],
  ["a quick writer", experienced(0.8, 0.4), false],
  ["attempts that take long: nothing comes", experienced(20, 0.4, 0), false],
  ["few of them are at once over", experienced(20, 0.4, 2), true],
])("%s: waits %#", (_, overlap, waits) => {
  expect(overlap.isWorthWaiting(TURNS)).toBe(waits);
});

test("where nothing came it is tried again now and then, and found out when something does", () => {
  const overlap = experienced(20, 0.4, 0);
  const tries = Array.from({ length: 256 }, () => overlap.isWorthWaiting(TURNS));
  expect(tries.filter(Boolean)).toHaveLength(4);
  for (let time = 0; time < 4; time++) overlap.cameTo(TURNS, TURNS, 0.4);
  expect(overlap.isWorthWaiting(TURNS)).toBe(true);
});
