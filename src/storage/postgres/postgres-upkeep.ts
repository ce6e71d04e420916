/**
 * The Upkeep port. Everything here may run on several hosts at once, beside commits of all of them:
 *
 *   1. A removed run goes from the outside in: first nobody sees it, then its rows go, then its own.
 *      Two hosts never purge one run: what another one is at is passed over.
 *   2. A blob goes only after it has been held: a commit that refers to it either came before, and
 *      its reference is seen, or finds no blob and is refused (U3).
 */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { StoreCopies } from "#ports/store-copy.ts";
import type {
  BackupFacts,
  RetentionRule,
  StoreHold,
  StoreSize,
  Tombstone,
  Upkeep,
} from "#ports/upkeep.ts";
import { STATUS_OPEN_MAX, STATUS_REMOVED } from "../run-statuses.ts";
import { backupStore } from "./backup.ts";
import type { Ask } from "./connection.ts";
import { dueRuns, oldestRuns } from "./due-runs.ts";
import { StoreMeasure } from "./measure-store.ts";
import { toRunHead } from "./run-row.ts";
import { dropRunRows } from "./run-rows.ts";
import { FIND_TOMBSTONE } from "./sql/find-tombstone.ts";
import { FORGET_LOOSE_BLOBS } from "./sql/forget-loose-blobs.ts";
import { HOLD_BLOBS } from "./sql/hold-blobs.ts";
import { HOLD_LOOSE_BLOBS } from "./sql/hold-loose-blobs.ts";
import { NEXT_REMOVED } from "./sql/next-removed.ts";
import { READ_HOLD } from "./sql/read-hold.ts";
import { RELEASE_STORE } from "./sql/release-store.ts";
import { REMOVE_RUN } from "./sql/remove-run.ts";
import { SETTLE_STATISTICS } from "./sql/settle-statistics.ts";
import { SWEEP_BLOBS } from "./sql/sweep-blobs.ts";
import type { StoreParts } from "./store-parts.ts";

/** A purge begins no other run after this long. */
const PURGE_MS = 10;

interface BlobName {
  readonly tenant: string;
  readonly hash: string;
}

export class PostgresUpkeep implements Upkeep {
  readonly #parts: StoreParts;
  readonly #measure: StoreMeasure;
  readonly #copies: StoreCopies | null;

  constructor(parts: StoreParts, copies: StoreCopies | null) {
    this.#parts = parts;
    this.#copies = copies;
    this.#measure = new StoreMeasure(parts.sessions);
  }

  async due(
    rules: readonly RetentionRule[],
    limit: number,
    skip: number,
  ): Promise<readonly RunHead[]> {
    return (await dueRuns(this.#parts.sessions, rules, { limit, skip })).map(toRunHead);
  }

  async oldest(limit: number, skip: number): Promise<readonly RunHead[]> {
    return (await oldestRuns(this.#parts.sessions, { limit, skip })).map(toRunHead);
  }

  async remove(
    { tenant, principal }: CallContext,
    runId: string,
    reason: string | null,
  ): Promise<"removed" | "open" | "missing"> {
    const { sessions, epoch } = this.#parts;
    const found = await sessions.get<{ readonly status: number }>(
      ...(["removing a run", REMOVE_RUN, tenant, runId, this.#parts.nowMs()] as const),
      ...([principal, reason, epoch] as const),
    );
    if (found === undefined || found.status === STATUS_REMOVED) return "missing";
    return found.status <= STATUS_OPEN_MAX ? "open" : "removed";
  }

  async tombstone({ tenant }: CallContext, runId: string): Promise<Tombstone | null> {
    const { sessions } = this.#parts;
    const doing = "reading a tombstone";
    return (await sessions.get<Tombstone>(doing, FIND_TOMBSTONE, tenant, runId)) ?? null;
  }

  async purge(rowsMax: number): Promise<{ readonly rows: number; readonly isDone: boolean }> {
    const nowMs = this.#parts.nowMs();
    return await this.#parts.sessions.transaction("purging removed runs", async (ask) => {
      const untilMs = performance.now() + PURGE_MS;
      let rows = 0;
      while (rows < rowsMax && performance.now() < untilMs) {
        const [run] = (await ask<{ readonly number: number }>(NEXT_REMOVED)).rows;
        if (run === undefined) return { rows, isDone: true };
        const gone = await dropRunRows(ask, run.number, { rowsMax: rowsMax - rows, nowMs });
        rows += gone.rows;
      }
      await ask(SETTLE_STATISTICS);
      return { rows, isDone: false };
    });
  }

  async sweepBlobs(
    looseBeforeMs: number,
    blobsMax: number,
  ): Promise<{ readonly swept: number; readonly bytes: number; readonly isDone: boolean }> {
    return await this.#parts.sessions.transaction("sweeping blobs", async (ask) => {
      const { rows: old } = await ask<BlobName>(HOLD_LOOSE_BLOBS, looseBeforeMs, blobsMax);
      const sizes = old.length === 0 ? [] : await sweep(ask, old);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return { swept: sizes.length, bytes, isDone: old.length < blobsMax };
    });
  }

  size(): Promise<StoreSize> {
    return this.#measure.size();
  }

  async hold(): Promise<StoreHold | null> {
    const doing = "asking whether the store is held";
    const row = await this.#parts.sessions.get<{ readonly hold: string }>(doing, READ_HOLD);
    return row === undefined ? null : (JSON.parse(row.hold) as StoreHold);
  }

  async release(): Promise<void> {
    await this.#parts.sessions.change("releasing the store", RELEASE_STORE);
  }

  async backup(path: string): Promise<BackupFacts> {
    if (this.#copies === null)
      throw new LockstitchError("internal", "this store was opened without a way to write copies");
    return await backupStore(this.#parts, await this.#copies.create(path));
  }
}

/** Answers the sizes of those that went. Their loose rows are held by this transaction. */
async function sweep(ask: Ask, old: readonly BlobName[]): Promise<readonly number[]> {
  const columns = (blobs: readonly BlobName[]) => [
    blobs.map(({ tenant }) => tenant),
    blobs.map(({ hash }) => hash),
  ];
  const { rows: held } = await ask<BlobName>(HOLD_BLOBS, ...columns(old));
  // A statement of its own: it sees what was committed before the blobs were held.
  const { rows: swept } = await ask<{ readonly size: number }>(SWEEP_BLOBS, ...columns(held));
  await ask(FORGET_LOOSE_BLOBS, ...columns(old), ...columns(held));
  return swept.map(({ size }) => size);
}
