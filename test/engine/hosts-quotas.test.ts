/** Quotas over several hosts on a real PostgreSQL, and of sandboxed code with the real sandbox. */
import { afterAll, describe, expect, test } from "vitest";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type { EngineOptions } from "#engine/embedded/options.ts";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { runAttempt } from "#nodes/attempt.ts";
import { codeJavascript, sandboxPool } from "#nodes/code/code-javascript.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../../src/system/system-clock.ts";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { context, type Work, work, workflow } from "./engine-fixture.ts";
import { type Owner, openOwner } from "./owner.ts";
import { ended, until } from "./sqlite-fixture.ts";

type Quotas = NonNullable<NonNullable<EngineOptions["admission"]>["quotas"]>;

const postgres = postgresForTests();
const echo: Work = async () => 1;

afterAll(() => sandboxPool.close());

async function openHosts() {
  const database = await postgres?.database();
  if (database === undefined) throw new Error("there is no PostgreSQL");
  const opened: Owner[] = [];
  return {
    database,
    async join(
      name: string,
      quotas: Quotas,
      table: Readonly<Record<string, Work>> = { echo },
    ): Promise<Owner> {
      const store = await openPostgresStore({
        ...{ url: database.url, poolMax: 4 },
        host: { name, reader: 1, leaseMs: 5_000 },
      });
      const { hosts } = store;
      if (hosts === undefined) throw new Error("the store has no hosts");
      const owner = await openOwner(store, { work: table }, (engine) =>
        openHostEngine({ ...engine, admission: { quotas } }, { hosts, takesRuns: true }),
      );
      opened.push(owner);
      return owner;
    },
    async [Symbol.asyncDispose]() {
      for (const { engine, store } of opened.reverse()) {
        await engine.close(0);
        await store.close();
      }
      await database[Symbol.asyncDispose]();
    },
  };
}

const signalled = workflow("signalled", {
  steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
});

const codeOf = (refusal: unknown) => (refusal as { readonly code?: string }).code;

describe.skipIf(postgres === null)("quotas over several hosts", () => {
  test("of sixty starts at once on three hosts exactly as many are taken as may be open", async () => {
    await using hosts = await openHosts();
    const engines: Engine[] = [];
    for (const name of ["a", "b", "c"])
      engines.push((await hosts.join(name, { tenant: { openRuns: 10 } })).engine);
    const startAll = async (round: string) => {
      const starts = Array.from({ length: 60 }, (_, at) =>
        (engines[at % 3] as Engine).start(context, { workflow: signalled, id: `${round}${at}` }),
      );
      const all = await Promise.allSettled(starts);
      const taken = all.flatMap((one) => (one.status === "fulfilled" ? [one.value.run.id] : []));
      const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(new Set(refused.map(codeOf))).toEqual(new Set(["quota_exceeded"]));
      return taken;
    };
    const open = async () =>
      Number(
        (await hosts.database.query("SELECT count(*) FROM runs WHERE status <= 3"))[0]?.["count"],
      );
    const first = await startAll("a");
    expect(first).toHaveLength(10);
    expect(await open()).toBe(10);
    expect(await startAll("b")).toHaveLength(0);
    // The same start again is no new one.
    const again = { workflow: signalled, id: first[0] };
    expect(await (engines[0] as Engine).start(context, again)).toMatchObject({ created: false });
    for (const [at, id] of first.slice(0, 4).entries()) {
      await (engines[at % 3] as Engine).signal(context, id, { name: "go" });
      await ended(engines[0] as Engine, id);
    }
    expect(await startAll("c")).toHaveLength(4);
    expect(await open()).toBe(10);
  });

  test("starts in a minute are those of all hosts, and what one has used the others see", async () => {
    await using hosts = await openHosts();
    const quotas = { tenant: { startsPerMinute: 4 }, workflow: { stepsPerHour: 3 } };
    const a = await hosts.join("a", quotas);
    const b = await hosts.join("b", quotas);
    const one = workflow("one", { steps: [work("s", "echo")] });
    for (const owner of [a, b, a])
      await ended(owner.engine, (await owner.engine.start(context, { workflow: one })).run.id);
    const { run } = await b.engine.start(context, { workflow: one });
    await expect(a.engine.start(context, { workflow: one })).rejects.toMatchObject({
      code: "quota_exceeded",
      message:
        "Tenant default has started 4 runs in a minute; it may start 4. Wait, or ask the operator for more.",
    });
    // Either it waits, or it began before the last reading: that much may be over.
    await until("the quota is seen", async () => {
      const { status } = (await b.engine.get(context, run.id)) ?? {};
      if (status === "succeeded") return true;
      return (await b.engine.explain(context, run.id)).sentence.includes("3 of 3 steps an hour");
    });
  });

  test("a place of a host that died before it started its run is free again after a minute", async () => {
    await using hosts = await openHosts();
    const quotas = { tenant: { openRuns: 2 } };
    const a = await hosts.join("a", quotas);
    const b = await hosts.join("b", quotas);
    const none = { openRuns: null, startsPerMinute: null };
    const demand = { tenant: "default", workflow: "w", ofTenant: { ...none, openRuns: 2 } };
    const held = ["x", "y"].map((runId) => ({ ...demand, runId, ofWorkflow: none }));
    expect(await a.store.hosts?.starts?.reserve(held)).toEqual([null, null]);
    const start = () => b.engine.start(context, { workflow: signalled });
    await expect(start()).rejects.toMatchObject({ code: "quota_exceeded" });
    await hosts.database.query("UPDATE start_places SET at = at - interval '61 seconds'");
    await start();
    await start();
    await expect(start()).rejects.toMatchObject({
      ...{ code: "quota_exceeded", details: { retryAfterS: 1 } },
      message: "Tenant default has 2 open runs; it may have 2. Wait, or ask the operator for more.",
    });
  });

  test("attempts at once of a workflow are those of all hosts", async () => {
    await using hosts = await openHosts();
    let now = 0;
    let most = 0;
    const busy: Work = async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => void systemClock.after(5, resolve));
      now--;
    };
    const quotas = { workflow: { attempts: 2 } };
    const engines: Engine[] = [];
    for (const name of ["a", "b", "c"])
      engines.push((await hosts.join(name, quotas, { echo, busy })).engine);
    const wide = workflow("wide", {
      steps: Array.from({ length: 6 }, (_, at) => work(`s${at}`, "busy", { needs: [] })),
    });
    const runs = await Promise.all(
      engines.map(async (engine) => ({
        engine,
        run: (await engine.start(context, { workflow: wide })).run,
      })),
    );
    for (const { engine, run } of runs)
      expect(await ended(engine, run.id)).toMatchObject({ status: "succeeded" });
    expect(most).toBe(2);
  });

  test("a run that comes back to a host is counted once", async () => {
    await using hosts = await openHosts();
    const { engine, store } = await hosts.join("a", {});
    await engine.start(context, { workflow: signalled, id: "r" });
    for (let round = 0; round < 3; round++) {
      const head = await store.journal.head(context, "r");
      await store.hosts?.release([{ tenant: "default", runId: "r", epoch: head?.epoch ?? 0 }]);
      await until("it is back", async () => {
        const now = await store.journal.head(context, "r");
        return now?.owner === store.hosts?.host && now?.epoch !== head?.epoch;
      });
    }
    await engine.signal(context, "r", { name: "go" });
    await ended(engine, "r");
    await until("nothing is open", () => engine.stats().openRuns === 0);
  });
});

test("processor time of sandboxed code is counted, and its ceilings are the lower of two", async () => {
  await using directory = await temporaryDirectory();
  const store = await openSqliteStore({ dataDir: directory.path });
  const quotas: Quotas = {
    tenant: { sandboxMemoryBytes: 32 * 1024 * 1024 },
    workflow: { cpuSecondsPerHour: 0.001, sandboxCpuMs: 150 },
    workflows: { free: { cpuSecondsPerHour: 100 } },
  };
  const real = (options: EngineOptions) =>
    openEmbeddedEngine({
      ...options,
      admission: { quotas },
      runner: {
        run: (request) => runAttempt(codeJavascript, request.config, request, request.abort),
      },
    });
  const { engine } = await openOwner(store, {}, real);
  const code = (text: string, more: Record<string, unknown> = {}) => ({
    uses: "code.javascript",
    with: { code: text, ...more },
  });
  try {
    const outcome = async (name: string, step: Record<string, unknown>) => {
      const definition = workflow(name, { steps: [{ id: "s", ...step }] });
      const { run } = await engine.start(context, { workflow: definition });
      return (await ended(engine, run.id)).error;
    };
    // The step asks for ten seconds, and for 256 MiB.
    const endless = await outcome("free", code("for (;;);", { cpuMs: 10_000 }));
    expect(endless?.message).toContain(
      "more than 150 ms of CPU time. That is the operator's ceiling (quotas).",
    );
    const large = code("const a = []; for (;;) a.push(new Array(1e5).fill(1));", {
      memoryBytes: 256 * 1024 * 1024,
    });
    expect((await outcome("free", large))?.message).toContain(
      "more than 33554432 bytes of memory. That is the operator's ceiling (quotas).",
    );
    const own = await outcome("free", code("for (;;);", { cpuMs: 20 }));
    expect(own?.message).toBe("The code used more than 20 ms of CPU time.");
    const steps = ["a", "b"].map((id, at) => ({
      ...code("let sum = 0; for (let at = 0; at < 1e6; at++) sum += at; return sum;"),
      ...{ id, needs: at === 0 ? [] : ["a"] },
    }));
    const { run } = await engine.start(context, { workflow: workflow("busy", { steps }) });
    await until("it waits", async () =>
      (await engine.explain(context, run.id)).sentence.includes("cpuSecondsPerHour"),
    );
    expect((await engine.explain(context, run.id)).waits[0]?.text).toMatch(
      /^"b" .* workflow "busy" has used \d+(\.\d)? of 0\.001 seconds of processor time an hour/,
    );
  } finally {
    await engine.close(0);
    await store.close();
  }
});
