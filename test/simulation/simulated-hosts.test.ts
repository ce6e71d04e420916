/** Hosts on a simulated disk share slots as those on a database do, and lose what they are told to lose. */
import { expect, test } from "vitest";
import type { SlotDemand } from "#ports/shared-slots.ts";
import type { HostStore, HostsFixture } from "../contract/hosts.ts";
import { ratesContract } from "../contract/shared-rates.ts";
import { sharedSlotsContract } from "../contract/shared-slots.ts";
import { startQuotasContract } from "../contract/start-quotas.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { type HostNetwork, SimulatedHost } from "./simulated-hosts.ts";
import { SimulatedOwners } from "./simulated-owners.ts";
import { SimulatedDisk } from "./simulated-store.ts";

const LEASE_MS = 10_000;
const ALIVE = { address: null, openRuns: 0, isDraining: false };

interface SimulatedFixture extends HostsFixture {
  readonly clock: SimulatedClock;
  readonly processes: readonly SimulatedHost[];
}

/** Time stands still unless a test moves it: what is due is woken all the time. */
async function open(network: Partial<HostNetwork> = {}): Promise<SimulatedFixture> {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  const owners = new SimulatedOwners(LEASE_MS, () => clock.monotonicMs());
  disk.data.owners = owners;
  const processes: SimulatedHost[] = [];
  let isOver = false;
  const pump = (async () => {
    while (!isOver) await clock.advanceBy(0);
  })();
  return {
    clock,
    processes,
    async join(name) {
      const host = new SimulatedHost({
        ...{ name, data: disk.data, owners, clock, others: () => processes },
        network: {
          ...{ delayMs: () => 0, isLost: () => false, isAnswerLost: () => false },
          ...network,
        },
      });
      processes.push(host);
      return disk.join(host, {}) as HostStore;
    },
    untilLapsed: () => clock.advanceBy(LEASE_MS),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await pump;
    },
  };
}

sharedSlotsContract("simulated", () => open());
startQuotasContract("simulated", () => open());
ratesContract("simulated", async () => {
  const fixture = await open();
  return {
    join: async () => {
      const { rates } = (await fixture.join("a")).hosts;
      if (rates === undefined) throw new Error("the hosts count no rates");
      return rates;
    },
    advance: (byMs) => fixture.clock.advanceBy(byMs),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});

const keeping: SlotDemand = {
  ...{ gate: "g", isOfRuns: false, limit: 1, inUse: 0, spare: 1, waiting: [], runs: [] },
};

test("what a call without an answer has done is done", async () => {
  let isAnswerLost = false;
  await using fixture = await open({ isAnswerLost: () => isAnswerLost });
  const [a, b] = [await fixture.join("a"), await fixture.join("b")];
  for (const { hosts } of [a, b]) await hosts.beat(ALIVE);
  isAnswerLost = true;
  const lost = a.hosts.slots.settle([keeping], 1);
  await expect(lost).rejects.toMatchObject({ code: "store_unavailable" });
  isAnswerLost = false;
  expect(await b.hosts.slots.settle([keeping], 1)).toMatchObject([{ held: 0, elsewhere: 1 }]);
  const nothing = { ...keeping, spare: 0 };
  expect(await a.hosts.slots.settle([nothing], 1)).toMatchObject([{ held: 0, elsewhere: 0 }]);
});

test("a host that was cut off takes nothing from others for a lease", async () => {
  await using fixture = await open();
  const [a, b] = [await fixture.join("a"), await fixture.join("b")];
  for (const { hosts } of [a, b]) await hosts.beat(ALIVE);
  expect(await a.hosts.slots.settle([keeping], 1)).toMatchObject([{ held: 1 }]);
  const [, cut] = fixture.processes;
  if (cut === undefined) throw new Error("there are two");
  cut.isCut = true;
  await fixture.clock.advanceBy(LEASE_MS + 1);
  cut.isCut = false;
  await b.hosts.beat(ALIVE);
  expect(await b.hosts.slots.settle([keeping], 1)).toMatchObject([{ held: 0, elsewhere: 1 }]);
  await fixture.clock.advanceBy(LEASE_MS + 1);
  await b.hosts.beat(ALIVE);
  await b.hosts.beat(ALIVE);
  expect(cut.isPatient).toBe(true);
});
