/**
 * Property: whether a plan is optimised or not, and when that changes under a run, its journal is the
 * same to the byte. And the property can fail: each planted bug of the optimiser is found.
 */
import { describe, expect, test } from "vitest";
import { nextLine, startChild } from "../support/child-process.ts";
import { compareWorld } from "./optimised-worlds.ts";
import { OPTIMISER_PLANTS } from "./optimiser-plants.ts";

const SEEDS = Number(process.env["KERNEL_SEEDS"] ?? 500);
const FIRST_SEED = Number(process.env["KERNEL_SEED"] ?? 1);

test(`${SEEDS} random worlds, with the optimiser, without it, and with both`, () => {
  const sums = {
    ...{ events: 0, folded: 0, foldedVars: 0, varsSet: 0 },
    ...{ dead: 0, deadSettled: 0, ranked: 0, restarts: 0 },
  };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const facts = compareWorld(seed);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += facts[key];
  }
  if (SEEDS < 300) return;
  for (const [what, count] of Object.entries(sums)) expect(count, what).toBeGreaterThan(SEEDS / 20);
});

describe("planted bugs of the optimiser", () => {
  test.each(OPTIMISER_PLANTS)("$name: $harm", async ({ name }) => {
    await using child = startChild(new URL("./optimiser-planted.ts", import.meta.url), [name]);
    expect(await nextLine(child)).toMatch(/^found in /);
  });
});
