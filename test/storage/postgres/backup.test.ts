/** Copies of a store on PostgreSQL: of one instant, held, and the same store in either kind. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COPY_TABLES } from "#ports/store-copy.ts";
import { NOT_COPIED } from "#storage/postgres/copy-statements.ts";
import { restorePostgresStore } from "#storage/postgres/restore.ts";
import { RUN_TABLES } from "#storage/postgres/run-rows.ts";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { restoreStore } from "#storage/sqlite/restore.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { fillStore, outlineOf } from "../full-store.ts";
import { postgresForTests, storeIn } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("copies of a store on PostgreSQL", () => {
  if (postgres === null) return;

  test("a copy becomes the same store, held, in a data directory and in another database", async () => {
    await using directory = await temporaryDirectory();
    await using fixture = await postgres.openStore();
    const { store } = fixture;
    await fillStore(store);
    const before = await outlineOf(store);
    const copy = join(directory.path, "copy.db");
    const facts = await store.upkeep?.backup(copy);
    expect(facts).toMatchObject({ runs: 3, openRuns: 2 });

    const dataDir = join(directory.path, "laptop");
    await restoreStore({ from: copy, dataDir, force: false, nowMs: 1 });
    const clock = { nowMs: () => Date.UTC(2026, 0, 1) };
    const laptop = await openSqliteStore({ dataDir, mode: "local", clock });
    expect(await outlineOf(laptop)).toEqual(before);
    expect(await laptop.upkeep?.hold()).not.toBeNull();
    const back = join(directory.path, "back.db");
    await laptop.upkeep?.backup(back);
    await laptop.close();

    await using bare = await postgres.database(true);
    const byHand = { url: bare.url, copies: sqliteCopies, nowMs: 9, autoMigrate: false };
    await expect(restorePostgresStore({ from: copy, ...byHand })).rejects.toThrow(
      /lockstitch database migrate/,
    );
    for (const from of [copy, back]) {
      const database = await postgres.database();
      const options = { from, url: database.url, copies: sqliteCopies, nowMs: 9 };
      const restored = await restorePostgresStore(options);
      expect(restored).toMatchObject({ runs: 3, openRuns: 2, replaced: null });
      expect(restored.storeId).not.toBe(facts?.storeId);
      await using other = await storeIn(database);
      expect(await outlineOf(other.store)).toEqual(before);
      expect(await other.store.upkeep?.hold()).not.toBeNull();
      // It goes on where the copy was: runs, their lines, and new ones behind them.
      const { journal, epoch, logs } = other.store;
      const line = { path: "step", attempt: 1, line: 4, atMs: 4, level: "info" as const };
      const more = { logs: [{ ...line, text: "more", fields: null }] };
      const commit = [
        turn({ runId: "a", epoch, seqs: [6, 6], rest: more }),
        creation({ runId: "new", epoch }),
      ];
      expect(await journal.commit("c9", commit)).toEqual({ fenced: [] });
      const lines = await logs.read(ALICE, "a", { after: 0, limit: 9 });
      expect(lines.map(({ text }) => text).at(-1)).toBe("more");
      await expect(restorePostgresStore(options)).rejects.toMatchObject({
        code: "request_invalid",
      });
    }
  });

  test("a copy holds one instant, whatever is committed while it is made", async () => {
    await using directory = await temporaryDirectory();
    await using fixture = await postgres.openStore();
    const { journal, epoch, upkeep } = fixture.store;
    const events = JSON.stringify(["x".repeat(2_000)]);
    const make = (from: number) =>
      journal.commit(
        `c${from}`,
        Array.from({ length: 50 }, (_, at) => creation({ runId: `r${from + at}`, epoch, events })),
      );
    for (let from = 0; from < 1_000; from += 50) await make(from);
    const path = join(directory.path, "copy.db");
    let isDone = false;
    const copying = upkeep?.backup(path).finally(() => {
      isDone = true;
    });
    let made = 1_000;
    // Each run's row and turn come with one commit: a copy has both, or none.
    for (; !isDone; made += 50) await make(made);
    const facts = await copying;
    expect(made).toBeGreaterThan(1_000);
    const source = await sqliteCopies.open(path);
    const counts: Record<string, number> = {};
    for (const table of COPY_TABLES)
      for await (const rows of source.rows(table))
        counts[table.name] = (counts[table.name] ?? 0) + rows.length;
    await source.close();
    const { runs } = facts ?? { runs: 0 };
    expect(runs).toBeGreaterThanOrEqual(1_000);
    expect(runs % 50).toBe(0);
    expect(counts).toEqual({ runs, turns: runs });
  });

  test("a restore that fails leaves the database empty, and a copy that fails no file", async () => {
    await using directory = await temporaryDirectory();
    await using fixture = await postgres.openStore();
    const { store } = fixture;
    await fillStore(store);
    const copy = join(directory.path, "copy.db");
    await store.upkeep?.backup(copy);
    const whole = await sqliteCopies.open(copy);
    const broken = {
      ...sqliteCopies,
      open: async () => ({
        ...whole,
        rows: async function* (table: (typeof COPY_TABLES)[number]) {
          if (table.name === "memos") throw new Error("unplugged");
          yield* whole.rows(table);
        },
      }),
    };
    await using database = await postgres.database();
    const options = { from: copy, url: database.url, nowMs: 9 };
    await expect(restorePostgresStore({ ...options, copies: broken })).rejects.toThrow("unplugged");
    expect(await database.query("SELECT 1 FROM runs")).toEqual([]);
    await restorePostgresStore({ ...options, copies: sqliteCopies });

    await fixture.database.query("ALTER TABLE memos RENAME TO elsewhere");
    const second = join(directory.path, "second.db");
    await expect(store.upkeep?.backup(second)).rejects.toMatchObject({ code: "store_unavailable" });
    expect([existsSync(second), existsSync(`${second}.part`)]).toEqual([false, false]);
  });

  test("every table is copied or said not to be, and those of a run go with it", async () => {
    await using database = await postgres.database();
    const rows = await database.query(
      "SELECT table_name AS name, array_agg(column_name::text) AS columns FROM information_schema.columns WHERE table_schema = 'lockstitch' GROUP BY table_name",
    );
    const tables = rows as readonly { readonly name: string; readonly columns: string[] }[];
    const copied = COPY_TABLES.map(({ name }) => name);
    expect(tables.map(({ name }) => name).sort()).toEqual([...copied, ...NOT_COPIED].sort());
    const ofRuns = tables.filter(({ columns }) => columns.includes("run"));
    expect(ofRuns.map(({ name }) => name).sort()).toEqual([...RUN_TABLES].sort());
  });
});
