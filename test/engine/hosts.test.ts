/** Several hosts on one PostgreSQL database: real engines, real leases, real time. */
import { describe, expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { postgresForTests, type TestDatabase } from "../storage/postgres/postgres-fixture.ts";
import { context, type Work, work, workflow } from "./engine-fixture.ts";
import { type Owner, type OwnerOptions, openOwner } from "./owner.ts";
import { ended, until } from "./sqlite-fixture.ts";

/** Far more than a busy machine holds up an event loop. */
const LEASE_MS = 3_000;

const echo: Work = async ({ config }) => (config as { value?: unknown }).value ?? null;

const signalled = workflow("signalled", {
  steps: [
    work("first", "echo", { with: { value: 1 } }),
    { id: "go", uses: "wait.signal", with: { name: "go" }, needs: ["first"] },
    work("last", "echo", { with: { value: "${{ steps.go.output }}" }, needs: ["go"] }),
  ],
  output: "${{ steps.last.output }}",
});

const postgres = postgresForTests();

interface Hosts extends AsyncDisposable {
  join(name: string, options?: OwnerOptions & { readonly takesRuns?: boolean }): Promise<Owner>;
  /** As a host that dies: it says and does nothing any more. */
  kill(owner: Owner): Promise<void>;
  /** As a restored store: whoever opens it starts paused. */
  hold(): Promise<void>;
  /** Takes a run from its owner, whoever that is. */
  free(runId: string): Promise<void>;
}

async function openHosts(): Promise<Hosts> {
  const database: TestDatabase | undefined = await postgres?.database();
  if (database === undefined) throw new Error("there is no PostgreSQL");
  const opened = new Map<Owner, Engine>();
  return {
    async join(name, { takesRuns = true, ...options } = {}) {
      const store = await openPostgresStore({
        url: database.url,
        poolMax: 3,
        host: { name, reader: 1, leaseMs: LEASE_MS },
      });
      const { hosts } = store;
      if (hosts === undefined) throw new Error("the store has no hosts");
      const owner = await openOwner(store, { work: { echo }, ...options }, (engine) =>
        openHostEngine(engine, { hosts, takesRuns }),
      );
      opened.set(owner, owner.engine);
      return owner;
    },
    async kill(owner) {
      await owner.store.close();
    },
    async hold() {
      await database.query(`INSERT INTO meta (name, value) VALUES ('held', '{"backupAtMs":1}')`);
    },
    async free(runId) {
      await database.query("UPDATE runs SET owner = NULL WHERE run_id = $1", [runId]);
    },
    async [Symbol.asyncDispose]() {
      for (const [{ store }, engine] of [...opened].reverse()) {
        await engine.close(0);
        await store.close();
      }
      await database[Symbol.asyncDispose]();
    },
  };
}

const waiting = (engine: Engine, runId: string) =>
  until(`${runId} waits`, async () => (await engine.get(context, runId))?.status === "waiting");

/** Every outcome once, no gap in the journal. */
async function expectOneOutcomeEach(engine: Engine, runId: string): Promise<void> {
  const events = await engine.events(context, runId, 0, 1_000);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  const outcomes = events.filter(({ type }) => type === "step.succeeded").map(({ path }) => path);
  expect(new Set(outcomes).size).toBe(outcomes.length);
}

describe.skipIf(postgres === null)("several hosts", () => {
  test("what one host drives, every host sees, explains and steers", async () => {
    await using hosts = await openHosts();
    const a = await hosts.join("a");
    const b = await hosts.join("b");
    const { run } = await a.engine.start(context, { workflow: signalled, id: "r" });
    await waiting(b.engine, run.id);
    expect((await b.engine.explain(context, "r")).sentence).toContain("signal");
    await b.engine.pause(context, "r", "from b");
    expect((await a.engine.get(context, "r"))?.status).toBe("paused");
    expect((await b.engine.resume(context, "r")).status).toBe("waiting");
    const followed: string[] = [];
    const following = (async () => {
      for await (const { type } of b.engine.follow(context, "r", 0, new AbortController().signal))
        followed.push(type);
    })();
    const wait = ended(b.engine, "r");
    const signal = { name: "go", payload: 7, id: "once" };
    expect(await b.engine.signal(context, "r", signal)).toMatchObject({ applied: true });
    expect(await wait).toMatchObject({ status: "succeeded", output: 7 });
    await following;
    expect(followed.at(-1)).toBe("run.succeeded");
    await expect(b.engine.signal(context, "r", signal)).rejects.toMatchObject({
      code: "run_terminal",
    });
    expect(a.attempts.length).toBe(2);
    expect(b.attempts.length).toBe(0);
  });

  test("a host that dies loses its runs to the others once its lease is over, outcomes stay", async () => {
    await using hosts = await openHosts();
    const dead = Promise.withResolvers<never>();
    const a = await hosts.join("a", { work: { echo, slow: () => dead.promise } });
    const b = await hosts.join("b", { work: { echo, slow: async () => "b" } });
    const definition = workflow("slow", {
      steps: [
        work("before", "echo", { with: { value: 1 } }),
        work("slow", "slow", { needs: ["before"] }),
      ],
      output: "${{ steps.slow.output }}",
    });
    for (const id of ["r1", "r2", "r3"])
      await a.engine.start(context, { workflow: definition, id });
    await a.engine.start(context, { workflow: signalled, id: "rests" });
    await until("all are under way", () => a.attempts.length === 7);
    await waiting(b.engine, "rests");
    await hosts.kill(a);
    for (const id of ["r1", "r2", "r3"]) {
      expect(await ended(b.engine, id)).toMatchObject({ status: "succeeded", output: "b" });
      await expectOneOutcomeEach(b.engine, id);
    }
    expect(await b.engine.signal(context, "rests", { name: "go", payload: 1 })).toMatchObject({
      applied: true,
    });
    expect(await ended(b.engine, "rests")).toMatchObject({ output: 1 });
    // Each repeat has the key of the attempt that was lost.
    const keys = (owner: Owner) =>
      owner.attempts
        .filter(({ path }) => path === "slow")
        .map(({ idempotencyKey }) => idempotencyKey);
    expect(keys(b).sort()).toEqual(keys(a).sort());
  });

  test("explain says that the host of a run does not answer, and when nobody drives it", async () => {
    await using hosts = await openHosts();
    const a = await hosts.join("a");
    const b = await hosts.join("b", { takesRuns: false });
    await a.engine.start(context, { workflow: signalled, id: "r" });
    await waiting(b.engine, "r");
    await until("b knows of a", () => b.engine.stats().hosts?.withLease === 2);
    await hosts.kill(a);
    const { sentence, waits } = await b.engine.explain(context, "r");
    expect(sentence).toMatch(
      /^The run is waiting: its host \(a\) does not answer.*, and 1 more\.$/,
    );
    expect(waits.map(({ kind }) => kind)).toEqual(["host", "signal"]);
    await until("its lease is over", async () => {
      const [first] = (await b.engine.explain(context, "r")).waits;
      return first?.text.includes("has no lease any more") === true;
    });
    await until("b knows that a is gone", () => b.engine.stats().hosts?.withLease === 1);
    expect(b.engine.stats().hosts).toMatchObject({ suspensions: 0, isSuspended: false });
    await until("a lost its lease", () => a.engine.stats().hosts?.isSuspended === true);
    expect(a.engine.stats().hosts).toMatchObject({ leaseLeftMs: 0, suspensions: 1 });
    // As it is after a host has stopped in good order.
    await hosts.free("r");
    expect((await b.engine.explain(context, "r")).waits[0]).toMatchObject({
      ...{ kind: "host", text: "no host drives it; the next one that looks takes it" },
    });
    // Whoever is called for it drives it, and explains it as its own.
    await b.engine.pause(context, "r", "now b has it");
    expect((await b.engine.explain(context, "r")).sentence).toMatch(
      /^The run is paused .*: now b has it\.$/,
    );
  });

  test("a host that stops in good order hands its runs on at once", async () => {
    await using hosts = await openHosts();
    const a = await hosts.join("a");
    const b = await hosts.join("b");
    for (const id of ["r1", "r2"]) {
      await a.engine.start(context, { workflow: signalled, id });
      await waiting(a.engine, id);
    }
    await a.engine.close(1_000);
    const others = async () => {
      const heads = await Promise.all(["r1", "r2"].map((id) => b.store.journal.head(context, id)));
      return heads.every((head) => head?.owner === b.store.hosts?.host);
    };
    await until("b has them", others);
    await b.engine.signal(context, "r1", { name: "go", payload: 5 });
    expect(await ended(b.engine, "r1")).toMatchObject({ status: "succeeded", output: 5 });
  });

  test("what runs while its host stops keeps the lease, however long that takes", async () => {
    await using hosts = await openHosts();
    const { promise, resolve } = Promise.withResolvers<string>();
    const a = await hosts.join("a", { work: { echo, slow: () => promise } });
    const b = await hosts.join("b", { work: { echo, slow: async () => "b" } });
    const definition = workflow("slow", {
      steps: [work("slow", "slow")],
      output: "${{ steps.slow.output }}",
    });
    await a.engine.start(context, { workflow: definition, id: "r" });
    await until("it is under way", () => a.attempts.length === 1);
    const leaseOfA = async () => {
      const beat = { address: null, openRuns: 0, isDraining: false };
      const answer = await b.store.hosts?.beat(beat);
      return { ...answer?.hosts.find(({ name }) => name === "a"), nowMs: answer?.nowMs ?? 0 };
    };
    const { expiresAtMs: firstEndMs = 0 } = await leaseOfA();
    const closed = a.engine.close(60_000);
    await until(
      "the lease of before is over",
      async () => (await leaseOfA()).nowMs > firstEndMs + 500,
    );
    expect(await leaseOfA()).toMatchObject({ name: "a", isDraining: true });
    resolve("a");
    await closed;
    expect(await ended(b.engine, "r")).toMatchObject({ status: "succeeded", output: "a" });
    expect(b.attempts).toEqual([]);
  });

  test("a restored store that is released at one host runs on all of them", async () => {
    await using hosts = await openHosts();
    await hosts.hold();
    const a = await hosts.join("a");
    const b = await hosts.join("b");
    const start = (id: string) => b.engine.start(context, { workflow: signalled, id });
    await expect(start("early")).rejects.toMatchObject({ code: "store_held" });
    await a.engine.care.release(context);
    await until("b knows", () => !(b.engine.stats().upkeep?.isHeld ?? true));
    await start("r");
    await waiting(a.engine, "r");
    await until("each knows of the other", () =>
      [a, b].every(({ engine }) => engine.stats().hosts?.withLease === 2),
    );
    expect(b.logs.filter(({ level }) => level === "warn")).toEqual([
      expect.objectContaining({ fields: { by: "another host" } }),
    ]);
  });

  test("a parent and its child on different hosts: start, cancel and end arrive", async () => {
    await using hosts = await openHosts();
    const a = await hosts.join("a", { takesRuns: false });
    const child = workflow("child", {
      steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
      output: "${{ steps.go.output }}",
    });
    const parent = workflow("parent", {
      steps: [{ id: "sub", uses: "workflow.run", with: { workflow: "child" } }],
      output: "${{ steps.sub.output }}",
    });
    await a.engine.saveWorkflow(context, child);
    const childOf = async (runId: string) => {
      let id: string | undefined;
      await until("its child is there", async () => {
        const children = await a.engine.list(context, { parentRunId: runId, limit: 1 });
        id = children.items[0]?.id;
        return id !== undefined;
      });
      return id ?? "";
    };
    await a.engine.start(context, { workflow: parent, id: "p1" });
    await a.engine.start(context, { workflow: parent, id: "p2" });
    const [first, second] = [await childOf("p1"), await childOf("p2")];
    await waiting(a.engine, first);
    await waiting(a.engine, second);
    const heads = await Promise.all([first, second].map((id) => a.store.journal.head(context, id)));
    const b = await hosts.join("b");
    await a.store.hosts?.release(heads.flatMap((head) => (head === null ? [] : [head])));
    await a.store.hosts?.tell(b.store.hosts?.host ?? 0, "runs");
    await until("b has both", async () => {
      const now = await Promise.all([first, second].map((id) => a.store.journal.head(context, id)));
      return now.every((head) => head?.owner === b.store.hosts?.host);
    });
    await b.engine.signal(context, first, { name: "go", payload: "done" });
    expect(await ended(a.engine, "p1")).toMatchObject({ status: "succeeded", output: "done" });
    await a.engine.cancel(context, "p2");
    expect(await ended(a.engine, "p2")).toMatchObject({ status: "cancelled" });
    expect(await ended(b.engine, second)).toMatchObject({ status: "cancelled" });
  });
});
