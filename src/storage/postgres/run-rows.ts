/**
 * The rows that belong to a run, beside its own: every table with a column `run`. They go when the
 * run has been removed, some at a time.
 */
import type { Ask } from "./connection.ts";
import { DROP_RUN } from "./sql/drop-run.ts";
import { LOOSEN_BLOBS } from "./sql/loosen-blobs.ts";

/** A test compares it with the schema. */
export const RUN_TABLES = ["labels", "turns", "checkpoints", "blob_refs", "memos", "step_logs"];

/** Which of them have rows of run $1: most runs have turns and nothing else. */
const LOOK_AT_ROWS = `SELECT ${RUN_TABLES.map(
  (table) => `EXISTS (SELECT 1 FROM ${table} WHERE run = $1) AS ${table}`,
).join(", ")}`;

/** At most $2 rows of run $1. */
const DROP_ROWS: ReadonlyMap<string, string> = new Map(
  RUN_TABLES.map((table) => [
    table,
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE run = $1 LIMIT $2))`,
  ]),
);

/** Answers how many went, the run's own included; `isGone`: nothing of it is left. */
export async function dropRunRows(
  ask: Ask,
  run: number,
  { rowsMax, nowMs }: { readonly rowsMax: number; readonly nowMs: number },
): Promise<{ readonly rows: number; readonly isGone: boolean }> {
  const [, looked] = await Promise.all([
    ask(LOOSEN_BLOBS, run, nowMs),
    ask<Readonly<Record<string, boolean>>>(LOOK_AT_ROWS, run),
  ]);
  let rows = 0;
  for (const [table, drop] of DROP_ROWS) {
    if (looked.rows[0]?.[table] !== true) continue;
    rows += (await ask(drop, run, rowsMax - rows)).count;
    if (rows >= rowsMax) return { rows, isGone: false };
  }
  await ask(DROP_RUN, run);
  return { rows: rows + 1, isGone: true };
}
