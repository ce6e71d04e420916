/**
 * Triggers on hosts that share a PostgreSQL database: real engines with clocks that are off by
 * minutes, and saves that race.
 */
import { describe, expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { openHostEngine } from "#engine/hosts/host-engine.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { type AheadClock, aheadClock } from "../../../src/system/ahead-clock.ts";
import { systemClock } from "../../../src/system/system-clock.ts";
import { postgresForTests, type TestDatabase } from "../../storage/postgres/postgres-fixture.ts";
import { context, work, workflow } from "../engine-fixture.ts";
import { openOwner } from "../owner.ts";
import { until } from "../sqlite-fixture.ts";

const postgres = postgresForTests();
const MINUTE_MS = 60_000;

interface Host extends AsyncDisposable {
  readonly engine: Engine;
  readonly clock: AheadClock;
  /** As an operator who sets the machine's clock. */
  jump(byMs: number): void;
}

/** Its machine's clock is `offMs` ahead of the truth. */
async function join(database: TestDatabase, name: string, offMs = 0): Promise<Host> {
  let aheadMs = offMs;
  const machine = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  const clock = aheadClock(machine);
  const store = await openPostgresStore({
    ...{ url: database.url, poolMax: 3, clock },
    host: { name, reader: 1, leaseMs: 60_000 },
  });
  const { hosts } = store;
  if (hosts === undefined) throw new Error("the store has no hosts");
  const { engine } = await openOwner(store, { work: { ok: async () => 1 }, clock }, (options) =>
    openHostEngine(options, { hosts, takesRuns: true, onStoreClock: clock.adjust }),
  );
  return {
    ...{ engine, clock },
    jump(byMs) {
      aheadMs += byMs;
    },
    async [Symbol.asyncDispose]() {
      await engine.close(0);
      await store.close();
    },
  };
}

/** Of `ticks.schedule.20260329T010000Z`. */
function instantOf(runId: string): number {
  const [, year, month, day, hour, minute, second] =
    /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(runId) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

describe.skipIf(postgres === null)("triggers on several hosts", () => {
  if (postgres === null) return;

  test("hosts whose clocks are off by minutes fire in time by the store's, each instant once", async () => {
    await using database = await postgres.database();
    await using early = await join(database, "early", 7 * MINUTE_MS);
    await using late = await join(database, "late", -7 * MINUTE_MS);
    for (const { clock } of [early, late])
      expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1_500);
    const ticks = workflow("ticks", {
      triggers: [{ schedule: { every: "1s", overlap: "allow" } }],
      steps: [work("a", "ok")],
    });
    await early.engine.saveWorkflow(context, ticks);
    const runs = async () => (await early.engine.list(context, { limit: 100 })).items;
    await until("two instants", async () => (await runs()).length >= 2);
    // Between two beats nobody has told it that somebody set its machine's clock.
    early.jump(60 * MINUTE_MS);
    const before = (await runs()).length;
    await until("two more", async () => (await runs()).length >= before + 2);
    await late.engine.triggers.pause(context, { workflow: "ticks", id: "schedule" });
    const found = await runs();
    const nowMs = Date.now();
    const instants = found.map(({ id }) => instantOf(id)).toSorted((a, b) => a - b);
    const first = instants[0] ?? 0;
    expect(instants).toEqual(instants.map((_, at) => first + at * 1_000));
    for (const { createdAtMs, id } of found) {
      const lateMs = createdAtMs - instantOf(id);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(10_000);
    }
    const newest = instants.at(-1) ?? 0;
    expect(newest).toBeLessThan(nowMs + 500);
    expect(newest).toBeGreaterThan(nowMs - 30_000);
  });

  test("of two saves of one webhook's path at once one succeeds, and the other is told why", async () => {
    await using database = await postgres.database();
    await using a = await join(database, "a");
    await using b = await join(database, "b");
    const hooked = (name: string, path: string) =>
      workflow(name, { triggers: [{ webhook: { path } }], steps: [work("a", "ok")] });
    for (let round = 0; round < 8; round += 1) {
      const saved = await Promise.allSettled([
        a.engine.saveWorkflow(context, hooked(`a${round}`, `orders/${round}`)),
        b.engine.saveWorkflow(context, hooked(`b${round}`, `orders/${round}`)),
      ]);
      const refused = saved.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(refused).toHaveLength(1);
      expect(refused[0]).toMatchObject({
        code: "action_refused",
        message: expect.stringMatching(
          /^Webhook POST orders\/\d is trigger webhook of workflow [ab]\d already: choose/,
        ),
      });
    }
  });
});
