/**
 * Copies as files of this store: a copy of any store is a SQLite file that this one can be opened on.
 * A thread of its own writes them; they are read where they are asked for, by commands that do
 * nothing else meanwhile. A copy of an older release is brought to this one's schema first, as
 * a copy of the copy.
 */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import type { CopyRow, CopySource, CopyTable, CopyValue, StoreCopies } from "#ports/store-copy.ts";
import type { StoreHold } from "#ports/upkeep.ts";
import { Connection } from "./connection.ts";
import { digestOf, refuseForeign, refuseUnfinished } from "./copy-checks.ts";
import { createDraft } from "./copy-draft.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { READ_HOLD } from "./sql/read-hold.ts";
import { toStoreError } from "./sqlite-error.ts";

/** What is read at once, about. */
const PORTION_BYTES = 1_048_576;
const PORTION_ROWS = 500;
/** A value that is no bytes and no text. */
const VALUE_BYTES = 16;

export const sqliteCopies: StoreCopies = {
  create: (path) => createDraft(path),
  open: (path) => openCopy(path),
};

async function openCopy(path: string): Promise<CopySource> {
  try {
    await refuseUnfinished(path);
    await refuseForeign(path);
    const sha256 = await digestOf(path);
    return { sha256, ...(await sourceOf(path)) };
  } catch (error) {
    throw toStoreError(error, `reading ${path}`);
  }
}

async function sourceOf(path: string): Promise<Omit<CopySource, "sha256">> {
  const looked = new Connection(path, "read");
  const version = Number(looked.pragma("user_version"));
  if (version === MIGRATIONS.length) return sourceIn(looked, async () => looked.close());
  looked.close();
  if (version > MIGRATIONS.length)
    throw new LockstitchError(
      "store_newer",
      `the copy has schema version ${version}, this release reads up to ${MIGRATIONS.length}: use a newer release`,
    );
  const folder = await mkdtemp(join(tmpdir(), "lockstitch-copy-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const again = join(folder, "copy.db");
    await copyFile(path, again);
    const connection = new Connection(again, "copy");
    migrate(connection, MIGRATIONS, Date.now());
    return sourceIn(connection, async () => {
      connection.close();
      await remove();
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

function sourceIn(connection: Connection, close: () => Promise<void>): Omit<CopySource, "sha256"> {
  const verdict = String(
    Object.values(connection.database.prepare("PRAGMA integrity_check").get() ?? {})[0],
  );
  if (verdict !== "ok")
    throw new LockstitchError("store_corrupt", `the copy is damaged: ${verdict}; use another`);
  const hold = connection.get<{ hold: string }>(READ_HOLD);
  const backupAtMs = hold === undefined ? null : (JSON.parse(hold.hold) as StoreHold).backupAtMs;
  return { backupAtMs, rows: (table) => portionsOf(connection, table), close };
}

async function* portionsOf(
  connection: Connection,
  { name, columns }: CopyTable,
): AsyncGenerator<readonly CopyRow[]> {
  const selected = Object.entries(columns).map(([column, kind]) =>
    // A BLOB that is JSON comes as its bytes, whatever it was written as.
    kind === "bytes" ? `CAST("${column}" AS BLOB) AS "${column}"` : `"${column}"`,
  );
  const order = hasRowIds(connection, name) ? " ORDER BY rowid" : "";
  let portion: CopyRow[] = [];
  let bytes = 0;
  const rows = connection.each<Readonly<Record<string, CopyValue>>>(
    `SELECT ${selected.join(", ")} FROM "${name}"${order}`,
  );
  for (const found of rows) {
    const row = Object.keys(columns).map((column) => found[column] ?? null);
    portion.push(row);
    for (const value of row)
      bytes += typeof value === "number" ? VALUE_BYTES : (value?.length ?? 0);
    if (portion.length < PORTION_ROWS && bytes < PORTION_BYTES) continue;
    yield portion;
    portion = [];
    bytes = 0;
  }
  if (portion.length > 0) yield portion;
}

function hasRowIds(connection: Connection, table: string): boolean {
  const row = connection.get<{ wr: number }>(
    "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1",
    table,
  );
  return row?.wr === 0;
}
