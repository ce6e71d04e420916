/** A database's store with Redis beside it: payloads, notices, and what happens without Redis. */
import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { HostNotice, Hosts } from "#ports/hosts.ts";
import type { Store } from "#ports/store.ts";
import { CachedBlobs } from "#storage/cached-blobs.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { inspectRedis } from "#storage/redis/inspect-redis.ts";
import { withRedis } from "#storage/redis/with-redis.ts";
import { ALICE } from "../../contract/store-fixture.ts";
import { until } from "../../engine/sqlite-fixture.ts";
import { MemoryKeyValue } from "../../support/memory-key-value.ts";
import { programOrSkip, startRedis } from "../../support/real-server.ts";
import { postgresForTests, type TestDatabase } from "../postgres/postgres-fixture.ts";
import { redisForTests, SILENT } from "./redis-fixture.ts";

const postgres = postgresForTests();
const redis = redisForTests();
const logger = { ...SILENT, debug: () => undefined };
const ALIVE = { address: null, openRuns: 0, isDraining: false };

async function join(database: TestDatabase, url: string, name: string) {
  const plain = await openPostgresStore({
    ...{ url: database.url, poolMax: 2 },
    host: { name, reader: 1, leaseMs: 60_000 },
  });
  return (await withRedis(plain, { url, logger })) as Store & { readonly hosts: Hosts };
}

function heardBy({ hosts }: { readonly hosts: Hosts }) {
  const heard: HostNotice[] = [];
  const unlisten = hosts.onNotice((notice) => void heard.push(notice));
  return { heard, unlisten };
}

describe.skipIf(postgres === null || redis === null)("a store with Redis", () => {
  if (postgres === null || redis === null) return;

  test("keeps payloads for the next host, and the database has all of them", async () => {
    await using database = await postgres.database();
    const [a, b] = [await join(database, redis.url, "a"), await join(database, redis.url, "b")];
    const bytes = new Uint8Array(100_000).map((_, at) => at % 251);
    const name = hash("sha256", bytes);
    await a.blobs.put(ALICE, name, bytes);
    const kept = async () => await redis.command("KEYS", "lockstitch:*:value:alice/blob/*");
    await until("it is kept", async () => ((await kept()) as string[]).length === 1);
    await database.query("UPDATE blobs SET body = ''");
    expect(Buffer.from((await b.blobs.get(ALICE, name)) ?? []).equals(Buffer.from(bytes))).toBe(
      true,
    );
    expect(await b.blobs.get({ ...ALICE, tenant: "bob" }, name)).toBeNull();
    expect((await a.describe())["redis"]).toBe(`redis://127.0.0.1:${redis.server.port}/0`);
    await a.close();
    await b.close();
  });

  test("notices go by Redis, and by the database where nobody hears them there", async () => {
    await using server = await startRedis(programOrSkip("redis") ?? "", { hasPassword: false });
    const url = `redis://127.0.0.1:${server.port}`;
    await using database = await postgres.database();
    const [a, b] = [await join(database, url, "a"), await join(database, url, "b")];
    await a.hosts.beat(ALIVE);
    await b.hosts.beat(ALIVE);
    await a.hosts.beat(ALIVE);
    const { heard, unlisten } = heardBy(b);
    await a.hosts.tell(b.hosts.host, "runs");
    await until("it is heard", async () => heard.length === 1);
    expect(heard).toEqual(["runs"]);
    await server.stop();
    await a.hosts.tell(b.hosts.host, "messages");
    await until("it is heard by the database", async () => heard.includes("messages"));
    // Whoever counts starts now is told, too.
    await until("b counts in the database", async () => heard.includes("rates"));
    const demand = { name: "n", limit: 1, perMs: 1_000, wanted: ["t"] };
    expect(await b.hosts.rates?.take([demand], [])).toEqual([{ granted: 1, retryAfterMs: null }]);
    expect(await database.query("SELECT token FROM rate_tokens")).toEqual([{ token: "t" }]);
    heard.length = 0;
    await server.start();
    // What it may have missed is looked for.
    await until("b hears again", async () => heard.includes("runs"));
    expect(heard.slice(0, 4)).toEqual(["messages", "runs", "slots", "breakers"]);
    unlisten();
    heard.length = 0;
    await a.hosts.tell(b.hosts.host, "runs");
    expect(heard).toEqual([]);
    await a.close();
    await b.close();
  });

  test("opens without Redis and does everything alone", async () => {
    await using server = await startRedis(programOrSkip("redis") ?? "", { hasPassword: false });
    await server.stop();
    await using database = await postgres.database();
    const a = await join(database, `redis://127.0.0.1:${server.port}`, "a");
    const bytes = new Uint8Array(70_000);
    const name = hash("sha256", bytes);
    await a.blobs.put(ALICE, name, bytes);
    expect((await a.blobs.get(ALICE, name))?.byteLength).toBe(70_000);
    expect((await a.describe())["redis"]).toMatch(/\(away\)$/);
    await a.close();
  });

  test("is looked at without becoming a part of it", async () => {
    const { url, server } = redis;
    expect(await inspectRedis(url)).toMatchObject({
      label: `redis://127.0.0.1:${server.port}/0`,
      version: expect.stringMatching(/^\d+\.\d+/),
      evictionPolicy: "noeviction",
    });
    await expect(inspectRedis(url.replace(server.password, "wrong"))).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});

describe("kept payloads", () => {
  test("a damaged one is not used, a large one not kept, and one that is new is", async () => {
    const values = new MemoryKeyValue(() => 0);
    const bytes = new Uint8Array(1_000).fill(7);
    const name = hash("sha256", bytes);
    let reads = 0;
    const blobs = {
      put: async () => undefined,
      get: async () => {
        reads++;
        return bytes;
      },
    };
    const cached = new CachedBlobs(blobs, values, logger);
    await cached.get(ALICE, name);
    await cached.get(ALICE, name);
    expect(reads).toBe(1);
    await values.set(ALICE, `blob/${name}`, bytes.subarray(1), null);
    expect(await cached.get(ALICE, name)).toEqual(bytes);
    expect(reads).toBe(2);
    const large = new Uint8Array(2_000_000);
    await cached.put(ALICE, "large", large);
    expect(await values.get(ALICE, "blob/large")).toBeNull();
  });
});
