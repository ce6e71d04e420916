/** The plan of what happens to the database has all that was asked for, spread over the kills. */
import { expect, test } from "vitest";
import { seededRandom } from "../kernel/random-definition.ts";
import { planDisturbances } from "./disturbances.ts";

const LEASE_MS = 10_000;

function planned(kills: number, seed: number) {
  return planDisturbances(
    kills,
    { hosts: 3, restarts: 10, cuts: 40, fulls: 2 },
    { random: seededRandom(seed), leaseMs: LEASE_MS },
  );
}

test("every disturbance has a kill of its own, from the first to the last tenth", () => {
  const plan = planned(200, 1);
  const kinds = [...plan.values()].map(({ kind }) => kind);
  expect(plan.size).toBe(52);
  expect(kinds.filter((kind) => kind === "restart")).toHaveLength(10);
  expect(kinds.filter((kind) => kind === "full")).toHaveLength(2);
  expect(new Set(kinds).size).toBe(5);
  expect(Math.min(...plan.keys())).toBeLessThan(20);
  expect(Math.max(...plan.keys())).toBeLessThan(200);
  expect(Math.max(...plan.keys())).toBeGreaterThan(180);
});

test("some outlast a lease: for all hosts, and for a single one whose runs others then take", () => {
  for (const seed of [1, 2, 3]) {
    const long = [...planned(200, seed).values()].filter(
      ({ kind, forMs }) => kind !== "cut" && forMs > LEASE_MS,
    );
    expect(long.some(({ kind }) => kind === "restart")).toBe(true);
    expect(long.some(({ host }) => host !== null)).toBe(true);
    expect(long.length).toBeLessThan(26);
  }
});
