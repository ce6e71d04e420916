/** Rate limits over several real engines on one PostgreSQL, counted there and in Redis. */
import { describe, expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { withRedis } from "#storage/redis/with-redis.ts";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { redisForTests, SILENT } from "../storage/redis/redis-fixture.ts";
import { programOrSkip, startRedis } from "../support/real-server.ts";
import { context, work, workflow } from "./engine-fixture.ts";
import { type Owner, openOwner } from "./owner.ts";
import { ended, until } from "./sqlite-fixture.ts";

const postgres = postgresForTests();
const redis = redisForTests();

const LIMIT = 10;
const PER_MS = 400;
const HOSTS = 3;
/** Between the instant that counts and the first line of the node: what a busy machine may take. */
const SLACK_MS = 100;

interface Cluster extends AsyncDisposable {
  readonly owners: readonly Owner[];
  /** Instants at which attempts of all engines began. */
  readonly startsMs: number[];
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

async function openCluster(redisUrl: string | null): Promise<Cluster> {
  const database = await postgres?.database();
  if (database === undefined) throw new Error("there is no PostgreSQL");
  const startsMs: number[] = [];
  const call = async () => void startsMs.push(performance.now());
  const owners: Owner[] = [];
  for (let number = 1; number <= HOSTS; number++) {
    const plain = await openPostgresStore({
      ...{ url: database.url, poolMax: 3 },
      host: { name: `host ${number}`, reader: 1, leaseMs: 3_000 },
    });
    const logger = { ...SILENT, debug: () => undefined };
    const store = redisUrl === null ? plain : await withRedis(plain, { url: redisUrl, logger });
    const { hosts } = store;
    if (hosts === undefined) throw new Error("the store has no hosts");
    const open = (options: Parameters<typeof openHostEngine>[0]): Promise<Engine> =>
      openHostEngine(options, { hosts, takesRuns: true });
    owners.push(await openOwner(store, { work: { call } }, open));
  }
  return {
    ...{ owners, startsMs },
    query: (sql) => database.query(sql),
    async [Symbol.asyncDispose]() {
      for (const { engine, store } of owners.toReversed()) {
        await engine.close(0);
        await store.close();
      }
      await database[Symbol.asyncDispose]();
    },
  };
}

const limited = (steps: number) =>
  workflow("limited", {
    steps: Array.from({ length: steps }, (_, at) =>
      work(`call${at}`, "call", { rateLimit: { key: "'api'", limit: LIMIT, per: `${PER_MS}ms` } }),
    ),
  });

/** The most that began in any window, less the slack. */
function greatestWindow(startsMs: readonly number[]): number {
  const sorted = startsMs.toSorted((a, b) => a - b);
  let greatest = 0;
  for (const [at, beganMs] of sorted.entries()) {
    const behind = sorted.findLastIndex((later) => later < beganMs + PER_MS - SLACK_MS);
    greatest = Math.max(greatest, behind - at + 1);
  }
  return greatest;
}

async function startEverywhere({ owners }: Cluster, steps: number): Promise<readonly string[]> {
  const ids = owners.map((_, at) => `r${at}`);
  await Promise.all(
    owners.map(({ engine }, at) =>
      engine.start(context, { workflow: limited(steps), id: ids[at] ?? "" }),
    ),
  );
  return ids;
}

async function allEnd({ owners }: Cluster, ids: readonly string[]): Promise<void> {
  const [first] = owners;
  if (first === undefined) throw new Error("there is no host");
  for (const id of ids)
    expect(await ended(first.engine, id)).toMatchObject({ status: "succeeded" });
}

describe.skipIf(postgres === null || redis === null)("rate limits of several hosts", () => {
  if (redis === null) return;

  test.each([
    ["PostgreSQL", () => null],
    ["Redis", () => redis.url],
  ])("counted by %s: in no window do more begin than the limit, and all end", async (_, url) => {
    await using cluster = await openCluster(url());
    const beganMs = performance.now();
    await allEnd(cluster, await startEverywhere(cluster, 14));
    const tookMs = performance.now() - beganMs;
    expect(cluster.startsMs).toHaveLength(42);
    expect(greatestWindow(cluster.startsMs)).toBeLessThanOrEqual(LIMIT);
    // Nobody waits for what is free: 42 starts are five windows, four of which pass.
    expect(tookMs).toBeGreaterThan(4 * PER_MS - SLACK_MS);
    expect(tookMs).toBeLessThan(20_000);
    const tokens = await cluster.query("SELECT FROM rate_tokens");
    if (url() === null) expect(tokens.length).toBe(42);
    else expect(tokens).toEqual([]);
  });

  test("with Redis killed and started again all end, and no window has more than one burst more", async () => {
    await using server = await startRedis(programOrSkip("redis") ?? "", { hasPassword: false });
    await using cluster = await openCluster(`redis://127.0.0.1:${server.port}`);
    const ids = await startEverywhere(cluster, 14);
    await until("some have begun", async () => cluster.startsMs.length >= 5);
    await server.stop();
    await until("more have begun", async () => cluster.startsMs.length >= 25);
    await server.start();
    await allEnd(cluster, ids);
    expect(cluster.startsMs).toHaveLength(42);
    expect(greatestWindow(cluster.startsMs)).toBeLessThanOrEqual(2 * LIMIT);
    // The database has counted on.
    expect((await cluster.query("SELECT FROM rate_tokens")).length).toBeGreaterThan(LIMIT);
  });

  test("explain says when the next start is free, whoever has used the window up", async () => {
    await using cluster = await openCluster(null);
    const [a, b] = cluster.owners;
    if (a === undefined || b === undefined) throw new Error("there are no hosts");
    const hourly = (name: string, steps: number) =>
      workflow(name, {
        steps: Array.from({ length: steps }, (_, at) =>
          work(`call${at}`, "call", { rateLimit: { key: "'hour'", limit: 2, per: "1h" } }),
        ),
      });
    await a.engine.start(context, { workflow: hourly("two", 2), id: "two" });
    await ended(a.engine, "two");
    await b.engine.start(context, { workflow: hourly("one", 1), id: "one" });
    const explained = async () => (await b.engine.explain(context, "one")).waits[0];
    await until("it waits", async () => (await explained())?.text.includes("est. ") === true);
    const wait = await explained();
    expect(wait?.text).toMatch(
      /waits for rate limit "hour" \(2 per 60 min\), 0 ahead, est\. 60 min$/,
    );
    expect(wait?.dueAtMs).toBeGreaterThan(Date.now() + 3_500_000);
    expect(wait?.dueAtMs).toBeLessThanOrEqual(Date.now() + 3_601_000);
    expect(cluster.startsMs).toHaveLength(2);
  });
});
