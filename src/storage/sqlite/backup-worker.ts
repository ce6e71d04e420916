/** Entry point of a backup's thread: makes the one copy it was started for, answers, and ends. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import type { BackupStart } from "./backup.ts";
import { Connection } from "./connection.ts";
import { HOLD_STORE } from "./sql/hold-store.ts";
import { toStoreError } from "./sqlite-error.ts";

const CHUNK_BYTES = 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error("backup-worker.ts runs as a worker thread only");
try {
  port.postMessage({ id: 0, output: copy(workerData as BackupStart) });
} catch (error) {
  const { code, message, details } = toStoreError(error, "making a backup");
  port.postMessage({ id: 0, error: { code, message, details } });
}

function copy({ from, to, nowMs }: BackupStart): BackupFacts {
  if (existsSync(to))
    throw new LockstitchError("request_invalid", `${to} is there already: name another file`);
  const draft = `${to}.part`;
  rmSync(draft, { force: true });
  try {
    const source = new Connection(from, "read");
    try {
      source.database.prepare("VACUUM INTO ?").run(draft);
    } finally {
      source.close();
    }
    const facts = { ...check(draft, nowMs), ...digestOf(draft) };
    renameSync(draft, to);
    syncPath(dirname(to));
    return facts;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
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
