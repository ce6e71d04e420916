/** Several hosts on one disk, which die, stop, are cut off and have clocks of their own. */
import { expect, test } from "vitest";
import { type HostsReport, playHosts } from "./hosts-world.ts";

const SEEDS = 40;

test(`${SEEDS} seeds of the hosts' world keep every promise`, async () => {
  const met: Partial<Record<keyof HostsReport, number>> = {};
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await playHosts(seed).catch((fault: unknown) => {
      throw new Error(`seed ${seed}`, { cause: fault });
    });
    for (const name of Object.keys(report) as (keyof HostsReport)[])
      met[name] = (met[name] ?? 0) + report[name];
  }
  expect(met.runs).toBeGreaterThan(SEEDS * 20);
  expect(met.kills).toBeGreaterThan(SEEDS * 2);
  expect(met.cuts).toBeGreaterThan(SEEDS);
  expect(met.outages).toBeGreaterThan(SEEDS / 2);
  expect(met.stalls).toBeGreaterThan(SEEDS / 4);
  expect(met.stops).toBeGreaterThan(SEEDS);
  expect(met.repeats).toBeGreaterThan(SEEDS);
  expect(met.suspensions).toBeGreaterThan(SEEDS);
  expect(met.instants).toBeGreaterThan(SEEDS * 20);
  expect(met.events).toBeGreaterThan(SEEDS / 4);
  expect(met.calls).toBeGreaterThan(SEEDS / 4);
  expect(met.settles).toBeGreaterThan(SEEDS * 20);
  expect(met.handOvers).toBeGreaterThan(SEEDS * 5);
  expect(met.reclaimed).toBeGreaterThan(SEEDS);
  expect(met.full).toBeGreaterThan(SEEDS * 10);
  expect(met.keyedRuns).toBeGreaterThan(SEEDS * 5);
  expect(met.passedOn).toBeGreaterThan(SEEDS);
  expect(met.refused).toBeGreaterThan(SEEDS / 4);
  expect(met.displaced).toBeGreaterThan(SEEDS / 8);
  expect(met.paced).toBeGreaterThan(SEEDS * 5);
  expect(met.windowsFull).toBeGreaterThan(SEEDS * 2);
  expect(met.quotedRuns).toBeGreaterThan(SEEDS * 6);
  expect(met.quotaFull).toBeGreaterThan(SEEDS);
  expect(met.quotaRefused).toBeGreaterThan(SEEDS / 4);
});
