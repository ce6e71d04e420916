/** What a look at the store's breakers says of those in memory, on simulated time. */
import { expect, test } from "vitest";
import type { BreakerMeter } from "#engine/admission/breaker-meter.ts";
import type { BreakerGate } from "#engine/admission/claim.ts";
import { Scheduler } from "#engine/admission/scheduler.ts";
import { SharedBreakers } from "#engine/hosts/shared-breakers.ts";
import type { HostNotice, Hosts } from "#ports/hosts.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";

const GATE: BreakerGate = {
  ...{ kind: "circuit_breaker", name: "breaker:k", key: "k" },
  ...{ failureThreshold: 1, resetAfterMs: 3_600_000 },
};

type Found = Awaited<ReturnType<NonNullable<Hosts["openBreakers"]>>>;

function openWorld() {
  const clock = new SimulatedClock(1_000_000);
  const looks: { readonly resolve: (found: Found) => void; readonly reject: (e: Error) => void }[] =
    [];
  const told: number[] = [];
  let notice: (notice: HostNotice) => void = () => undefined;
  const hosts = {
    leaseMs: 3_000,
    openBreakers: () => new Promise<Found>((resolve, reject) => looks.push({ resolve, reject })),
    tell: async (host: number) => void told.push(host),
    onNotice: (listener: typeof notice) => {
      notice = listener;
      return () => undefined;
    },
  } as unknown as Hosts;
  const slots = new Scheduler({ clock, bound: 10, onGrant: () => undefined });
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  const breakers = new SharedBreakers({
    ...{ hosts, slots, clock, logger: { ...logger, error: () => undefined } },
    others: () => [7],
  });
  const isOpen = () => (slots.meter(GATE.name) as BreakerMeter | undefined)?.openedAtMs != null;
  const row = () => ({
    ...{ name: GATE.name, failures: 1, openedAtMs: clock.nowMs(), resetAfterMs: 3_600_000 },
    untilMs: clock.nowMs() + 7_200_000,
  });
  const say = (what: HostNotice) => notice(what);
  return { clock, looks, told, slots, breakers, isOpen, row, say };
}

test("an outcome that came in while a look was under way is newer than what the look found", async () => {
  const { clock, looks, told, slots, breakers, isOpen, row, say } = openWorld();
  say("breakers");
  await clock.advanceBy(30);
  expect(looks).toHaveLength(1);
  slots.outcome(GATE, { isProbe: false, hasFailed: true });
  expect(isOpen()).toBe(true);
  looks[0]?.resolve([]);
  await clock.advanceBy(30);
  expect(isOpen()).toBe(true);
  expect(told).toEqual([7]);
  // The next one has begun behind it.
  expect(looks).toHaveLength(2);
  slots.outcome(GATE, { isProbe: true, hasFailed: false });
  looks[1]?.resolve([row()]);
  await clock.advanceBy(30);
  expect(isOpen()).toBe(false);
  looks[2]?.resolve([]);
  await clock.advanceBy(30);
  expect(isOpen()).toBe(false);
  breakers.close();
});

test("a look opens and closes; one that fails changes nothing, and the next comes by itself", async () => {
  const { clock, looks, told, breakers, isOpen, row, say } = openWorld();
  say("runs");
  await clock.advanceBy(999);
  expect(looks).toHaveLength(0);
  await clock.advanceBy(1);
  looks[0]?.resolve([row()]);
  await clock.advanceBy(1_000);
  expect(isOpen()).toBe(true);
  looks[1]?.reject(new Error("the store is away"));
  await clock.advanceBy(1_000);
  expect(isOpen()).toBe(true);
  looks[2]?.resolve([]);
  await clock.advanceBy(10);
  expect(isOpen()).toBe(false);
  expect(told).toEqual([]);
  breakers.close();
  say("breakers");
  await clock.advanceBy(10_000);
  expect(looks).toHaveLength(3);
});
