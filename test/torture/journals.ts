/** Reads back everything that the victim journaled, over its API, run by run. */
import type { LockstitchClient } from "#client/lockstitch-client.ts";
import type { RunView } from "#engine/engine.ts";
import type { RunEvent } from "#kernel/events.ts";

const PAGE = 1_000;

export interface Journal {
  readonly run: RunView;
  readonly events: readonly { readonly seq: number; readonly event: RunEvent }[];
}

/** Every run there is, children included. */
export async function* readJournals(client: LockstitchClient): AsyncIterable<Journal> {
  for (let cursor: string | undefined; ; ) {
    const page = await client.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const { id } of page.items) yield await readJournal(client, id);
    if (page.cursor === null) return;
    cursor = page.cursor;
  }
}

async function readJournal(client: LockstitchClient, runId: string): Promise<Journal> {
  const run = await client.get(runId);
  if (run === null) throw new Error(`run ${runId} is listed and does not exist`);
  const events: { seq: number; event: RunEvent }[] = [];
  for (let after = 0; ; ) {
    const page = await client.events(runId, after, PAGE);
    for (const { seq, event } of page) events.push({ seq, event: event as unknown as RunEvent });
    if (page.length < PAGE) break;
    after = page.at(-1)?.seq ?? after;
  }
  return { run, events };
}
