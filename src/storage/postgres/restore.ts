/**
 * Fills an empty database with a copy of a store, of this kind or another (ports/store-copy.ts).
 *
 *   1. All in one transaction: killed before its end, the database is as empty as it was.
 *   2. The store that comes of it is another one, with an id of its own, and held: it starts nothing
 *      until it is released.
 *   3. A database that holds anything, or that a host has open, is refused.
 */
import { LockstitchError } from "#errors/errors.ts";
import {
  COPY_TABLES,
  type CopySource,
  type CopyTable,
  type StoreCopies,
} from "#ports/store-copy.ts";
import type { RestoreFacts } from "#ports/store-facts.ts";
import { bigints, byteas, texts, utf8s } from "./columns.ts";
import { type Ask, Sessions } from "./connection.ts";
import { isBytesHere, writeOf } from "./copy-statements.ts";
import { type DatabaseAddress, databaseAddress } from "./database-address.ts";
import { migrate, refusePending } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { COUNT_RESTORED } from "./sql/count-restored.ts";
import { HOLD_STORE } from "./sql/hold-store.ts";
import { IS_STORE_IN_USE } from "./sql/is-store-in-use.ts";
import { LOCK_RESTORED } from "./sql/lock-restored.ts";
import { READ_STORE } from "./sql/read-store.ts";
import { RENEW_STORE_ID } from "./sql/renew-store-id.ts";
import { SETTLE_RUN_COUNTS } from "./sql/settle-run-counts.ts";
import { SETTLE_RUN_NUMBERS } from "./sql/settle-run-numbers.ts";
import { SETTLE_RUN_SEQS } from "./sql/settle-run-seqs.ts";

export interface PostgresRestoreOptions {
  readonly from: string;
  readonly url: string;
  readonly schema?: string | undefined;
  readonly copies: StoreCopies;
  readonly nowMs: number;
  /** false: a database that lacks a migration is refused. */
  readonly autoMigrate?: boolean | undefined;
}

/** Rejects with request_invalid, store_newer, store_corrupt, store_unavailable or config_invalid. */
export async function restorePostgresStore({
  from,
  url,
  schema,
  copies,
  nowMs,
  autoMigrate = true,
}: PostgresRestoreOptions): Promise<RestoreFacts> {
  const address = databaseAddress(url, schema);
  const source = await copies.open(from);
  try {
    await (autoMigrate ? migrate : refusePending)(address, MIGRATIONS);
    const sessions = new Sessions(address, 1);
    try {
      return await sessions.transaction(`restoring ${from}`, (ask) =>
        fill(ask, { source, address, nowMs }),
      );
    } finally {
      await sessions.close();
    }
  } finally {
    await source.close();
  }
}

interface Filling {
  readonly source: CopySource;
  readonly address: DatabaseAddress;
  readonly nowMs: number;
}

async function fill(ask: Ask, { source, address, nowMs }: Filling): Promise<RestoreFacts> {
  await ask("SET LOCAL statement_timeout = 0");
  await ask("SET LOCAL idle_in_transaction_session_timeout = 0");
  await ask(LOCK_RESTORED);
  const { rows: used } = await ask<{ readonly isUsed: boolean }>(IS_STORE_IN_USE);
  if (used[0]?.isUsed !== false)
    throw new LockstitchError(
      "request_invalid",
      `${address.label} holds a store already, or a host has it open: name an empty database`,
    );
  for (const table of COPY_TABLES) await fillTable(ask, source, table);
  await ask(SETTLE_RUN_SEQS);
  await ask(SETTLE_RUN_NUMBERS);
  await ask(SETTLE_RUN_COUNTS);
  await ask(RENEW_STORE_ID);
  const { backupAtMs, sha256 } = source;
  await ask(HOLD_STORE, JSON.stringify({ backupAtMs: backupAtMs ?? nowMs }));
  const { rows: counted } = await ask<Pick<RestoreFacts, "runs" | "openRuns">>(COUNT_RESTORED);
  const { runs, openRuns } = counted[0] ?? { runs: 0, openRuns: 0 };
  const storeId = (await ask<{ readonly storeId: string }>(READ_STORE)).rows[0]?.storeId ?? "";
  return { into: address.label, storeId, runs, openRuns, backupAtMs, sha256, replaced: null };
}

async function fillTable(ask: Ask, source: CopySource, table: CopyTable): Promise<void> {
  const sql = writeOf(table);
  const lines = new Map<number, number>();
  for await (const rows of source.rows(table)) {
    const columns = Object.entries(table.columns).map(([column, kind], index) => {
      const values = rows.map((row) => row[index] ?? null);
      if (kind === "int") return bigints(values as (number | null)[]);
      if (kind === "bytes") return byteas(values as (Uint8Array | null)[]);
      return (isBytesHere(table, column) ? utf8s : texts)(values as (string | null)[]);
    });
    if (table.name === "step_logs") {
      // Lines come in the order of their positions, and count anew in each run.
      const positions = rows.map(([run]) => {
        const position = (lines.get(run as number) ?? 0) + 1;
        lines.set(run as number, position);
        return position;
      });
      columns.push(bigints(positions));
    }
    await ask(sql, ...columns);
  }
}
