/** Concurrency keys over several real engines on one PostgreSQL: limits, deaths, refusals, who is cancelled, explain. */
import { describe, expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { context, type Work, work, workflow } from "./engine-fixture.ts";
import { type Owner, openOwner } from "./owner.ts";
import { ended, until } from "./sqlite-fixture.ts";

const postgres = postgresForTests();
const LEASE_MS = 3_000;

class Gauge {
  now = 0;
  most = 0;
  calls = 0;

  readonly take: Work = async (_config, signal) => {
    this.calls++;
    this.most = Math.max(this.most, ++this.now);
    await pause(15, signal);
    this.now--;
  };
}

const pause = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve) => {
    const cancel = systemClock.after(ms, resolve);
    signal?.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });

interface Cluster extends AsyncDisposable {
  join(name: string, work: Readonly<Record<string, Work>>): Promise<Owner>;
}

async function openCluster(): Promise<Cluster> {
  const database = await postgres?.database();
  if (database === undefined) throw new Error("there is no PostgreSQL");
  const owners: Owner[] = [];
  return {
    async join(name, node) {
      const store = await openPostgresStore({
        ...{ url: database.url, poolMax: 3 },
        host: { name, reader: 1, leaseMs: LEASE_MS },
      });
      const { hosts } = store;
      if (hosts === undefined) throw new Error("the store has no hosts");
      const open = (options: Parameters<typeof openHostEngine>[0]): Promise<Engine> =>
        openHostEngine(options, { hosts, takesRuns: true });
      const owner = await openOwner(store, { work: node }, open);
      owners.push(owner);
      return owner;
    },
    async [Symbol.asyncDispose]() {
      for (const { engine, store } of owners.toReversed()) {
        await engine.close(0);
        await store.close();
      }
      await database[Symbol.asyncDispose]();
    },
  };
}

const keyed = (limit: number, steps: number) =>
  workflow("keyed", {
    steps: Array.from({ length: steps }, (_, at) =>
      work(`s${at}`, "take", { needs: [], concurrency: { key: "'k'", limit } }),
    ),
  });
const ofRuns = (name: string, whenFull: string) =>
  workflow(name, {
    concurrency: { key: "'k'", limit: 1, whenFull },
    steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
  });
const go = { name: "go", payload: 1 };
const is = (engine: Engine, id: string, status: string) =>
  until(`${id} is ${status}`, async () => (await engine.get(context, id))?.status === status);

describe.skipIf(postgres === null)("slots of several hosts", () => {
  test("60 attempts on three hosts with a limit of 3: three at once and never four, and all end", async () => {
    await using cluster = await openCluster();
    const gauge = new Gauge();
    const hosts = [];
    for (const name of ["a", "b", "c"]) hosts.push(await cluster.join(name, { take: gauge.take }));
    await Promise.all(
      hosts.map(({ engine }, at) =>
        engine.start(context, { workflow: keyed(3, 20), id: `r${at}` }),
      ),
    );
    for (const [at, { engine }] of hosts.entries())
      expect(await ended(engine, `r${at}`)).toMatchObject({ status: "succeeded" });
    expect(gauge).toMatchObject({ calls: 60, most: 3, now: 0 });
    for (const { attempts } of hosts) expect(attempts.length).toBe(20);
  });

  test("what a host held that dies is others' once its lease is over", async () => {
    await using cluster = await openCluster();
    const gauge = new Gauge();
    const a = await cluster.join("a", { take: () => new Promise(() => {}) });
    const b = await cluster.join("b", { take: gauge.take });
    await a.engine.start(context, { workflow: keyed(2, 2), id: "dies" });
    await until("both are held", () => a.attempts.length === 2);
    await b.engine.start(context, { workflow: keyed(2, 2), id: "waits" });
    await is(b.engine, "waits", "running");
    expect((await b.engine.explain(context, "waits")).sentence).toContain(
      'one of 2 slots of concurrency key "k"',
    );
    expect(b.attempts.length).toBe(0);
    await a.store.close();
    for (const id of ["waits", "dies"])
      expect(await ended(b.engine, id)).toMatchObject({ status: "succeeded" });
    expect(gauge).toMatchObject({ calls: 4, most: 2 });
  });

  test("explain counts who goes before on other hosts, and says so when one does not answer", async () => {
    await using cluster = await openCluster();
    const a = await cluster.join("a", { take: () => new Promise(() => {}) });
    const b = await cluster.join("b", {});
    await a.engine.start(context, { workflow: keyed(1, 3), id: "first" });
    await until("one is held", () => a.attempts.length === 1);
    await b.engine.start(context, { workflow: keyed(1, 1), id: "last" });
    const why = async () => (await b.engine.explain(context, "last")).sentence;
    const gate = 'waits for one of 1 slots of concurrency key "k"';
    await until("two go before", async () => (await why()).includes(`${gate}, 2 ahead`));
    // Asked of the other host, it is said to stand behind nobody of this one.
    const { waits } = await b.engine.explain(context, "first");
    expect(waits.map(({ text }) => text).join()).toContain(`${gate}, 0 ahead`);
    await a.store.close();
    await until("a host does not answer", async () =>
      (await why()).includes(`${gate}, at least 0 ahead`),
    );
  });

  test("runs of one key: one waits at another host and goes on when the first has ended", async () => {
    await using cluster = await openCluster();
    const a = await cluster.join("a", {});
    const b = await cluster.join("b", {});
    const queue = ofRuns("queue", "queue");
    await a.engine.start(context, { workflow: queue, id: "first" });
    await is(a.engine, "first", "waiting");
    await b.engine.start(context, { workflow: queue, id: "second" });
    await is(b.engine, "second", "queued");
    await a.engine.signal(context, "first", go);
    await is(b.engine, "second", "waiting");
    await b.engine.signal(context, "second", go);
    expect(await ended(b.engine, "second")).toMatchObject({ status: "succeeded" });
  });

  test("whenFull: reject refuses at every host while one holds the key, and at none afterwards", async () => {
    await using cluster = await openCluster();
    const a = await cluster.join("a", {});
    const b = await cluster.join("b", {});
    const reject = ofRuns("reject", "reject");
    await a.engine.start(context, { workflow: reject, id: "first" });
    await expect(b.engine.start(context, { workflow: reject, id: "second" })).rejects.toMatchObject(
      { code: "queue_full", details: { key: "k", limit: 1 } },
    );
    expect(await b.engine.get(context, "second")).toBeNull();
    await a.engine.signal(context, "first", go);
    await ended(b.engine, "first");
    await b.engine.start(context, { workflow: reject, id: "third" });
    await is(b.engine, "third", "waiting");
  });

  test("whenFull: cancelRunning cancels the holder on another host", async () => {
    await using cluster = await openCluster();
    const a = await cluster.join("a", {});
    const b = await cluster.join("b", {});
    const newest = ofRuns("newest", "cancelRunning");
    await a.engine.start(context, { workflow: newest, id: "old" });
    await is(a.engine, "old", "waiting");
    await b.engine.start(context, { workflow: newest, id: "new" });
    await is(b.engine, "new", "waiting");
    expect(await a.engine.get(context, "old")).toMatchObject({ status: "cancelled" });
    const events = await a.engine.events(context, "old", 0, 100);
    expect(JSON.stringify(events)).toContain("run new has the same concurrency key");
  });
});
