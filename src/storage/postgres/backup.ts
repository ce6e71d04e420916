/**
 * Copies a store into a file (ports/store-copy.ts) while every host goes on: one long read of one
 * committed instant, a cursor for each table, so that memory stays small however large the store is.
 *
 *   1. The copy holds what was committed when it began, and nothing of later commits.
 *   2. Nobody waits for it; only the vacuum leaves rows alone that it still sees.
 */
import { COPY_TABLES, type CopyDraft, type CopyRow, type CopyTable } from "#ports/store-copy.ts";
import type { BackupFacts } from "#ports/upkeep.ts";
import type { Ask } from "./connection.ts";
import { isBytesHere, readsOf } from "./copy-statements.ts";
import { READ_STORE } from "./sql/read-store.ts";
import type { StoreParts } from "./store-parts.ts";

const ROWS_PER_READ = 100;

export async function backupStore(
  { sessions, nowMs }: StoreParts,
  draft: CopyDraft,
): Promise<BackupFacts> {
  try {
    const storeId = await sessions.transaction("making a backup", async (ask) => {
      await ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await ask("SET LOCAL statement_timeout = 0");
      await ask("SET LOCAL idle_in_transaction_session_timeout = 0");
      for (const table of COPY_TABLES) await copyTable(ask, draft, table);
      return (await ask<{ readonly storeId: string }>(READ_STORE)).rows[0]?.storeId ?? "";
    });
    return await draft.finish({ storeId, atMs: nowMs() });
  } finally {
    await draft.discard();
  }
}

async function copyTable(ask: Ask, draft: CopyDraft, table: CopyTable): Promise<void> {
  // One portion is written while the next one is read.
  let written: Promise<void> = Promise.resolve();
  for (const [index, { sql, isLong }] of readsOf(table).entries()) {
    const cursor = `copy_of_${table.name}_${index}`;
    await ask(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`);
    for (;;) {
      const next = `FETCH FORWARD ${isLong ? 1 : ROWS_PER_READ} FROM ${cursor}`;
      const { rows } = await ask<Readonly<Record<string, unknown>>>(next);
      await written;
      if (rows.length === 0) break;
      written = draft.add(
        table,
        rows.map((row) => copyRow(table, row)),
      );
      // Whoever awaits it is told; until then it is not one that nobody listens to.
      written.catch(() => {});
    }
    await ask(`CLOSE ${cursor}`);
  }
  await written;
}

function copyRow(table: CopyTable, row: Readonly<Record<string, unknown>>): CopyRow {
  return Object.keys(table.columns).map((column) => {
    const value = row[column] as CopyRow[number];
    return value instanceof Uint8Array && isBytesHere(table, column)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8")
      : value;
  });
}
