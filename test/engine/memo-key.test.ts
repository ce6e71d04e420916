/** Two steps have one memo key exactly when one result may stand for both. */
import { expect, test } from "vitest";
import { type MemoSubject, memoKey } from "#engine/embedded/memo-key.ts";
import type { MemoRequest } from "#kernel/events.ts";

const SUBJECT: MemoSubject = {
  tenant: "a",
  uses: "http.request",
  implementation: "1",
  runId: "r1",
  workflow: "w",
  workflowVersion: 1,
  memo: { scope: "workflow" },
  config: { url: "x", method: "GET" },
  secrets: null,
};

function key(change: Partial<MemoSubject> = {}, memo: Partial<MemoRequest> = {}): string {
  const subject = { ...SUBJECT, ...change };
  return memoKey({ ...subject, memo: { ...subject.memo, ...memo } });
}

const secret = (version: string) => [{ at: ["url"], parts: [{ secret: "TOKEN", version }] }];

test.each<[string, Partial<MemoSubject>, Partial<MemoRequest>?]>([
  ["tenant", { tenant: "b" }],
  ["node type", { uses: "other" }],
  ["version of the node", { implementation: "2" }],
  ["workflow", { workflow: "v" }],
  ["version of the workflow", { workflowVersion: 2 }],
  ["scope", {}, { scope: "tenant" }],
  ["configuration", { config: { url: "y", method: "GET" } }],
  ["secret", { secrets: secret("1") }],
  ["key", {}, { key: "k", form: "f" }],
])("another %s is another key", (_what, change, memo) => {
  expect(key(change, memo)).not.toBe(key());
});

test("what the result does not depend on is no part of it", () => {
  expect(key({ config: { method: "GET", url: "x" } })).toBe(key());
  expect(key({ runId: "r2" })).toBe(key());
  expect(key({}, { ttlMs: 5 })).toBe(key());
  const keyed = { key: "k", form: "f" };
  expect(key({ config: "other" }, keyed)).toBe(key({}, keyed));
  const everywhere = { scope: "tenant" as const };
  expect(key({ workflow: "v", runId: "r2" }, everywhere)).toBe(key({}, everywhere));
});

test("a key of one's own counts with the form of the step and the versions of its secrets", () => {
  const keyed = { key: "k", form: "f" };
  expect(key({}, { ...keyed, form: "g" })).not.toBe(key({}, keyed));
  expect(key({ secrets: secret("2") }, keyed)).not.toBe(key({ secrets: secret("1") }, keyed));
  expect(key({ runId: "r2" }, { ...keyed, scope: "run" })).not.toBe(
    key({}, { ...keyed, scope: "run" }),
  );
});
