/**
 * Reads a store after its engine has closed it: counts what the journal holds and compares it with
 * what was claimed, so that no figure counts work that was not kept.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import pg from "pg";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import type { Claims } from "./subject.ts";

/** One line for people each. Throws where the journal holds other than what was claimed. */
export async function checkKept(dataDir: string, claims: Claims): Promise<readonly string[]> {
  const database = new DatabaseSync(join(dataDir, "store.db"), { readOnly: true });
  const rows = database.prepare("SELECT run, events FROM turns").iterate();
  const counted = countTurns(rows as Iterable<TurnRow>, claims);
  database.close();
  const store = await openSqliteStore({ dataDir });
  const { journalMode, synchronous, writer } = await store.describe();
  await store.close();
  if (journalMode !== "wal" || synchronous !== "full")
    throw new Error(`the store runs with ${journalMode}, synchronous ${synchronous}`);
  return [counted, `journal_mode ${journalMode}, synchronous ${synchronous}, writer ${writer}`];
}

/** As checkKept(), of a PostgreSQL database. */
export async function checkKeptIn(url: string, claims: Claims): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<TurnRow>("SELECT run, events FROM lockstitch.turns");
    return [countTurns(rows, claims)];
  } finally {
    await client.end();
  }
}

interface TurnRow {
  readonly run: number | string;
  readonly events: Uint8Array;
}

/** One line for people. Throws where the rows hold other than what was claimed. */
function countTurns(turns: Iterable<TurnRow>, claims: Claims): string {
  let settled = 0;
  let ended = 0;
  let events = 0;
  let rows = 0;
  let bytes = 0;
  const keys = new Set<string>();
  for (const { run, events: text } of turns) {
    rows += 1;
    bytes += text.byteLength;
    for (const event of JSON.parse(Buffer.from(text).toString()) as readonly JournalEvent[]) {
      events += 1;
      if (event.type === "run.succeeded") ended += 1;
      if (event.type !== "step.succeeded") continue;
      settled += 1;
      keys.add(`${run} ${JSON.stringify(event.path)}`);
    }
  }
  if (ended !== claims.runs || settled !== claims.steps || keys.size !== claims.steps)
    throw new Error(
      `claimed ${claims.runs} runs and ${claims.steps} steps; the journal holds ${ended} ended runs and ${settled} settled steps (${keys.size} different ones)`,
    );
  return `journal: ${ended} ended runs, ${settled} settled steps as claimed; ${rows} rows, ${events} events, ${Math.round(bytes / rows)} bytes a row`;
}

interface JournalEvent {
  readonly type: string;
  readonly path?: unknown;
}
