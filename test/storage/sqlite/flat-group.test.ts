/** What a turn says survives the way to the writer's thread, whichever of its fields are used. */
import { expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import { flattenGroup, unflattenGroup } from "#storage/sqlite/flat-group.ts";

const PLAIN: TurnCommit = {
  tenant: "default",
  runId: "run-1",
  epoch: 3,
  create: null,
  record: { runId: "run-1", firstSeq: 4, lastSeq: 6, atMs: 1_000, events: '[{"type":"x"}]' },
  status: "running",
  startedAtMs: 900,
  endedAtMs: null,
  errorCode: null,
  sends: [],
  consumes: [],
  startKey: null,
  checkpoint: null,
};

/** Each uses one field that a plain turn leaves empty. */
const RICH: readonly Partial<TurnCommit>[] = [
  { record: null },
  { record: { runId: "another", firstSeq: 1, lastSeq: 1, atMs: 5, events: "[]" } },
  { sends: [{ id: "m", tenant: "default", toRunId: "b", kind: "signal", body: "{}" }] },
  { consumes: ["m"] },
  { startKey: { key: "id:a", bodyHash: "h" } },
  { checkpoint: { seq: 6, stateVersion: 1, state: "{}" } },
  { labels: { a: "b" } },
  { blobs: ["hash"] },
  { memos: [] },
  { admission: { starts: [], breakers: [] } },
  { logs: [] },
  { isReserved: true },
  { usage: { workflow: "w", atMs: 1, steps: 2, attemptMs: 3, cpuMs: 4, bytes: 5 } },
  {
    create: {
      ...{ tenant: "default", runId: "run-1", workflow: "w", version: 1, createdAtMs: 1 },
      ...{ labels: {}, parentRunId: null, minReader: 1 },
    },
  },
] as readonly Partial<TurnCommit>[];

function sent(turns: readonly TurnCommit[]) {
  const input = { commitId: "c", nowMs: 2, turns };
  return unflattenGroup(structuredClone(flattenGroup(input)));
}

test("plain turns travel as values in a row, and arrive as they were", () => {
  const ended = { ...PLAIN, status: "failed", endedAtMs: 1_001, errorCode: "timeout" } as const;
  const group = { commitId: "c", nowMs: 2, turns: [PLAIN, ended] };
  expect(flattenGroup(group).flat).toHaveLength(22);
  expect(sent(group.turns)).toStrictEqual(group);
});

test("turns that use something up travel as values too", () => {
  const usage = { workflow: "w", atMs: 1, steps: 2, attemptMs: 3, cpuMs: 4, bytes: 5 };
  const group = { commitId: "c", nowMs: 2, turns: [{ ...PLAIN, usage }, PLAIN] };
  expect(flattenGroup(group).flat.filter((value) => typeof value === "object")).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(sent(group.turns)).toStrictEqual(group);
});

test.each(RICH)("a turn with %o arrives as it was, between plain ones", (rich) => {
  const turns = [PLAIN, { ...PLAIN, ...rich }, { ...PLAIN, runId: "run-1" }];
  expect(sent(turns).turns).toStrictEqual(turns);
});
