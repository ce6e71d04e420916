/** What committing-process.ts was promised, and the check that a store holds all of it, whole. */
import { expect } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Store } from "#ports/store.ts";
import type { Child } from "../../support/child-process.ts";

export interface Acknowledged {
  /** Number of the last acknowledged group; -1 for none. */
  group: number;
  readonly blobs: string[];
}

export function nothingYet(): Acknowledged {
  return { group: -1, blobs: [] };
}

function note(line: string, acknowledged: Acknowledged): void {
  const blob = /^blob (\w+)$/.exec(line)?.[1];
  if (blob !== undefined) acknowledged.blobs.push(blob);
  else if (/^\d+$/.test(line)) acknowledged.group = Number(line);
}

/** Reads lines until group `enough` is acknowledged. */
export async function readUntil(
  child: Child,
  acknowledged: Acknowledged,
  enough: number,
): Promise<void> {
  while (acknowledged.group < enough) {
    const next = await child.lines.next();
    if (next.done) throw new Error(`the child ended at group ${acknowledged.group}`);
    note(next.value, acknowledged);
  }
}

/** Reads what the child had said before it died. */
export async function readRest(child: Child, acknowledged: Acknowledged): Promise<void> {
  for (let next = await child.lines.next(); !next.done; next = await child.lines.next()) {
    note(next.value, acknowledged);
  }
}

/**
 * Every acknowledged group and blob is there; every group is there for all runs or for none, with
 * its message. Answers the last group found.
 */
export async function expectKept(
  store: Store,
  runs: number,
  acknowledged: Acknowledged,
): Promise<number> {
  const { journal, blobs } = store;
  const seqs = new Set<number>();
  for (let index = 0; index < runs; index++) {
    const runId = `run${index}`;
    const head = await journal.head(LOCAL_CONTEXT, runId);
    const turns = await journal.turns(LOCAL_CONTEXT, runId, 0, 1_000_000);
    let seq = 0;
    for (const { firstSeq, lastSeq } of turns) {
      expect(firstSeq).toBe(seq + 1);
      seq = lastSeq;
    }
    expect(head?.seq ?? 0).toBe(seq);
    seqs.add(seq);
  }
  expect(seqs.size).toBe(1);
  const found = [...seqs][0] ?? 0;
  const lastGroup = found - 2;
  expect(lastGroup).toBeGreaterThanOrEqual(acknowledged.group);
  expect((await journal.messages(10_000_000)).length).toBe(Math.max(lastGroup, 0) * runs);
  for (const group of [acknowledged.group, lastGroup]) {
    if (group >= 0) expect(await journal.committed(`group ${group}`)).toBe(true);
  }
  for (const blob of acknowledged.blobs) {
    expect(await blobs.get(LOCAL_CONTEXT, blob)).not.toBeNull();
  }
  const corrupt: number[] = [];
  await journal.checkpoints(LOCAL_CONTEXT, "run0", (seq) => corrupt.push(seq));
  expect(corrupt).toEqual([]);
  return lastGroup;
}
