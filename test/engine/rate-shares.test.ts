/** What hosts do with tokens of a rate, on simulated time: schedulers, one store, calls that take time and fail. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RateGate, SlotClaim } from "#engine/admission/claim.ts";
import { Scheduler } from "#engine/admission/scheduler.ts";
import { Look, slotWait } from "#engine/admission/slot-wait.ts";
import { RateShares } from "#engine/hosts/rate-shares.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { SharedRates } from "#ports/shared-rates.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";
import { MemoryRates } from "../support/memory-rates.ts";

const gateOf = (limit: number, perMs: number): RateGate => ({
  ...{ kind: "rate_limit", name: "rate:k", key: "k", limit, perMs },
});

function claimOf(slot: string, gate: RateGate): SlotClaim {
  return {
    ...{ slot, tenant: "t", runId: "run", path: slot, priority: 5, rank: 0, sinceMs: 0 },
    ...{ deadlineAtMs: null, gates: [gate] },
  };
}

interface World {
  readonly clock: SimulatedClock;
  readonly rates: MemoryRates;
  /** Instants of starts on all hosts. */
  readonly startsMs: number[];
  readonly warnings: string[];
  calls: number;
  /** What the next calls come to: done, done without an answer, or refused. */
  network(): "done" | "unanswered" | "refused";
  /** Between a grant and its start; null: it is given back instead. */
  startDelayMs(): number | null;
}

function worldOf(more: Partial<World> = {}): World {
  const clock = new SimulatedClock(1_000);
  const rates = new MemoryRates(() => clock.monotonicMs());
  const none: World = {
    ...{ clock, rates, startsMs: [], warnings: [], calls: 0 },
    ...{ network: () => "done", startDelayMs: () => 0 },
  };
  return Object.assign(none, more);
}

const after = (clock: SimulatedClock, delayMs: number) =>
  new Promise<void>((resolve) => void clock.after(delayMs, resolve));

function joinHost(world: World, host: number) {
  const { clock, rates } = world;
  const take: SharedRates["take"] = async (demands, reports) => {
    world.calls++;
    await after(clock, 1);
    const how = world.network();
    const grants = how === "refused" ? [] : await rates.take(demands, reports);
    await after(clock, 1);
    if (how !== "done") throw new LockstitchError("store_unavailable", "it is away");
    return grants;
  };
  const slots: Scheduler = new Scheduler({
    ...{ clock, bound: 1_000 },
    onGrant({ claim }) {
      const delayMs = world.startDelayMs();
      clock.after(delayMs ?? 1, () => {
        if (delayMs === null) return slots.release(claim.slot);
        slots.started(claim.slot);
        world.startsMs.push(clock.monotonicMs());
        clock.after(5, () => slots.release(claim.slot));
      });
    },
  });
  const shares = new RateShares({
    ...{ rates: { take }, host, slots, clock, random: { next: () => 0.5 } },
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_, text) => void world.warnings.push(text),
      error: () => undefined,
    },
    defer: (work) => void clock.after(0, work),
  });
  return { slots, shares };
}

function greatestWindow(startsMs: readonly number[], perMs: number): number {
  const sorted = startsMs.toSorted((a, b) => a - b);
  return Math.max(
    ...sorted.map((atMs, at) => sorted.findLastIndex((it) => it < atMs + perMs) - at + 1),
  );
}

describe("rates that hosts share", () => {
  test("in no window do more begin than the limit, whatever is late or fails, and all begin", async () => {
    const network = fc.constantFrom("done", "done", "done", "unanswered", "refused");
    const delay = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant(null));
    await fc.assert(
      fc.asyncProperty(
        fc.array(network, { minLength: 1, maxLength: 30 }),
        fc.array(delay, { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 20, maxLength: 40 }),
        async (networks, delays, arrivals) => {
          const gate = gateOf(4, 300);
          let call = 0;
          let start = 0;
          const world = worldOf({
            network: () => networks[call++] ?? "done",
            startDelayMs: () => (start < delays.length ? (delays[start++] ?? null) : 0),
          });
          const hosts = [1, 2, 3].map((host) => joinHost(world, host));
          for (const [at, atMs] of arrivals.entries())
            world.clock.after(atMs, () => hosts[at % 3]?.slots.request(claimOf(`c${at}`, gate)));
          await world.clock.advanceBy(120_000);
          const given = delays.slice(0, start).filter((it) => it === null).length;
          expect(world.startsMs.length).toBe(arrivals.length - given);
          expect(greatestWindow(world.startsMs, 300)).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("with a store that answers, windows are used up: nobody waits for what is free", async () => {
    const world = worldOf();
    const hosts = [1, 2, 3].map((host) => joinHost(world, host));
    const gate = gateOf(10, 1_000);
    for (let at = 0; at < 60; at++) hosts[at % 3]?.slots.request(claimOf(`c${at}`, gate));
    await world.clock.advanceBy(5_500);
    expect(world.startsMs).toHaveLength(60);
    expect(greatestWindow(world.startsMs, 1_000)).toBe(10);
    // A window is a few calls of each host, not one for each claim or millisecond.
    expect(world.calls).toBeLessThan(6 * 3 * 4);
  });

  test("what is not used is given back within moments, and when the host stops", async () => {
    const gate = gateOf(2, 60_000);
    const world = worldOf({ startDelayMs: () => null });
    const [a, b] = [joinHost(world, 1), joinHost(world, 2)];
    a.slots.request(claimOf("a1", gate));
    a.slots.request(claimOf("a2", gate));
    await world.clock.advanceBy(100);
    world.startDelayMs = () => 0;
    b.slots.request(claimOf("b1", gate));
    await world.clock.advanceBy(100);
    expect(world.startsMs).toHaveLength(1);
    // Asked for two claims of which one goes away while the answer is under way.
    const c = joinHost(world, 3);
    const wide = gateOf(9, 60_000);
    c.slots.request(claimOf("c1", wide));
    c.slots.request(claimOf("c2", wide));
    await world.clock.advanceBy(1);
    c.slots.release("c2");
    await world.clock.advanceBy(100);
    const left = async () => {
      const demand = { name: "rate:k", limit: 9, perMs: 60_000, wanted: ["x", "y", "z", "u", "v"] };
      const [grant] = await world.rates.take([{ ...demand, limit: 5 }], []);
      const back = demand.wanted.map((token) => ({
        name: "rate:k",
        token,
        perMs: 1,
        startedAgoMs: null,
      }));
      await world.rates.take([], back);
      return grant?.granted;
    };
    expect(await left()).toBe(2);
    await world.clock.advanceBy(1_200);
    expect(await left()).toBe(3);
    // The host stops with one that it has not used.
    c.slots.request(claimOf("c3", wide));
    c.slots.request(claimOf("c4", wide));
    await world.clock.advanceBy(1);
    c.slots.release("c4");
    await world.clock.advanceBy(10);
    const closed = c.shares.close();
    await world.clock.advanceBy(10);
    await closed;
    expect(await left()).toBe(2);
  });

  test("while nobody counts nothing starts; one warning, and it goes on by itself", async () => {
    const world = worldOf({ network: () => "refused" });
    const a = joinHost(world, 1);
    a.slots.request(claimOf("a1", gateOf(2, 1_000)));
    await world.clock.advanceBy(20_000);
    expect(world.startsMs).toEqual([]);
    expect(world.warnings).toEqual(["starts cannot be counted; rate limits wait"]);
    expect(world.calls).toBeLessThan(25);
    world.network = () => "done";
    await world.clock.advanceBy(2_100);
    expect(world.startsMs).toHaveLength(1);
  });

  test("what was granted or told without an answer is told again", async () => {
    const answers: ("done" | "unanswered" | "refused")[] = ["unanswered", "done", "refused"];
    const world = worldOf({ network: () => answers.shift() ?? "done" });
    const a = joinHost(world, 1);
    const gate = gateOf(2, 1_000);
    for (const slot of ["a1", "a2", "a3"]) a.slots.request(claimOf(slot, gate));
    await world.clock.advanceBy(500);
    // Tokens that nobody heard of are given back, and its start counts from when it began.
    expect(world.startsMs).toHaveLength(2);
    await world.clock.advanceBy(1_000);
    expect(world.startsMs).toHaveLength(3);
    expect(answers).toEqual([]);
  });

  test("a limit that is far away is asked for ahead, and what is left is given back", async () => {
    const world = worldOf();
    const a = joinHost(world, 1);
    const gate = gateOf(400, 60_000);
    let asked = 0;
    const { rates } = world;
    const take = rates.take.bind(rates);
    rates.take = async (demands, reports) => {
      asked += demands.length;
      return await take(demands, reports);
    };
    for (let at = 0; at < 41; at++) {
      a.slots.request(claimOf(`c${at}`, gate));
      await world.clock.advanceBy(10);
    }
    expect(world.startsMs).toHaveLength(41);
    expect(asked).toBe(21);
    await world.clock.advanceBy(2_200);
    const wanted = Array.from({ length: 400 }, (_, at) => `look-${at}`);
    const [left] = await take([{ name: "rate:k", limit: 400, perMs: 60_000, wanted }], []);
    expect(left?.granted).toBe(400 - 41);
  });

  test("each limit of a name is held to its own, and the forecast is the store's", async () => {
    const world = worldOf();
    const [a, b] = [joinHost(world, 1), joinHost(world, 2)];
    const [high, low] = [gateOf(5, 10_000), gateOf(2, 10_000)];
    for (let at = 0; at < 4; at++) a.slots.request(claimOf(`a${at}`, high));
    await world.clock.advanceBy(100);
    for (let at = 0; at < 6; at++) b.slots.request(claimOf(`low${at}`, low));
    await world.clock.advanceBy(100);
    expect(world.startsMs).toHaveLength(4);
    const wait = (slot: string) =>
      slotWait(b.slots, slot, new Look(world.clock))?.estimateMs ?? Number.NaN;
    expect(wait("low0")).toBeGreaterThan(9_700);
    expect(wait("low0")).toBeLessThanOrEqual(9_900);
    expect(wait("low5") - wait("low0")).toBe(20_000);
    await world.clock.advanceBy(9_900);
    expect(world.startsMs).toHaveLength(6);
  });
});
