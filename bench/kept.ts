/**
 * Reads a store after its engine has closed it: counts what the journal holds and compares it with
 * what was claimed, so that no figure counts work that was not kept.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import type { Claims } from "./subject.ts";

/** One line for people each. Throws where the journal holds other than what was claimed. */
export async function checkKept(dataDir: string, claims: Claims): Promise<readonly string[]> {
  const database = new DatabaseSync(join(dataDir, "store.db"), { readOnly: true });
  let settled = 0;
  let ended = 0;
  let events = 0;
  let rows = 0;
  let bytes = 0;
  const keys = new Set<string>();
  for (const row of database.prepare("SELECT run, events FROM turns").iterate()) {
    const { run, events: blob } = row as { readonly run: number; readonly events: Uint8Array };
    rows += 1;
    bytes += blob.byteLength;
    for (const event of JSON.parse(Buffer.from(blob).toString()) as readonly JournalEvent[]) {
      events += 1;
      if (event.type === "run.succeeded") ended += 1;
      if (event.type !== "step.succeeded") continue;
      settled += 1;
      keys.add(`${run} ${JSON.stringify(event.path)}`);
    }
  }
  database.close();
  if (ended !== claims.runs || settled !== claims.steps || keys.size !== claims.steps)
    throw new Error(
      `claimed ${claims.runs} runs and ${claims.steps} steps; the journal holds ${ended} ended runs and ${settled} settled steps (${keys.size} different ones)`,
    );
  const store = await openSqliteStore({ dataDir });
  const { journalMode, synchronous, writer } = await store.describe();
  await store.close();
  if (journalMode !== "wal" || synchronous !== "full")
    throw new Error(`the store runs with ${journalMode}, synchronous ${synchronous}`);
  return [
    `journal: ${ended} ended runs, ${settled} settled steps as claimed; ${rows} rows, ${events} events, ${Math.round(bytes / rows)} bytes a row`,
    `journal_mode ${journalMode}, synchronous ${synchronous}, writer ${writer}`,
  ];
}

interface JournalEvent {
  readonly type: string;
  readonly path?: unknown;
}
