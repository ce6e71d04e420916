/** The Upkeep port over the store's writer and readers. */
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type {
  BackupFacts,
  RetentionRule,
  StoreHold,
  StoreSize,
  Tombstone,
  Upkeep,
} from "#ports/upkeep.ts";
import { backupStore } from "./backup.ts";
import { FIND_TOMBSTONE } from "./sql/find-tombstone.ts";
import { READ_HOLD } from "./sql/read-hold.ts";
import type { StoreParts } from "./store-parts.ts";

export class SqliteUpkeep implements Upkeep {
  readonly #parts: StoreParts;
  readonly #path: string;

  /** `path` is the store's file. */
  constructor(parts: StoreParts, path: string) {
    this.#parts = parts;
    this.#path = path;
  }

  async due(
    rules: readonly RetentionRule[],
    limit: number,
    skip: number,
  ): Promise<readonly RunHead[]> {
    await this.#parts.writer.call("enlistRuns", null);
    return await this.#parts.reader.call("due", { rules, limit, skip, epoch: this.#parts.epoch });
  }

  async oldest(limit: number, skip: number): Promise<readonly RunHead[]> {
    await this.#parts.writer.call("enlistRuns", null);
    return await this.#parts.reader.call("oldest", { limit, skip, epoch: this.#parts.epoch });
  }

  remove(
    { tenant, principal }: CallContext,
    runId: string,
    reason: string | null,
  ): Promise<"removed" | "open" | "missing"> {
    const nowMs = this.#parts.nowMs();
    return this.#parts.writer.call("removeRun", { tenant, runId, by: principal, reason, nowMs });
  }

  async tombstone({ tenant }: CallContext, runId: string): Promise<Tombstone | null> {
    return this.#parts.read(
      "reading a tombstone",
      (reader) => reader.get<Tombstone>(FIND_TOMBSTONE, tenant, runId) ?? null,
    );
  }

  purge(rowsMax: number): Promise<{ readonly rows: number; readonly isDone: boolean }> {
    return this.#parts.writer.call("purge", { rowsMax, nowMs: this.#parts.nowMs() });
  }

  sweepBlobs(
    looseBeforeMs: number,
    blobsMax: number,
  ): Promise<{ readonly swept: number; readonly bytes: number; readonly isDone: boolean }> {
    return this.#parts.writer.call("sweepBlobs", { looseBeforeMs, blobsMax });
  }

  async size(): Promise<StoreSize> {
    return this.#parts.read("asking for the size", (reader) => {
      const [pages, free, pageBytes] = ["page_count", "freelist_count", "page_size"].map((name) =>
        Number(reader.pragma(name)),
      ) as [number, number, number];
      return { usedBytes: (pages - free) * pageBytes, fileBytes: pages * pageBytes };
    });
  }

  async hold(): Promise<StoreHold | null> {
    return this.#parts.read("asking whether the store is held", (reader) => {
      const row = reader.get<{ hold: string }>(READ_HOLD);
      return row === undefined ? null : (JSON.parse(row.hold) as StoreHold);
    });
  }

  async release(): Promise<void> {
    await this.#parts.writer.call("releaseStore", null);
  }

  backup(path: string): Promise<BackupFacts> {
    return backupStore({ from: this.#path, to: path, nowMs: this.#parts.nowMs() });
  }
}
