/**
 * Puts a copy of a store into a data directory. The caller owns the directory.
 *
 *   1. The copy is checked before anything is touched: it is ours, of a schema that can be read,
 *      whole page by page.
 *   2. It becomes another store: a new id and a much later epoch, so that it is never taken for the
 *      one it comes from; and it is held: it starts nothing until it is released.
 *   3. store.db is replaced whole, by one rename. Killed before, the directory is as it was.
 *   4. A store that is replaced stays beside it as `store.db.before-restore`, or with a number behind
 *      that where one is kept already: none that was kept is ever overwritten.
 *   5. What an earlier attempt left half-way is never taken for a part of this one.
 */

import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import type { RestoreFacts } from "#ports/store-facts.ts";
import { Connection } from "./connection.ts";
import { digestOf, ignoreMissing, refuseForeign, refuseUnfinished, statOf } from "./copy-checks.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { HOLD_STORE } from "./sql/hold-store.ts";
import { toStoreError } from "./sqlite-error.ts";
import { STORE_FILE } from "./store-file.ts";

/** Later than any opening of the store it comes from will be. */
const EPOCHS_AHEAD = 1_000_000;
/** What every owner makes, and what fresh directories hold. */
const HARMLESS = /^(owner\.lock|owner\.json|files)$/;

export interface RestoreOptions {
  readonly from: string;
  readonly dataDir: string;
  /** Replaces what is there. */
  readonly force: boolean;
  readonly nowMs: number;
}

/** Rejects with request_invalid, store_newer, store_corrupt, store_unavailable. */
export async function restoreStore(options: RestoreOptions): Promise<RestoreFacts> {
  try {
    return await restore(options);
  } catch (error) {
    throw toStoreError(error, `restoring ${options.from}`);
  }
}

async function restore({ from, dataDir, force, nowMs }: RestoreOptions): Promise<RestoreFacts> {
  const directory = resolve(dataDir);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const present = (await readdir(directory)).filter((name) => !HARMLESS.test(name));
  if (present.length > 0 && !force)
    throw new LockstitchError(
      "request_invalid",
      `${directory} is not empty (${present.slice(0, 3).join(", ")}): name another directory with --data, or replace its store with --force.`,
    );
  const path = join(directory, STORE_FILE);
  const draft = `${path}.part`;
  await refuseUnfinished(from);
  await refuseForeign(from);
  await removeDraft(draft);
  try {
    await copyFile(from, draft, constants.COPYFILE_FICLONE);
    const sha256 = await digestOf(draft);
    const facts = makeAnother(draft, nowMs);
    const file = await open(draft, "r+");
    await file.sync().finally(() => file.close());
    const replaced = present.includes(STORE_FILE) ? await setAside(path) : null;
    await rename(draft, path);
    const folder = await open(directory, "r");
    await folder.sync().finally(() => folder.close());
    return { into: directory, ...facts, sha256, replaced };
  } catch (error) {
    await removeDraft(draft);
    throw error;
  }
}

/** With what SQLite may have left beside it, and would take for a part of the next one. */
async function removeDraft(draft: string): Promise<void> {
  for (const beside of ["", "-journal", "-wal", "-shm"])
    await rm(`${draft}${beside}`, { force: true });
}

function makeAnother(
  path: string,
  nowMs: number,
): Omit<RestoreFacts, "into" | "sha256" | "replaced"> {
  const connection = new Connection(path, "copy");
  try {
    const { database } = connection;
    const one = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
    const version = Number(connection.pragma("user_version"));
    if (version > MIGRATIONS.length)
      throw new LockstitchError(
        "store_newer",
        `the copy has schema version ${version}, this release reads up to ${MIGRATIONS.length}: use a newer release`,
      );
    const verdict = String(one("PRAGMA integrity_check"));
    if (verdict !== "ok")
      throw new LockstitchError("store_corrupt", `the copy is damaged: ${verdict}; use another`);
    const held = one("SELECT value FROM meta WHERE name = 'held'");
    const backupAtMs =
      typeof held === "string" ? (JSON.parse(held) as { backupAtMs: number }).backupAtMs : null;
    connection.run(HOLD_STORE, JSON.stringify({ backupAtMs: backupAtMs ?? nowMs }));
    connection.run("UPDATE meta SET value = value + ?1 WHERE name = 'owner_epoch'", EPOCHS_AHEAD);
    connection.run("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'store_id'");
    return {
      storeId: String(one("SELECT value FROM meta WHERE name = 'store_id'")),
      runs: Number(one("SELECT count(*) FROM runs WHERE status BETWEEN 0 AND 6")),
      openRuns: Number(one("SELECT count(*) FROM runs WHERE status <= 3")),
      backupAtMs,
    };
  } finally {
    connection.close();
  }
}

/** Leaves no WAL behind: it would be applied to the file that comes next. Answers where the store is kept. */
async function setAside(path: string): Promise<string> {
  const kept = await freeName(path);
  try {
    // Closing the last connection moves the WAL into the file.
    new Connection(path, "write").close();
  } catch {
    // A store that cannot be opened any more is kept as it lies.
  }
  await rm(kept, { force: true });
  await link(path, kept);
  // There still is one where the store could not be opened, or another program has it open, too: it
  // may hold the last commits, and goes with the store.
  await rename(`${path}-wal`, `${kept}-wal`).catch(ignoreMissing);
  await rm(`${path}-shm`, { force: true });
  return kept;
}

/** The first name that is free, or is already one of this very file: a restore was killed at it. */
async function freeName(path: string): Promise<string> {
  const { ino } = await stat(path, { bigint: true });
  for (let number = 1; ; number++) {
    const name = `${path}.before-restore${number === 1 ? "" : `-${number}`}`;
    const there = await statOf(name);
    if (there === null || there.ino === ino) return name;
  }
}
