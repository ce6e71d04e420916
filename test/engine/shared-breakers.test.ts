/** Circuit breakers over several real engines on one PostgreSQL: what one learns, the others know. */
import { describe, expect, test } from "vitest";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { NodeError } from "#errors/step-error.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { context, work, workflow } from "./engine-fixture.ts";
import { type Owner, openOwner } from "./owner.ts";
import { ended, until } from "./sqlite-fixture.ts";

const postgres = postgresForTests();

/** Looks that need no notice come once in a third of it. */
async function openHosts(leaseMs: number) {
  const database = await postgres?.database();
  if (database === undefined) throw new Error("there is no PostgreSQL");
  const owners: Owner[] = [];
  let isDown = true;
  const call = async () => {
    if (isDown) throw new NodeError("connection_failed", "nobody answers", { retryable: true });
    return "well";
  };
  const join = async (name: string) => {
    const store = await openPostgresStore({
      ...{ url: database.url, poolMax: 3 },
      host: { name, reader: 1, leaseMs },
    });
    const { hosts } = store;
    if (hosts === undefined) throw new Error("the store has no hosts");
    const owner = await openOwner(store, { work: { call } }, (options) =>
      openHostEngine(options, { hosts, takesRuns: false }),
    );
    owners.push(owner);
    return { ...owner, host: hosts.host };
  };
  const b = await join("b");
  // Its first beat finds the other one; b hears of a with its next one.
  const a = await join("a");
  expect(a.engine.stats().hosts?.withLease).toBe(2);
  return {
    ...{ a, b, database },
    mend: () => {
      isDown = false;
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

const guarded = (
  failureThreshold: number,
  resetAfter: string,
  attempts: number,
  initial = "20ms",
) =>
  workflow("guarded", {
    steps: [
      work("call", "call", {
        circuitBreaker: { key: "'api'", failureThreshold, resetAfter },
        retry: { attempts, backoff: "constant", initial },
      }),
    ],
  });

/** One that would go on for longer than any deadline here by itself. */
const stubborn = guarded(1_000, "1h", 1_000, "200ms");

const isStopped = async ({ engine }: Owner, runId: string) => {
  const { waits } = await engine.explain(context, runId);
  return waits[0]?.text.includes('waits for circuit breaker "api", open since') === true;
};

describe.skipIf(postgres === null)("breakers of several hosts", () => {
  test("one that a host opens stops the others at once, and its close frees them", async () => {
    await using hosts = await openHosts(60_000);
    const { a, b, database } = hosts;
    await b.engine.start(context, { workflow: stubborn, id: "rb" });
    await until("b tries", async () => b.attempts.length > 2);
    await a.engine.start(context, { workflow: guarded(2, "1h", 9), id: "ra" });
    await until("it is open at a", () => isStopped(a, "ra"));
    await until("b is stopped", () => isStopped(b, "rb"));
    const before = [a, b].map(({ attempts }) => attempts.length);
    expect(before[0]).toBeLessThanOrEqual(2);
    hosts.mend();
    // As a host does whose probe has succeeded.
    await database.query("DELETE FROM circuit_breakers");
    await a.store.hosts?.tell(b.host, "breakers");
    expect(await ended(b.engine, "rb")).toMatchObject({ status: "succeeded" });
    // Nothing had begun while it was open.
    expect(b.attempts).toHaveLength((before[1] ?? 0) + 1);
  });

  test("a host that fails on while it looks is stopped too", async () => {
    await using hosts = await openHosts(60_000);
    const { a, b } = hosts;
    const { hosts: port } = b.store;
    const look = port?.openBreakers?.bind(port);
    if (port === undefined || look === undefined) throw new Error("the store has no breakers");
    let looks = 0;
    Object.assign(port, {
      openBreakers: async (nowMs: number) => {
        const found = await look(nowMs);
        looks++;
        const tried = b.attempts.length;
        await until("b has failed meanwhile", async () => {
          return b.attempts.length > tried + 1 || (await isStopped(b, "rb"));
        });
        return found;
      },
    });
    await b.engine.start(context, { workflow: guarded(1_000, "1h", 1_000), id: "rb" });
    await until("b tries", async () => b.attempts.length > 2);
    await a.engine.start(context, { workflow: guarded(2, "1h", 9), id: "ra" });
    await until("b is stopped", () => isStopped(b, "rb"));
    expect(looks).toBeGreaterThan(0);
  });

  test("failures of all count together, and a probe that succeeds frees all", async () => {
    await using hosts = await openHosts(3_000);
    const { a, b, database } = hosts;
    // Two attempts each: neither host has seen four failures.
    const flow = guarded(4, "1h", 2);
    for (const [host, id] of [
      [a, "fa"],
      [b, "fb"],
    ] as const) {
      await host.engine.start(context, { workflow: flow, id });
      expect(await ended(host.engine, id)).toMatchObject({ status: "failed" });
    }
    for (const [host, id] of [
      [a, "wa"],
      [b, "wb"],
    ] as const) {
      await host.engine.start(context, { workflow: stubborn, id });
      await until(`${id} is stopped`, () => isStopped(host, id));
    }
    hosts.mend();
    await database.query("UPDATE circuit_breakers SET opened_at_ms = opened_at_ms - 3600000");
    for (const id of ["wa", "wb"])
      expect(await ended(a.engine, id)).toMatchObject({ status: "succeeded" });
    expect(await database.query("SELECT FROM circuit_breakers")).toEqual([]);
  });

  test("without any notice it is found by looking", async () => {
    await using hosts = await openHosts(3_000);
    const { b, database } = hosts;
    await b.engine.start(context, { workflow: stubborn, id: "rb" });
    await until("b tries", async () => b.attempts.length > 0);
    await database.query(
      `INSERT INTO circuit_breakers VALUES ('circuit_breaker:default/api', 9, $1, 3600000, $2)
       ON CONFLICT (name) DO UPDATE SET opened_at_ms = $1, until_ms = $2`,
      [Date.now(), Date.now() + 3_600_000],
    );
    await until("b is stopped", () => isStopped(b, "rb"));
    hosts.mend();
    await database.query("DELETE FROM circuit_breakers");
    expect(await ended(b.engine, "rb")).toMatchObject({ status: "succeeded" });
  });
});
