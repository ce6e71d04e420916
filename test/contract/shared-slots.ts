/** The promises L1 to L7 of src/ports/shared-slots.ts, for every adapter that has hosts. */
import { describe, expect, test } from "vitest";
import type { SlotDemand, SlotShare, WaitingClaims } from "#ports/shared-slots.ts";
import { seededRandom } from "../kernel/random-definition.ts";
import type { HostStore, HostsFixture } from "./hosts.ts";
import { ALICE, creation, turn } from "./store-fixture.ts";

const ALIVE = { address: null, openRuns: 0, isDraining: false };
const AGEING_MS = 60_000;
const GATE = "concurrency:alice/k";

/** Hosts that have a lease, and the store's clock. */
async function joined<const Names extends readonly string[]>(
  fixture: HostsFixture,
  ...names: Names
) {
  const stores: HostStore[] = [];
  let nowMs = 0;
  for (const name of names) {
    const store = await fixture.join(name);
    ({ nowMs } = await store.hosts.beat(ALIVE));
    stores.push(store);
  }
  return { nowMs, stores: stores as { readonly [At in keyof Names]: HostStore } };
}

function demand(of: Partial<SlotDemand> = {}): SlotDemand {
  return {
    ...{ gate: GATE, isOfRuns: false, limit: 1, inUse: 0, spare: 0, waiting: [], runs: [] },
    ...of,
  };
}

function claims(of: Partial<WaitingClaims> = {}): readonly WaitingClaims[] {
  return [{ limit: 1, priority: 5, sinceMs: 0, count: 1, ...of }];
}

async function settled(
  store: HostStore,
  of: Partial<SlotDemand>,
  ageingMs = AGEING_MS,
): Promise<SlotShare> {
  const [share, ...others] = await store.hosts.slots.settle([demand(of)], ageingMs);
  expect(others).toEqual([]);
  if (share === undefined) throw new Error("no answer");
  expect(share.gate).toBe(of.gate ?? GATE);
  return share;
}

/** A run of `store` that takes a slot with its first turn. */
function admitted(store: HostStore, runId: string, gate: string | null = GATE) {
  const { epoch } = store;
  return creation({ runId, epoch, rest: { slot: { gate, runId } } });
}

async function ends(store: HostStore, runId: string, rest = {}, epoch = store.epoch) {
  const over = { status: "succeeded", rest: { endedAtMs: 9, ...rest } } as const;
  const last = turn({ runId, epoch, seqs: [3, 3], ...over });
  expect(await store.journal.commit(`end ${runId}`, [last])).toEqual({ fenced: [] });
}

/** Slots of gates as hosts use them: each only what it was given, and what it offers no more from then on. */
class Users {
  used = new Map<string, number>();
  most = new Map<string, number>();

  add(gate: string, count: number): void {
    const now = (this.used.get(gate) ?? 0) + count;
    this.used.set(gate, now);
    this.most.set(gate, Math.max(this.most.get(gate) ?? 0, now));
  }
}

export function sharedSlotsContract(adapter: string, open: () => Promise<HostsFixture>): void {
  describe(`shared slots contract: ${adapter}`, () => {
    test("L1 hosts that settle at once never have more than the limit together", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b", "c");
      const limits = new Map([
        ["g/1", 1],
        ["g/2", 2],
        ["g/3", 5],
      ]);
      const users = new Users();
      let granted = 0;
      const works = stores.map(async (store, at) => {
        const random = seededRandom(at + 1);
        const held = new Map<string, number>();
        const inUse = new Map<string, number>();
        for (let round = 0; round < 60; round++) {
          if (round % 5 === 0) await store.hosts.beat(ALIVE);
          const gates = [...limits].filter(() => random() < 0.7);
          const demands = gates.map(([gate, limit]) => {
            // Some of what it uses ends; then it begins as many as it has room for.
            const ended = Math.floor(random() * ((inUse.get(gate) ?? 0) + 1));
            users.add(gate, -ended);
            inUse.set(gate, (inUse.get(gate) ?? 0) - ended);
            const begun = Math.floor(
              random() * ((held.get(gate) ?? 0) - (inUse.get(gate) ?? 0) + 1),
            );
            users.add(gate, begun);
            granted += begun;
            inUse.set(gate, (inUse.get(gate) ?? 0) + begun);
            held.set(gate, inUse.get(gate) ?? 0);
            const count = Math.floor(random() * 3);
            const priority = Math.floor(random() * 3);
            return demand({
              ...{ gate, limit, inUse: inUse.get(gate) ?? 0, spare: Math.floor(random() * 3) },
              waiting: count === 0 ? [] : claims({ limit, priority, count }),
            });
          });
          for (const share of await store.hosts.slots.settle(demands, AGEING_MS)) {
            const limit = limits.get(share.gate) ?? 0;
            expect(share.held).toBeGreaterThanOrEqual(inUse.get(share.gate) ?? 0);
            expect(share.held + share.elsewhere).toBeLessThanOrEqual(limit);
            held.set(share.gate, share.held);
          }
        }
      });
      await Promise.all(works);
      expect(granted).toBeGreaterThan(20);
      for (const [gate, limit] of limits)
        expect(users.most.get(gate) ?? 0).toBeLessThanOrEqual(limit);
    });

    test("L1 what a host uses counts although it is too much, and nobody is given any until it is less", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const wanting = { limit: 2, waiting: claims({ limit: 2 }) };
      expect(await settled(a, { limit: 2, inUse: 3 })).toMatchObject({ held: 3, elsewhere: 0 });
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 3 });
      expect(await settled(a, { limit: 2, inUse: 2 })).toMatchObject({
        held: 2,
        waitingElsewhere: 1,
      });
      expect(await settled(b, wanting)).toMatchObject({ held: 0 });
      expect(await settled(a, { limit: 2, inUse: 1 })).toMatchObject({ held: 1, elsewhere: 1 });
      expect(await settled(b, { limit: 2, inUse: 1 })).toMatchObject({ held: 1, elsewhere: 1 });
    });

    test("L1 each claim is held to its own limit", async () => {
      await using fixture = await open();
      const { stores, nowMs: sinceMs } = await joined(fixture, "a", "b", "c");
      const [a, b, c] = stores;
      await settled(a, { limit: 3, inUse: 1 });
      const low = { waiting: claims({ limit: 1, sinceMs }) };
      expect(await settled(b, low)).toMatchObject({ held: 0, elsewhere: 1 });
      const more = { limit: 3, waiting: claims({ limit: 3, sinceMs, count: 5 }) };
      expect(await settled(c, more)).toMatchObject({ held: 2, elsewhere: 1, waitingElsewhere: 1 });
    });

    test("L2 what it keeps stays while nobody wants it, and goes to who does when it asks", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const keeping = { limit: 4, inUse: 1, spare: 2 };
      expect(await settled(a, keeping)).toMatchObject({ held: 3, elsewhere: 0 });
      const wanting = { limit: 4, waiting: claims({ limit: 4, count: 2 }) };
      expect(await settled(b, wanting)).toMatchObject({ held: 1, waitingElsewhere: 0 });
      expect(await settled(a, keeping)).toMatchObject({ held: 2, elsewhere: 2 });
      expect(await settled(b, { limit: 4, inUse: 2 })).toMatchObject({ held: 2 });
      expect(await settled(a, { limit: 4, inUse: 1, spare: 9 })).toMatchObject({ held: 2 });
      expect(await settled(b, { limit: 4 })).toMatchObject({ held: 0, elsewhere: 2 });
      expect(await settled(a, { limit: 4, inUse: 1, spare: 9 })).toMatchObject({ held: 4 });
    });

    test("L3 the greatest effective priority goes first, then who was served least recently", async () => {
      await using fixture = await open();
      const { stores, nowMs } = await joined(fixture, "a", "b", "c");
      const [a, b, c] = stores;
      const of = (priority: number, waitedMs = 0) => ({
        waiting: claims({ priority, sinceMs: nowMs + 3_600_000 - waitedMs }),
      });
      expect(await settled(a, of(5))).toMatchObject({ held: 1 });
      await settled(b, of(1));
      await settled(c, of(5));
      expect(await settled(a, of(5))).toMatchObject({ held: 0, elsewhere: 1, waitingElsewhere: 1 });
      expect(await settled(c, { inUse: 1 })).toMatchObject({ held: 1 });
      // Both have been served; c later than a. b has waited for five periods by now.
      const old = { waiting: claims({ priority: 1, sinceMs: nowMs - 5 * AGEING_MS }) };
      expect(await settled(b, old)).toMatchObject({ held: 0, waitingElsewhere: 1 });
      expect(await settled(c, of(5))).toMatchObject({ held: 0 });
      expect(await settled(b, { inUse: 1 })).toMatchObject({ held: 1, waitingElsewhere: 2 });
      await settled(b, of(5));
      expect(await settled(a, { inUse: 1 })).toMatchObject({ held: 1, waitingElsewhere: 2 });
      await settled(a, of(5));
      expect(await settled(c, { inUse: 1 })).toMatchObject({ held: 1, waitingElsewhere: 2 });
    });

    test("L3 of several kinds of claims of a host the rest follow by their own priority", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b", "c");
      const [a, b, c] = stores;
      await settled(a, { limit: 4, inUse: 4 });
      const few = { ...claims({ limit: 4, priority: 9 })[0], count: 1 } as WaitingClaims;
      const many = { ...claims({ limit: 4, priority: 1 })[0], count: 9 } as WaitingClaims;
      // None of them has aged.
      const slow = Number.MAX_SAFE_INTEGER;
      await settled(b, { limit: 4, waiting: [many, few] }, slow);
      await settled(c, { limit: 4, waiting: claims({ limit: 4, priority: 5, count: 2 }) }, slow);
      expect(await settled(a, { limit: 4, inUse: 0 }, slow)).toMatchObject({
        held: 0,
        elsewhere: 4,
      });
      expect(await settled(c, { limit: 4, inUse: 2 }, slow)).toMatchObject({
        held: 2,
        waitingElsewhere: 8,
      });
      expect(await settled(b, { limit: 4, inUse: 2 }, slow)).toMatchObject({ held: 2 });
    });

    test("L4 shares of a host that has lapsed are free; it has what it uses, and its runs keep theirs", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const keeping = { limit: 2, spare: 2 };
      expect(await settled(a, { ...keeping, isOfRuns: true })).toMatchObject({ held: 2 });
      expect(await a.journal.commit("c", [admitted(a, "r")])).toEqual({ fenced: [] });
      await fixture.untilLapsed();
      await b.hosts.beat(ALIVE);
      const wanting = { limit: 2, isOfRuns: true, waiting: claims({ limit: 2, count: 2 }) };
      expect(await settled(b, wanting)).toMatchObject({
        ...{ held: 1, elsewhere: 1, waitingElsewhere: 0 },
        holders: [{ tenant: "alice", runId: "r" }],
      });
      expect(await settled(a, wanting)).toMatchObject({ held: 0, elsewhere: 2 });
      await a.hosts.beat(ALIVE);
      expect(await settled(a, wanting)).toMatchObject({ held: 0, elsewhere: 2 });
    });

    test("L4 a host that leaves has nothing any more", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      expect(await settled(a, { spare: 1 })).toMatchObject({ held: 1 });
      expect(await settled(b, { waiting: claims() })).toMatchObject({ held: 0 });
      await a.hosts.leave();
      expect(await settled(b, { waiting: claims() })).toMatchObject({ held: 1, elsewhere: 0 });
    });

    test("L5 a run takes its slot from its host's share, and has it until it ends, whoever drives it", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const wanting = { limit: 2, isOfRuns: true, waiting: claims({ limit: 2 }) };
      expect(await settled(a, wanting)).toMatchObject({ held: 1, elsewhere: 0 });
      expect(await a.journal.commit("c", [admitted(a, "r")])).toEqual({ fenced: [] });
      expect(await settled(a, { limit: 2, isOfRuns: true, spare: 9 })).toMatchObject({
        ...{ held: 1, elsewhere: 1, holders: [] },
      });
      expect(await a.journal.commit("d", [admitted(a, "s")])).toEqual({ fenced: [] });
      const holders = [{ tenant: "alice", runId: "r" }];
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 2, holders });
      // Said again it takes no other slot; a run of another tenant is another run.
      const slot = { gate: GATE, runId: "s" };
      const next = turn({ runId: "s", epoch: a.epoch, seqs: [3, 3], rest: { slot } });
      expect(await a.journal.commit("e", [next])).toEqual({ fenced: [] });
      const other = { ...admitted(a, "r"), tenant: "bob" };
      expect(await a.journal.commit("f", [other])).toMatchObject({ stale: ["bob/r"] });
      await a.hosts.release([{ tenant: "alice", runId: "r", epoch: a.epoch }]);
      const [head] = await b.hosts.claim(10);
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 2, holders });
      await ends(b, "r", {}, head?.epoch);
      expect(await settled(b, wanting)).toMatchObject({ held: 1, elsewhere: 1, holders: [] });
    });

    test("L5 a turn that takes a slot which its host does not have is stale", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a");
      const [a] = stores;
      const stale = { fenced: ["alice/r"], stale: ["alice/r"] };
      expect(await a.journal.commit("c", [admitted(a, "r")])).toEqual(stale);
      expect(await a.journal.head(ALICE, "r")).toBeNull();
      await settled(a, { isOfRuns: true, waiting: claims({ count: 2 }) });
      const group = [admitted(a, "q"), admitted(a, "r"), admitted(a, "free", null)];
      expect(await a.journal.commit("d", group)).toEqual(stale);
      expect(await settled(a, { isOfRuns: true })).toMatchObject({ held: 0, elsewhere: 1 });
    });

    test("L5 a run that goes on passes its slot on before the other one has begun", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const wanting = { isOfRuns: true, waiting: claims() };
      expect(await settled(a, wanting)).toMatchObject({ held: 1 });
      await a.journal.commit("c", [admitted(a, "r")]);
      const begins = { id: "m", tenant: "alice", toRunId: "r2", kind: "continue", body: "{}" };
      await ends(a, "r", { slot: { gate: GATE, runId: "r2" }, sends: [begins] });
      const holders = [{ tenant: "alice", runId: "r2" }];
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 1, holders });
      const begun = creation({ runId: "r2", epoch: a.epoch, rest: { consumes: ["m"] } });
      expect(await a.journal.commit("d", [begun])).toEqual({ fenced: [] });
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 1, holders });
      // It has another key.
      const without = { slot: { gate: null, runId: "r2" } };
      const last = turn({ runId: "r2", epoch: a.epoch, seqs: [3, 3], rest: without });
      expect(await a.journal.commit("e", [last])).toEqual({ fenced: [] });
      expect(await settled(b, wanting)).toMatchObject({ held: 1, elsewhere: 0, holders: [] });
    });

    test("L5 runs that were found again count from then on, those that are over do not", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const { epoch } = a;
      const group = ["r", "over"].map((runId) => creation({ runId, epoch }));
      await a.journal.commit("c", group);
      await ends(a, "over");
      const runs = ["r", "over", "never"].map((runId) => ({ tenant: "alice", runId }));
      expect(await settled(a, { isOfRuns: true, runs })).toMatchObject({ held: 0, elsewhere: 1 });
      const wanting = { isOfRuns: true, waiting: claims() };
      expect(await settled(b, wanting)).toMatchObject({ held: 0, elsewhere: 1 });
      // Of another gate it holds none then.
      await settled(a, { gate: "other", isOfRuns: true, runs: runs.slice(0, 1) });
      expect(await settled(b, wanting)).toMatchObject({ held: 1, elsewhere: 0 });
    });

    test("L6 who is given slots hears of it, and who has what others want", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b", "c");
      const [a, b, c] = stores;
      const heard = stores.map(({ hosts }) => {
        let told = Promise.withResolvers<void>();
        hosts.onNotice((notice) => notice === "slots" && told.resolve());
        return async () => {
          await told.promise;
          told = Promise.withResolvers<void>();
        };
      });
      const limit = 2;
      // Host a drives a run that has a slot, and has no share; b has one.
      await settled(a, { limit, isOfRuns: true, waiting: claims({ limit }) });
      await a.journal.commit("c", [admitted(a, "r")]);
      await settled(a, { limit, isOfRuns: true });
      await settled(b, { limit, isOfRuns: true, inUse: 1 });
      for (const { hosts } of stores) expect(await hosts.slots.contended()).toEqual([]);
      const wanting = { limit, isOfRuns: true, waiting: claims({ limit }) };
      expect(await settled(c, wanting)).toMatchObject({ held: 0 });
      await Promise.all([heard[0]?.(), heard[1]?.()]);
      for (const { hosts } of [a, b])
        expect(await hosts.slots.contended()).toEqual([{ gate: GATE, isGiven: false }]);
      expect(await c.hosts.slots.contended()).toEqual([]);
      expect(await settled(b, { limit, isOfRuns: true })).toMatchObject({ held: 0, elsewhere: 2 });
      await heard[2]?.();
      expect(await c.hosts.slots.contended()).toEqual([{ gate: GATE, isGiven: true }]);
      expect(await settled(c, { limit, isOfRuns: true, inUse: 1 })).toMatchObject({ held: 1 });
      for (const { hosts } of stores) expect(await hosts.slots.contended()).toEqual([]);
    });

    test("L7 a call that is made again says anew what the host uses", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const wanting = { limit: 3, waiting: claims({ limit: 3, count: 2 }) };
      const first = await settled(a, wanting);
      expect(first).toMatchObject({ held: 2, elsewhere: 0 });
      // As if the answer had been lost.
      expect(await settled(a, wanting)).toEqual(first);
      expect(await settled(b, wanting)).toMatchObject({ held: 1, elsewhere: 2 });
    });

    test("a thousand gates in one call, answered in their order", async () => {
      await using fixture = await open();
      const { stores } = await joined(fixture, "a", "b");
      const [a, b] = stores;
      const demands = Array.from({ length: 1_000 }, (_, at) =>
        demand({ gate: `g/${(at * 7) % 1_000}/ü'"\\`, waiting: claims() }),
      );
      const given = await a.hosts.slots.settle(demands, AGEING_MS);
      expect(given.map(({ gate, held }) => [gate, held])).toEqual(
        demands.map(({ gate }) => [gate, 1]),
      );
      const refused = await b.hosts.slots.settle(demands, AGEING_MS);
      expect(new Set(refused.map(({ held, elsewhere }) => `${held} ${elsewhere}`))).toEqual(
        new Set(["0 1"]),
      );
      expect(await a.hosts.slots.settle([], AGEING_MS)).toEqual([]);
      expect(await a.hosts.slots.contended()).toHaveLength(1_000);
    });
  });
}
