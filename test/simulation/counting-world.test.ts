/** Runs that count under crashes, commit faults and cancels: exactly once, whatever happens. */
import { expect, test } from "vitest";
import { playCounting } from "./counting-world.ts";

const SEEDS = 25;

test(`${SEEDS} seeds of the counting world keep every promise`, async () => {
  const met = { crashes: 0, lost: 0, undone: 0, cancelled: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await playCounting(seed).catch((fault: unknown) => {
      throw new Error(`seed ${seed}`, { cause: fault });
    });
    for (const name of Object.keys(met) as (keyof typeof met)[]) met[name] += report[name];
  }
  expect(met.crashes).toBeGreaterThan(SEEDS);
  expect(met.lost).toBeGreaterThan(SEEDS);
  expect(met.cancelled).toBeGreaterThan(SEEDS / 2);
  // Most sagas have counted and take it back; some were cancelled before they could.
  expect(met.undone).toBeGreaterThan(SEEDS * 4);
  expect(met.undone).toBeLessThan(SEEDS * 8);
});
