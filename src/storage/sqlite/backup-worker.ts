/** Entry point of a backup's thread: makes the one copy it was started for, answers, and ends. */
import { rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { BackupFacts } from "#ports/upkeep.ts";
import type { BackupStart } from "./backup.ts";
import { finishCopy, refuseTaken } from "./backup-file.ts";
import { Connection } from "./connection.ts";
import { toStoreError } from "./sqlite-error.ts";

const port = parentPort;
if (port === null) throw new Error("backup-worker.ts runs as a worker thread only");
try {
  port.postMessage({ id: 0, output: copy(workerData as BackupStart) });
} catch (error) {
  const { code, message, details } = toStoreError(error, "making a backup");
  port.postMessage({ id: 0, error: { code, message, details } });
}

function copy({ from, to, nowMs }: BackupStart): BackupFacts {
  refuseTaken(to);
  const draft = `${to}.part`;
  rmSync(draft, { force: true });
  try {
    const source = new Connection(from, "read");
    try {
      source.database.prepare("VACUUM INTO ?").run(draft);
    } finally {
      source.close();
    }
    return finishCopy({ draft, to, nowMs });
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
