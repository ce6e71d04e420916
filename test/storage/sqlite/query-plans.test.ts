/** No statement reads a whole table or sorts: each is explained by SQLite itself. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Connection } from "#storage/sqlite/connection.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const SQL = new URL("../../../src/storage/sqlite/sql/", import.meta.url);

/** Small by construction, with why. */
const MAY_SCAN: Readonly<Record<string, RegExp>> = {
  // The ring of 1,000 commit ids.
  FIND_COMMIT_ID: /^SCAN commits$/,
  LAST_COMMIT_NUMBER: /^SCAN commits$/,
  // Seven rows for each tenant.
  COUNT_ALL_RUNS: /^SCAN run_counts$|^USE TEMP B-TREE FOR GROUP BY$/,
  // Of at most a thousand runs that are fresh, or become listed.
  COUNT_RUNS: /^USE TEMP B-TREE FOR GROUP BY$/,
  COUNT_ENLISTED: /^USE TEMP B-TREE FOR GROUP BY$/,
  LIST_FRESH_RUNS: /^USE TEMP B-TREE FOR ORDER BY$/,
  // A copy, once, by nobody else's time.
  COUNT_COPIED_RUNS: /^SCAN runs|^USE TEMP B-TREE FOR GROUP BY$/,
  // Two values, each of one row.
  READ_MARKS: /^SCAN CONSTANT ROW$/,
  // A row for each owner of values.
  SHARED_TOTALS: /^SCAN shared_usage$|^USE TEMP B-TREE FOR GROUP BY$/,
  // A row for each workflow; the whole journal, once an hour where storage is limited.
  READ_STORED: /^SCAN stored_bytes$/,
  DROP_STORED: /^SCAN stored_bytes$/,
  MEASURE_STORED: /^SCAN |^USE TEMP B-TREE FOR GROUP BY$/,
  // Only what is to go is in the index.
  NEXT_REMOVED: /^SCAN runs USING INDEX runs_removed$/,
  // Its first row, and its sizes: an index without the outputs, read once a minute at most.
  EVICT_MEMO: /^SCAN memos USING COVERING INDEX memos_by_use$/,
  MEASURE_MEMOS: /^SCAN memos USING COVERING INDEX memos_by_use$/,
  // Only what waits is in the index.
  WAITING_MESSAGES: /^SCAN messages USING INDEX messages_waiting$/,
};
/** The caller's own few labels. */
const LABELS_ASKED_FOR = /^SCAN wanted VIRTUAL TABLE/;

test("every statement finds its rows by an index, in the order it wants them", async () => {
  await using directory = await temporaryDirectory();
  const connection = new Connection(join(directory.path, "store.db"), "write");
  migrate(connection, MIGRATIONS, 0);
  const files = readdirSync(SQL);
  let explained = 0;
  const faults: string[] = [];
  for (const file of files) {
    const module: Record<string, string> = await import(new URL(file, SQL).href);
    for (const [name, sql] of Object.entries(module)) {
      if (/^(BEGIN|COMMIT|ROLLBACK)/.test(sql)) continue;
      explained++;
      const plan = connection.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      for (const { detail } of plan) {
        const step = String(detail);
        if (!/^SCAN|TEMP B-TREE/.test(step)) continue;
        if (!LABELS_ASKED_FOR.test(step) && !MAY_SCAN[name]?.test(step)) {
          faults.push(`${name}: ${step}`);
        }
      }
    }
  }
  connection.close();
  expect(faults).toEqual([]);
  expect(explained).toBe(files.length - 3);
});
