/**
 * Copies a store while it is written to, in a thread of its own: one long read of one committed
 * instant. Commits go on beside it; only the WAL cannot be emptied meanwhile. Measured on a busy
 * machine (load 10 on 2 cores) beside a copy of 225 MiB, 7 s: p99 of lone commits 20 ms, without 15.
 *
 *   1. The copy is written under another name, checked page by page, counted and fsynced; then it
 *      gets its name, and the name is fsynced. What bears the name is whole.
 *   2. A copy is marked: opened as a store it starts paused (ports/upkeep.ts), whoever put it there.
 */
import { Worker } from "node:worker_threads";
import { LockstitchError } from "#errors/errors.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import { failureOf, type WorkerAnswer } from "./worker-messages.ts";

const BACKUP_WORKER = new URL("./backup-worker.ts", import.meta.url);

export interface BackupStart {
  readonly from: string;
  readonly to: string;
  readonly nowMs: number;
}

export async function backupStore(start: BackupStart): Promise<BackupFacts> {
  const worker = new Worker(BACKUP_WORKER, { workerData: start, name: "lockstitch-backup" });
  return await new Promise<BackupFacts>((resolve, reject) => {
    worker.on("message", (answer: WorkerAnswer) => {
      if ("error" in answer) reject(failureOf(answer));
      else resolve(answer.output as BackupFacts);
    });
    worker.on("error", reject);
    // After an answer this changes nothing.
    worker.on("exit", () =>
      reject(new LockstitchError("store_unavailable", "the backup ended before it was whole")),
    );
  });
}
