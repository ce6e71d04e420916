/** The simulated world in the default run: a few hundred seeds, and every seed that once failed. */
import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 200);

/** Seeds that once failed, each with what it showed. */
const PINNED: readonly { readonly seed: number; readonly showed: string }[] = [
  {
    seed: 72,
    showed: "after a refused commit with nothing else to commit every call was refused for ever",
  },
];

test(`${SEEDS} seeds keep every promise`, { timeout: 120_000 }, async () => {
  const events = new Set<string>();
  let repeats = 0;
  let crashes = 0;
  let faults = 0;
  let memoAttempts = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await simulate(seed).catch((fault: Error) => {
      throw new Error(
        `seed ${seed} (npm run simulate -- --from ${seed} --seeds 1): ${fault.message}`,
        { cause: fault },
      );
    });
    for (const type of Object.keys(report.events)) events.add(type);
    repeats += report.repeats;
    crashes += report.crashes;
    faults += report.faults;
    memoAttempts += report.memoAttempts;
  }
  // A simulation in which nothing went wrong would show nothing.
  expect(Math.min(repeats, crashes, faults)).toBeGreaterThan(SEEDS / 10);
  expect(memoAttempts).toBeGreaterThan(SEEDS / 10);
  expect(events).toContain("step.memo_hit");
  if (SEEDS >= 200) expect(events.size).toBeGreaterThan(28);
});

test.each(PINNED)("seed $seed: $showed", async ({ seed }) => {
  await simulate(seed);
});
