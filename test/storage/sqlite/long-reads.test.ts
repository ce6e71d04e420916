/** Reads that are long, whatever they ask, leave the event loop to others. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openSqliteStore } from "#storage/sqlite/open-sqlite-store.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const RUNS = 100_000;
const TURNS = 2_000;
const CONTEXT = { tenant: "alice", principal: "local", trace: null };

function fill(path: string): void {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec(`
    BEGIN;
    INSERT INTO runs (tenant, run_id, workflow, version, status, seq, created_at_ms, labels, min_reader)
    SELECT 'alice', 'run' || value, 'report', 1, 4, 1, value, '{}', 1
    FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${RUNS})
          SELECT value FROM n);
    INSERT INTO labels (tenant, name, value, created_at_ms, run)
    SELECT 'alice', 'team', 'x', created_at_ms, number FROM runs;
    INSERT INTO turns (run, first_seq, last_seq, at_ms, events)
    SELECT 1, value, value, value, CAST('["' || hex(zeroblob(4000)) || '"]' AS BLOB)
    FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${TURNS})
          SELECT value FROM n);
    INSERT INTO checkpoints (run, seq, state_version, state, checksum)
    VALUES (1, 5, 1, CAST('"' || hex(zeroblob(4000000)) || '"' AS BLOB), x'00');
    COMMIT`);
  database.close();
}

/** How often others had the event loop while `work` was under way. */
async function turnsOfLoop(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  let isOver = false;
  const tick = () => {
    count++;
    if (!isOver) setImmediate(tick);
  };
  const done = work().finally(() => {
    isOver = true;
  });
  setImmediate(tick);
  await done;
  return count;
}

test("a rare filter over many runs, a long journal, a large blob or checkpoint hold up nobody", async () => {
  await using directory = await temporaryDirectory();
  const dataDir = directory.path;
  const store = await openSqliteStore({ dataDir });
  try {
    fill(join(dataDir, STORE_FILE));
    const { journal, blobs } = store;
    // The reader's thread is there from here on: its start is not what is measured.
    await journal.heads(CONTEXT, { limit: 1 });

    const rare = { labels: { team: "x", no: "such" }, limit: 50 };
    const list = async () =>
      expect(await journal.heads(CONTEXT, rare)).toEqual({ items: [], cursor: null });
    expect(await turnsOfLoop(list)).toBeGreaterThan(5);

    let turns: readonly { readonly lastSeq: number }[] = [];
    const read = async () => {
      turns = await journal.turns(CONTEXT, "run1", 0, 5_000);
    };
    expect(await turnsOfLoop(read)).toBeGreaterThan(5);
    expect(turns.map(({ lastSeq }) => lastSeq)).toEqual(
      Array.from({ length: TURNS }, (_, at) => at + 1),
    );
    expect(await journal.turns(CONTEXT, "run1", 10, 100)).toHaveLength(100);

    const bytes = new Uint8Array(8 * 1024 * 1024).fill(7);
    const hash = createHash("sha256").update(bytes).digest("hex");
    await blobs.put(CONTEXT, hash, bytes);
    let found: Uint8Array | null = null;
    const get = async () => {
      found = await blobs.get(CONTEXT, hash);
    };
    expect(await turnsOfLoop(get)).toBeGreaterThan(5);
    expect(Buffer.compare(found ?? new Uint8Array(), bytes)).toBe(0);

    const corrupt: number[] = [];
    const check = () => journal.checkpoints(CONTEXT, "run1", (seq) => corrupt.push(seq));
    expect(await turnsOfLoop(check)).toBeGreaterThan(5);
    expect(corrupt).toEqual([5]);
  } finally {
    await store.close();
  }
});
