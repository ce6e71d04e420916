/** Who counts starts when Redis is lost, and what a window may come to then. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import type { SharedRates } from "#ports/shared-rates.ts";
import { DWELL_MS, FallingRates } from "#storage/redis/falling-rates.ts";
import { MemoryRates } from "../../support/memory-rates.ts";

function worldOf(hosts: number) {
  const time = { nowMs: 1_000_000 };
  const second = new MemoryRates(() => time.nowMs);
  const world = Object.assign(time, { redis: new MemoryRates(() => time.nowMs), told: 0 });
  const reach = Array.from({ length: hosts }, () => true);
  const joined = reach.map((_, host) => {
    const take: SharedRates["take"] = async (demands, reports) => {
      if (!reach[host]) throw new LockstitchError("store_unavailable", "Redis is away");
      return await world.redis.take(demands, reports);
    };
    return new FallingRates({
      ...{ first: { take }, second, nowMs: () => world.nowMs },
      isReady: () => reach[host] === true,
      tell() {
        world.told++;
        for (const other of joined) if (other !== joined[host]) other.lost();
      },
    });
  });
  return { world, reach, joined, second };
}

describe("starts that fall back to the database", () => {
  test("no window comes to more than one burst more, however Redis comes, goes and forgets", async () => {
    const happening = fc.oneof(
      fc.record({ kind: fc.constant("take" as const), host: fc.nat(2) }),
      fc.record({ kind: fc.constant("pass" as const), byMs: fc.integer({ min: 1, max: 8_000 }) }),
      fc.record({ kind: fc.constant("cut" as const), host: fc.nat(2) }),
      fc.record({ kind: fc.constant("heal" as const), host: fc.nat(2) }),
      fc.constant({ kind: "restart" as const }),
    );
    const windows = fc.constantFrom(500, 5_000, 30_000);
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 120 }), windows, async (all, perMs) => {
        const { world, reach, joined } = worldOf(3);
        const startsMs: number[] = [];
        let made = 0;
        for (const one of all)
          if (one.kind === "pass") world.nowMs += one.byMs;
          else if (one.kind === "cut" || one.kind === "heal") {
            // A connection that is lost is told at once.
            if (one.kind === "cut" && reach[one.host]) joined[one.host]?.lostHere();
            reach[one.host] = one.kind === "heal";
          } else if (one.kind === "restart") {
            for (const host of joined) host.lostHere();
            world.redis = new MemoryRates(() => world.nowMs);
          } else {
            const wanted = Array.from({ length: 3 }, () => `t${made++}`);
            const demand = { name: "n", limit: 4, perMs, wanted };
            const [grant] = (await joined[one.host]?.take([demand], [])) ?? [];
            const used = wanted.slice(0, grant?.granted ?? 0);
            startsMs.push(...used.map(() => world.nowMs));
            const told = used.map((token) => ({ name: "n", token, perMs, startedAgoMs: 0 }));
            await joined[one.host]?.take([], told);
          }
        for (const [at, atMs] of startsMs.entries())
          expect(startsMs.findLastIndex((it) => it < atMs + perMs) - at + 1).toBeLessThanOrEqual(8);
      }),
      { numRuns: 300 },
    );
  });

  test("one host without Redis brings all to the database, and back when it has been there for a while", async () => {
    const { world, reach, joined, second } = worldOf(2);
    const [a, b] = joined;
    const take = async (host: FallingRates | undefined, token: string, perMs = 1_000) =>
      (await host?.take([{ name: "n", limit: 100, perMs, wanted: [token] }], []))?.[0]?.granted;
    const inDatabase = async () => {
      const wanted = Array.from({ length: 100 }, (_, at) => `look${at}`);
      const [grant] = await second.take([{ name: "n", limit: 100, perMs: 60_000, wanted }], []);
      const back = wanted.map((token) => ({ name: "n", token, perMs: 1, startedAgoMs: null }));
      await second.take([], back);
      return 100 - (grant?.granted ?? 0);
    };
    expect(await take(a, "a1")).toBe(1);
    expect(await inDatabase()).toBe(0);
    reach[0] = false;
    expect(await take(a, "a2")).toBe(1);
    expect(await take(b, "b1")).toBe(1);
    expect(await inDatabase()).toBe(2);
    // The others are told again and again, not with every call.
    for (let at = 0; at < 40; at++) {
      world.nowMs += 500;
      await take(b, `b.more${at}`);
      await take(a, `a.more${at}`);
    }
    const wanted = Array.from({ length: 100 }, (_, at) => `look${at}`);
    const demand = { name: "n", limit: 100, perMs: 60_000, wanted };
    expect(await world.redis.take([demand], [])).toMatchObject([{ granted: 99 }]);
    expect(world.told).toBeGreaterThan(2);
    expect(world.told).toBeLessThan(7);
    await take(b, "b2");
    const counted = await inDatabase();
    reach[0] = true;
    world.nowMs += DWELL_MS + 1;
    await take(a, "a3");
    await take(b, "b3");
    expect(await inDatabase()).toBe(counted);
    // A long window is not over yet.
    await take(b, "b4", 60_000);
    expect(await inDatabase()).toBe(counted + 1);
  });

  test("what is wrong with a call is told, and changes nobody's way", async () => {
    const wrong: SharedRates = { take: () => Promise.reject(new TypeError("a bug")) };
    const rates = new FallingRates({
      ...{ first: wrong, second: new MemoryRates(() => 0), isReady: () => true },
      ...{ tell: () => undefined, nowMs: () => 0 },
    });
    const demand = { name: "n", limit: 1, perMs: 1_000, wanted: ["t"] };
    await expect(rates.take([demand], [])).rejects.toThrow("a bug");
    await expect(rates.take([demand], [])).rejects.toThrow("a bug");
    expect(await rates.take([], [])).toEqual([]);
  });
});
