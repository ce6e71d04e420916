/** Slots that hosts share, where only a server can show it: what rows stay, when nothing is written, patience. */
import { describe, expect, test } from "vitest";
import { slotFindings } from "#cli/doctor/slot-checks.ts";
import type { SlotDemand } from "#ports/shared-slots.ts";
import { Sessions } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { inspectPostgresStore } from "#storage/postgres/inspect.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { FORGET_RUN_SLOTS } from "#storage/postgres/sql/forget-run-slots.ts";
import { FORGET_SLOT_SHARES } from "#storage/postgres/sql/forget-slot-shares.ts";
import type { HostStore } from "../../contract/hosts.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { postgresForTests, type TestDatabase } from "./postgres-fixture.ts";

const postgres = postgresForTests();
const ALIVE = { address: null, openRuns: 0, isDraining: false };
const AGEING_MS = 60_000;

function demand(of: Partial<SlotDemand> = {}): SlotDemand {
  return {
    ...{ gate: "g", isOfRuns: true, limit: 1, inUse: 0, spare: 0, waiting: [], runs: [] },
    ...of,
  };
}

async function join(database: TestDatabase, name: string): Promise<HostStore> {
  const store = await openPostgresStore({
    ...{ url: database.url, poolMax: 2 },
    host: { name, reader: 1, leaseMs: 5_000 },
  });
  await (store as HostStore).hosts.beat(ALIVE);
  return store as HostStore;
}

/** One run that holds the slot of gate "g". */
async function withHolder(store: HostStore): Promise<void> {
  const { epoch } = store;
  await store.hosts.slots.settle([demand({ spare: 1 })], AGEING_MS);
  const slot = { gate: "g", runId: "r" };
  const group = [creation({ runId: "r", epoch, rest: { slot } })];
  expect(await store.journal.commit("c", group)).toEqual({ fenced: [] });
}

async function ended({ journal, epoch }: HostStore): Promise<void> {
  const over = { status: "succeeded", rest: { endedAtMs: 9 } } as const;
  const last = turn({ runId: "r", epoch, seqs: [3, 3], ...over });
  expect(await journal.commit("end", [last])).toEqual({ fenced: [] });
}

describe.skipIf(postgres === null)("slots on PostgreSQL", () => {
  if (postgres === null) return;

  test("rows of runs go with their runs, by a look at the gate or by tidying; of hosts, with them", async () => {
    await using database = await postgres.database();
    const a = await join(database, "a");
    await withHolder(a);
    const runRows = () => database.query("SELECT run_id, gate FROM run_slots");
    expect(await runRows()).toEqual([{ run_id: "r", gate: "g" }]);
    const sessions = new Sessions(databaseAddress(database.url), 1);
    await sessions.change("tidying", FORGET_RUN_SLOTS, 10);
    expect(await runRows()).toHaveLength(1);
    await ended(a);
    await sessions.change("tidying", FORGET_RUN_SLOTS, 10);
    expect(await runRows()).toEqual([]);
    await database.query(
      "INSERT INTO run_slots VALUES ('alice', 'r', 'g'), ('alice', 'never', 'g')",
    );
    await a.hosts.slots.settle([demand({ spare: 1 })], AGEING_MS);
    expect(await runRows()).toEqual([]);
    // A run that was removed is no run.
    await database.query("INSERT INTO run_slots VALUES ('alice', 'r', 'g')");
    expect(await a.upkeep?.remove(ALICE, "r", null)).toBe("removed");
    while (!(await a.upkeep?.purge(100))?.isDone);
    await sessions.change("tidying", FORGET_RUN_SLOTS, 10);
    expect(await runRows()).toEqual([]);
    const shares = () => database.query("SELECT gate, held FROM slot_shares");
    await sessions.change("tidying", FORGET_SLOT_SHARES, 10);
    expect(await shares()).toEqual([{ gate: "g", held: 1 }]);
    await database.query("DELETE FROM hosts");
    await sessions.change("tidying", FORGET_SLOT_SHARES, 10);
    expect(await shares()).toEqual([]);
    await sessions.close();
    await a.close();
  });

  test("a lease that is over by a moment may have been renewed: its share counts a while longer", async () => {
    await using database = await postgres.database();
    const [a, b] = [await join(database, "a"), await join(database, "b")];
    await a.hosts.slots.settle([demand({ spare: 1 })], AGEING_MS);
    const over = (ms: number) =>
      database.query(
        `UPDATE hosts SET expires_at = now() - $1 * interval '1 millisecond' WHERE host = $2`,
        [ms, a.hosts.host],
      );
    await database.query(
      "SELECT pg_sleep_until(pg_postmaster_start_time() + interval '5 seconds')",
    );
    await over(1_000);
    const wanting = demand({ waiting: [{ limit: 1, priority: 5, sinceMs: 0, count: 1 }] });
    const held = async () => (await b.hosts.slots.settle([wanting], AGEING_MS))[0]?.held;
    expect(await held()).toBe(0);
    await over(4_000);
    expect(await held()).toBe(1);
    for (const store of [a, b]) await store.close();
  });

  test("who looks sees what is used, what was left behind, and what is more than its limit", async () => {
    await using database = await postgres.database();
    const [a, b] = [await join(database, "a"), await join(database, "b")];
    await withHolder(a);
    await a.hosts.slots.settle([demand({ gate: "mine", limit: 3, spare: 3 })], AGEING_MS);
    await b.hosts.slots.settle([demand({ gate: "over", limit: 2, inUse: 3 })], AGEING_MS);
    await b.hosts.slots.settle([demand({ gate: "left", limit: 4, inUse: 2 })], AGEING_MS);
    await database.query("UPDATE slot_shares SET host = 999 WHERE gate = 'left'");
    const looked = await inspectPostgresStore({ url: database.url, overdueMs: 15_000 });
    const uses = await looked.slots();
    await looked.close();
    expect(uses).toEqual([
      { gate: "g", held: 0, lost: 0, ofRuns: 1, limit: 1 },
      { gate: "left", held: 0, lost: 2, ofRuns: 0, limit: 4 },
      { gate: "mine", held: 3, lost: 0, ofRuns: 0, limit: 3 },
      { gate: "over", held: 3, lost: 0, ofRuns: 0, limit: 2 },
    ]);
    expect(slotFindings(uses)).toMatchObject([
      {
        ...{ check: "slots", status: "warn" },
        text: "6 held by hosts for attempts, 1 by open runs, under 4 limit(s); more than the limit: over (3 of 2)",
      },
      {
        ...{ check: "slots left behind", status: "ok" },
        text: "2 of hosts that are gone, free for whoever asks: left (0 of 4, 2 left behind)",
      },
    ]);
    expect(slotFindings([])).toMatchObject([{ status: "ok", text: "none is in use" }]);
    const many = Array.from({ length: 7 }, (_, at) => {
      return { gate: `g${at}`, held: 2, lost: 0, ofRuns: 0, limit: at === 0 ? null : 1 };
    });
    expect(slotFindings(many)[0]?.text).toMatch(/g5 \(2 of 1\); and 1 more$/);
    for (const store of [a, b]) await store.close();
  });

  test("a call that changes nothing writes nothing", async () => {
    await using database = await postgres.database();
    const [a, b] = [await join(database, "a"), await join(database, "b")];
    await a.hosts.slots.settle([demand({ spare: 1 })], AGEING_MS);
    const wanting = demand({ waiting: [{ limit: 1, priority: 5, sinceMs: 7, count: 1 }] });
    await b.hosts.slots.settle([wanting], AGEING_MS);
    const versions = () => database.query("SELECT host, xmin::text FROM slot_shares ORDER BY host");
    const before = await versions();
    expect(before).toHaveLength(2);
    await b.hosts.slots.settle([wanting], AGEING_MS);
    expect(await versions()).toEqual(before);
    for (const store of [a, b]) await store.close();
  });
});
