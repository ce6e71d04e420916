/** What is seen of a database by whoever only looks, and that looking changes nothing. */
import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { inspectPostgresStore } from "#storage/postgres/inspect.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import { ALICE, creation } from "../../contract/store-fixture.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("looking at a database", () => {
  if (postgres === null) return;

  test("hosts, and who drives the open runs; nothing is claimed or changed", async () => {
    await using fixture = await postgres.openStore();
    const { store, database } = fixture;
    const runs = ["lives", "lapsed", "late", "nobody", "stranger"];
    await store.journal.commit(
      "c",
      runs.map((runId) => creation({ runId, epoch: store.epoch })),
    );
    await database.query(`
      INSERT INTO hosts (host, name, address, started_at, expires_at, reader) VALUES
        (101, 'lives', 'http://a:1', now(), now() + interval '1 hour', 1),
        (102, 'lapsed', NULL, now(), now() - interval '1 second', 1),
        (103, 'late', NULL, now(), now() - interval '1 hour', 1)`);
    const owners = [101, 102, 103, null, 999];
    for (const [at, owner] of owners.entries())
      await database.query("UPDATE runs SET owner = $2 WHERE run_id = $1", [runs[at], owner]);
    const everything = async () => {
      const [epochs] = await database.query("SELECT last_value FROM owner_epochs");
      const rows = await database.query(
        "SELECT run_id, owner, owner_epoch, seq FROM runs ORDER BY 1",
      );
      return { epochs, rows, hosts: await database.query("SELECT * FROM hosts ORDER BY host") };
    };
    const before = await everything();

    const looked = await inspectPostgresStore({ url: database.url, overdueMs: 0 });
    try {
      expect(looked.facts).toMatchObject({
        ...{ schema: "lockstitch", schemaVersion: MIGRATIONS.length, hold: null },
        ...{ supportedVersion: MIGRATIONS.length, fsync: "off", synchronousCommit: "on" },
        serverVersion: expect.stringMatching(/^\d+/),
        fileBytes: expect.any(Number),
      });
      expect(Math.abs(looked.facts.clockAheadMs)).toBeLessThan(1_000);
      expect(JSON.stringify(looked.facts)).not.toContain(postgres.server.password);
      const drivers = await looked.drivers();
      expect(
        drivers.map(({ host, facts, hasLease, isOverdue, openRuns, oldestRunId }) => [
          ...[host, facts?.name, hasLease, isOverdue, openRuns, oldestRunId],
        ]),
      ).toEqual([
        [101, "lives", true, false, 1, "lives"],
        [102, "lapsed", false, true, 1, "lapsed"],
        [103, "late", false, true, 1, "late"],
        [999, undefined, false, true, 1, "stranger"],
        [null, undefined, false, true, 1, "nobody"],
      ]);
      expect(drivers[0]?.facts).toMatchObject({ address: "http://a:1", isDraining: false });
      expect((await looked.store?.journal.openRuns(null, 10))?.length).toBe(5);
      const another = creation({ runId: "new", epoch: 1 });
      await expect(looked.store?.journal.commit("d", [another])).rejects.toMatchObject({
        code: "store_unavailable",
      });
      await expect(
        looked.store?.blobs.put(ALICE, hash("sha256", "x"), Buffer.from("x")),
      ).rejects.toThrow(/read-only/);
    } finally {
      await looked.close();
    }
    expect(await everything()).toEqual(before);

    // The server has not been up for an hour: nobody could have taken anything for so long.
    const patient = await inspectPostgresStore({ url: database.url, overdueMs: 1_800_000 });
    const overdue = (await patient.drivers()).filter(({ isOverdue }) => isOverdue);
    await patient.close();
    expect(overdue.map(({ host }) => host)).toEqual([999, null]);
  });

  test("an empty database, an older schema and a newer one", async () => {
    await using empty = await postgres.database(true);
    const look = (url: string) => inspectPostgresStore({ url, overdueMs: 15_000 });
    const none = await look(empty.url);
    expect(none).toMatchObject({ store: null, facts: { schemaVersion: 0, fileBytes: null } });
    expect(await none.drivers()).toEqual([]);
    await none.close();
    expect(await empty.query("SELECT to_regnamespace('lockstitch') AS there")).toEqual([
      { there: null },
    ]);

    await using database = await postgres.database();
    const newest = MIGRATIONS.length;
    await database.query("INSERT INTO migrations VALUES ($1, 'later', 'x')", [newest + 1]);
    const newer = await look(database.url);
    await newer.close();
    expect(newer).toMatchObject({ store: null, facts: { schemaVersion: newest + 1 } });
    await database.query("DELETE FROM migrations WHERE version >= $1", [newest]);
    const older = await look(database.url);
    await older.close();
    expect(older).toMatchObject({ store: null, facts: { schemaVersion: newest - 1 } });
  });
});
