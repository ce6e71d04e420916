/** What doctor says of the Redis server beside a database. */
import { describe, expect, test } from "vitest";
import { redisFindings } from "#cli/doctor/redis-checks.ts";
import type { Settings } from "#cli/settings.ts";
import type { RedisFacts } from "#ports/store-facts.ts";
import { inspectRedis } from "#storage/redis/inspect-redis.ts";
import { redisForTests } from "../storage/redis/redis-fixture.ts";

const redis = redisForTests();

const settings = (url: string | null, database: string | null = "postgres://db/x") =>
  ({ database, store: { redis: url } }) as unknown as Settings;

const facts: RedisFacts = {
  ...{ label: "redis://cache:6379/0", version: "7.4.1" },
  ...{ evictionPolicy: "allkeys-lru", memoryBytesMax: 1_000_000 },
};

const findingOf = async (more: Partial<RedisFacts>) => {
  const machine = { inspectRedis: async () => ({ ...facts, ...more }) };
  return (await redisFindings(settings("redis://cache"), machine))[0];
};

describe("doctor on Redis", () => {
  test("says nothing without it, and that it has no use without a database", async () => {
    const machine = { inspectRedis: () => Promise.reject(new Error("is not asked")) };
    expect(await redisFindings(settings(null), machine)).toEqual([]);
    const [unused] = await redisFindings(settings("redis://cache", null), machine);
    expect(unused).toMatchObject({ status: "warn", text: expect.stringMatching(/not used/) });
  });

  test("what goes when it is full is told: evicting is right, refusing is not", async () => {
    expect(await findingOf({})).toMatchObject({
      status: "ok",
      text: expect.stringMatching(/allkeys-lru.*only kept besides; a rate limit/),
    });
    expect(await findingOf({ evictionPolicy: "noeviction" })).toMatchObject({
      status: "warn",
      fix: expect.stringMatching(/volatile-lru/),
    });
    expect(await findingOf({ memoryBytesMax: 0 })).toMatchObject({
      status: "ok",
      text: "Redis 7.4.1 at redis://cache:6379/0, without a limit of memory",
    });
    expect(await findingOf({ version: "6.2.0" })).toMatchObject({ status: "warn" });
  });

  test.skipIf(redis === null)("a server that answers, and one that does not", async () => {
    const url = redis?.url ?? "";
    const [well] = await redisFindings(settings(url), { inspectRedis });
    expect(well).toMatchObject({ status: "ok", text: expect.stringMatching(/^Redis [67]\./) });
    const [gone] = await redisFindings(settings("redis://127.0.0.1:1"), { inspectRedis });
    expect(gone).toMatchObject({
      status: "warn",
      text: expect.stringMatching(/redis:\/\/127.0.0.1:1\/0.*ECONNREFUSED/),
      fix: expect.stringMatching(/^Hosts go on without it/),
    });
  });
});
