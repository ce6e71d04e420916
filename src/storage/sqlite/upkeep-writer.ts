/**
 * What looking after the store writes, each inside a transaction that the writer has begun. Kept
 * short: a commit may be waiting behind it.
 *
 *   1. A removed run goes from the outside in: first nobody sees it, then its rows go, then its own.
 *      The rows of every table that refers to `runs` go, also of tables that came later.
 *   2. A blob goes in the same transaction in which nobody refers to it. There is one writer, so
 *      no commit can begin to refer to it in between.
 */
import { LockstitchError } from "#errors/errors.ts";
import { STATUS_OPEN_MAX, STATUS_REMOVED } from "../run-statuses.ts";
import type { Connection } from "./connection.ts";
import type { RunLists } from "./run-lists.ts";
import { ADD_BLOB_REF } from "./sql/add-blob-ref.ts";
import { ADD_COUNT } from "./sql/add-count.ts";
import { DROP_BLOB } from "./sql/drop-blob.ts";
import { DROP_RUN } from "./sql/drop-run.ts";
import { FIND_LOOSE_BLOB } from "./sql/find-loose-blob.ts";
import { FIND_RUN } from "./sql/find-run.ts";
import { FORGET_LOOSE_BLOB } from "./sql/forget-loose-blob.ts";
import { HAS_BLOB } from "./sql/has-blob.ts";
import { LOOSEN_BLOBS } from "./sql/loosen-blobs.ts";
import { NEXT_REMOVED } from "./sql/next-removed.ts";
import { OLD_LOOSE_BLOBS } from "./sql/old-loose-blobs.ts";
import { REMOVE_RUN } from "./sql/remove-run.ts";
import { SAVE_TOMBSTONE } from "./sql/save-tombstone.ts";
import { TOUCH_BLOB } from "./sql/touch-blob.ts";
import type { WriterCalls } from "./writer-calls.ts";

/** Putting a blob again within this time is not noted again: a sweep waits far longer. */
const TOUCH_AGAIN_MS = 3_600_000;
/** A purge begins no other run after this long: a commit may be waiting. */
const PURGE_MS = 5;

export function removeRun(
  connection: Connection,
  lists: RunLists,
  { tenant, runId, by, reason, nowMs }: WriterCalls["removeRun"]["input"],
): WriterCalls["removeRun"]["output"] {
  const found = connection.get<{ number: number; status: number }>(FIND_RUN, tenant, runId);
  if (found === undefined || found.status === STATUS_REMOVED) return "missing";
  if (found.status <= STATUS_OPEN_MAX) return "open";
  // What is removed stands in the lists, or has left them: never is it fresh.
  if (!lists.has(found.number)) lists.enlist();
  connection.run(REMOVE_RUN, found.number);
  connection.run(SAVE_TOMBSTONE, tenant, runId, nowMs, by, reason);
  connection.run(ADD_COUNT, tenant, found.status, -1);
  return "removed";
}

export function purgeRows(
  connection: Connection,
  lists: RunLists,
  { rowsMax, nowMs }: WriterCalls["purge"]["input"],
): WriterCalls["purge"]["output"] {
  let rows = 0;
  const untilMs = performance.now() + PURGE_MS;
  while (rows < rowsMax && performance.now() < untilMs) {
    const run = connection.get<{ number: number }>(NEXT_REMOVED);
    if (run === undefined) return { rows, isDone: true };
    connection.run(LOOSEN_BLOBS, run.number, nowMs);
    for (const { table, column, hasRowId } of tablesOfRuns(connection)) {
      if (rows >= rowsMax) return { rows, isDone: false };
      rows += dropRows(connection, { table, column, hasRowId }, run.number, rowsMax - rows);
    }
    if (rows >= rowsMax) return { rows, isDone: false };
    connection.run(DROP_RUN, run.number);
    lists.dropped();
    rows++;
  }
  return { rows, isDone: false };
}

interface RunTable {
  readonly table: string;
  readonly column: string;
  readonly hasRowId: number;
}

/** A schema stays what it is while a connection is open. */
const RUN_TABLES = new WeakMap<Connection, readonly RunTable[]>();

/** Every table with a foreign key to `runs`; the schema is this release's own, so names are safe. */
function tablesOfRuns(connection: Connection): readonly RunTable[] {
  const known = RUN_TABLES.get(connection);
  if (known !== undefined) return known;
  const tables = connection.all<RunTable>(`
SELECT t.name AS "table", k."from" AS "column", t.wr = 0 AS hasRowId
FROM pragma_table_list AS t JOIN pragma_foreign_key_list(t.name) AS k
WHERE t.type = 'table' AND k."table" = 'runs' ORDER BY t.name`);
  RUN_TABLES.set(connection, tables);
  return tables;
}

/** Rows without a row id are few and short for each run (labels, references): they go at once. */
function dropRows(
  connection: Connection,
  { table, column, hasRowId }: RunTable,
  run: number,
  limit: number,
): number {
  const where =
    hasRowId === 1
      ? `rowid IN (SELECT rowid FROM "${table}" WHERE "${column}" = ?1 LIMIT ?2)`
      : `"${column}" = ?1 AND ?2 > 0`;
  return connection.change(`DELETE FROM "${table}" WHERE ${where}`, run, limit);
}

export function sweepBlobs(
  connection: Connection,
  { looseBeforeMs, blobsMax }: WriterCalls["sweepBlobs"]["input"],
): WriterCalls["sweepBlobs"]["output"] {
  type Loose = { readonly tenant: string; readonly hash: string; readonly isReferred: number };
  const old = connection.all<Loose>(OLD_LOOSE_BLOBS, looseBeforeMs, blobsMax);
  let swept = 0;
  let bytes = 0;
  for (const { tenant, hash, isReferred } of old) {
    if (isReferred === 0) {
      bytes += connection.get<{ size: number }>(DROP_BLOB, tenant, hash)?.size ?? 0;
      swept++;
    }
    connection.run(FORGET_LOOSE_BLOB, tenant, hash);
  }
  return { swept, bytes, isDone: old.length < blobsMax };
}

/** Whether putting this blob again has to be noted. */
export function isTouchDue(
  connection: Connection,
  blob: { readonly tenant: string; readonly hash: string; readonly nowMs: number },
): boolean {
  const loose = connection.get<{ sinceMs: number }>(FIND_LOOSE_BLOB, blob.tenant, blob.hash);
  return loose === undefined || loose.sinceMs < blob.nowMs - TOUCH_AGAIN_MS;
}

export function touchBlob(
  connection: Connection,
  {
    tenant,
    hash,
    nowMs,
  }: { readonly tenant: string; readonly hash: string; readonly nowMs: number },
): void {
  connection.run(TOUCH_BLOB, tenant, hash, nowMs);
}

/** Notes what the turn's journal row refers to. Throws store_unavailable where a blob is gone. */
export function referToBlobs(
  connection: Connection,
  run: { readonly number: number; readonly runId: string; readonly tenant: string },
  hashes: readonly string[],
): void {
  for (const hash of hashes) {
    if (connection.get(HAS_BLOB, run.tenant, hash) === undefined)
      throw new LockstitchError(
        "store_unavailable",
        `run ${run.runId} refers to blob ${hash}, which is not there: the turn is decided again`,
        { details: { runId: run.runId, hash } },
      );
    connection.run(ADD_BLOB_REF, run.number, hash, run.tenant);
  }
}
