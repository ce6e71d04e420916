/**
 * The end of every copy: what was written under a draft's name is checked page by page, marked as
 * held, counted and fsynced; then it gets its name, and the name is fsynced. In the calling thread,
 * which is one of the copy's own.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LockstitchError } from "#errors/errors.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import { HOLD_STORE } from "./sql/hold-store.ts";

const CHUNK_BYTES = 1024 * 1024;

/** Throws request_invalid. */
export function refuseTaken(path: string): void {
  if (existsSync(path))
    throw new LockstitchError("request_invalid", `${path} is there already: name another file`);
}

export function finishCopy({
  draft,
  to,
  nowMs,
}: {
  readonly draft: string;
  readonly to: string;
  readonly nowMs: number;
}): BackupFacts {
  const facts = { ...check(draft, nowMs), ...digestOf(draft) };
  renameSync(draft, to);
  syncPath(dirname(to));
  return facts;
}

function check(path: string, nowMs: number): Omit<BackupFacts, "bytes" | "sha256"> {
  const database = new DatabaseSync(path);
  try {
    // Nothing beside the file: it is fsynced as a whole below.
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    const one = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
    const verdict = one("PRAGMA integrity_check");
    if (verdict !== "ok")
      throw new LockstitchError(
        "store_corrupt",
        `the copy is damaged, and so is the store: ${String(verdict)}`,
      );
    database.prepare(HOLD_STORE).run(JSON.stringify({ backupAtMs: nowMs }));
    return {
      storeId: String(one("SELECT value FROM meta WHERE name = 'store_id'")),
      schemaVersion: Number(one("PRAGMA user_version")),
      runs: Number(one("SELECT count(*) FROM runs WHERE status < 7")),
      openRuns: Number(one("SELECT count(*) FROM runs WHERE status <= 3")),
    };
  } finally {
    database.close();
  }
}

function digestOf(path: string): Pick<BackupFacts, "bytes" | "sha256"> {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
    const digest = createHash("sha256");
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const read = readSync(file, chunk);
      if (read === 0) return { bytes, sha256: digest.digest("hex") };
      digest.update(chunk.subarray(0, read));
      bytes += read;
    }
  } finally {
    closeSync(file);
  }
}

function syncPath(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
