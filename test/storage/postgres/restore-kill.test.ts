/** kill -9 of whoever copies a database or fills one: no half copy, no half store, and again it works. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { COPY_TABLES } from "#ports/store-copy.ts";
import { sqliteCopies } from "#storage/sqlite/store-copies.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { fillStore, outlineOf } from "../full-store.ts";
import { postgresForTests, storeIn } from "./postgres-fixture.ts";

const PROGRAM = fileURLToPath(new URL("./copy-process.ts", import.meta.url));
const LAST = COPY_TABLES.length;

const postgres = postgresForTests();

/** The signal that ended it; null: it came to its end. */
async function copying(what: "backup" | "restore", path: string, url: string, at: number) {
  const child = spawn(process.execPath, [PROGRAM, what, path, url, String(at)]);
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  expect([code ?? 0, said.replace(/^.*Warning.*\n/gm, "")]).toEqual([0, ""]);
  return signal;
}

describe.skipIf(postgres === null)("killed while a database is copied", () => {
  if (postgres === null) return;

  test("a restore: the database is empty, and the next restore fills it", async () => {
    await using directory = await temporaryDirectory();
    await using source = await postgres.openStore();
    await fillStore(source.store);
    const before = await outlineOf(source.store);
    const copy = join(directory.path, "copy.db");
    await source.store.upkeep?.backup(copy);
    await using database = await postgres.database();
    for (const at of [1, Math.floor(LAST / 2), LAST]) {
      expect(await copying("restore", copy, database.url, at)).toBe("SIGKILL");
      const [rows] = await database.query(
        "SELECT (SELECT count(*)::int FROM runs) AS runs, (SELECT count(*)::int FROM turns) AS turns, (SELECT count(*)::int FROM meta WHERE name = 'held') AS held",
      );
      expect(rows).toEqual({ runs: 0, turns: 0, held: 0 });
    }
    expect(await copying("restore", copy, database.url, 0)).toBeNull();
    await using restored = await storeIn(database);
    expect(await outlineOf(restored.store)).toEqual(before);
    expect(await restored.store.upkeep?.hold()).not.toBeNull();
  });

  test("a backup: nothing bears its name, hosts go on, and the next backup is whole", async () => {
    await using directory = await temporaryDirectory();
    await using source = await postgres.openStore();
    await fillStore(source.store);
    const before = await outlineOf(source.store);
    const copy = join(directory.path, "copy.db");
    for (const at of [1, 5]) {
      expect(await copying("backup", copy, source.database.url, at)).toBe("SIGKILL");
      expect(existsSync(copy)).toBe(false);
    }
    expect(await outlineOf(source.store)).toEqual(before);
    expect(await copying("backup", copy, source.database.url, 0)).toBeNull();
    const made = await sqliteCopies.open(copy);
    expect(made.backupAtMs).not.toBeNull();
    await made.close();
    await using database = await postgres.database();
    expect(await copying("restore", copy, database.url, 0)).toBeNull();
    await using restored = await storeIn(database);
    expect(await outlineOf(restored.store)).toEqual(before);
  });
});
