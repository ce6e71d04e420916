/** A store with something in every table, and what its ports say of it: the same before and after a copy. */
import { hash } from "node:crypto";
import type { CallContext } from "#ports/call-context.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { Store } from "#ports/store.ts";
import { ALICE, creation, turn } from "../contract/store-fixture.ts";

export const LARGE = Buffer.from("large ".repeat(30_000));
const BLOB = hash("sha256", LARGE);
/** Housekeeping leaves alone what counts until then. */
const LATER_MS = 4_000_000_000_000;
const SHARED = { scope: "workflow", workflow: "report", name: "total" } as const;

function memo(key: string, rest: Partial<MemoWrite> = {}): MemoWrite {
  return {
    ...{ key, scope: "tenant", label: "ü", uses: "http.request", workflow: "report", path: "p" },
    ...{ output: { text: `"${key}"` }, createdAtMs: 1, expiresAtMs: null },
    ...rest,
  };
}

/** Some runs of alice, with all that a commit can bring. */
export async function fillStore(store: Store): Promise<void> {
  const { journal, epoch, catalogue, blobs, state, upkeep } = store;
  await catalogue.save(ALICE, { name: "report", hash: "h1", definition: '{"a":"ü"}', atMs: 1 });
  await catalogue.save(ALICE, { name: "report", hash: "h2", definition: '{"b":2}', atMs: 2 });
  await blobs.put(ALICE, BLOB, LARGE);
  const said = (line: number) => ({
    ...{ path: "step", attempt: 1, line, atMs: line, level: "warn" as const },
    ...{ text: `line ${line} 漢`, fields: line === 1 ? '{"n":1}' : null },
  });
  const wide = JSON.stringify([{ note: "x".repeat(100_000) }]);
  await journal.commit("c1", [
    creation({
      ...{ runId: "a", epoch, labels: { team: "red" }, events: wide },
      rest: {
        sends: [
          { id: "m1", tenant: "alice", toRunId: "b", kind: "signal", body: '{"is":1}' },
          { id: "m2", tenant: "alice", toRunId: "a", kind: "signal", body: '{"is":2}' },
        ],
        startKey: { key: "k", bodyHash: "body" },
        checkpoint: { seq: 2, stateVersion: 1, state: '{"s":1}', isPinned: true },
        blobs: [BLOB],
        memos: [
          memo("one"),
          memo("two", { output: { blob: { hash: BLOB, bytes: LARGE.length } } }),
        ],
        logs: [said(1), said(2)],
        admission: {
          starts: [{ name: "limit", atMs: LATER_MS, perMs: 1_000 }],
          outcomes: [
            {
              ...{ name: "breaker", hasFailed: true, isProbe: false, atMs: 9, untilMs: LATER_MS },
              ...{ failureThreshold: 3, resetAfterMs: 500 },
            },
          ],
        },
      },
    }),
    creation({ runId: "b", epoch, parentRunId: "a", rest: { logs: [said(1)] } }),
    creation({
      runId: "over",
      epoch,
      rest: { status: "failed", endedAtMs: 7, errorCode: "timeout" },
    }),
    creation({ runId: "gone", epoch, rest: { status: "succeeded", endedAtMs: 7 } }),
  ]);
  await journal.commit("c2", [
    turn({ runId: "a", epoch, seqs: [3, 5], rest: { consumes: ["m2"], logs: [said(3)] } }),
    turn({
      ...{ runId: "b", epoch, seqs: [3, 3] },
      rest: {
        shared: [
          { ...SHARED, revision: 0, change: { revision: 7, value: "41" }, path: "add", atMs: 3 },
        ],
      },
    }),
  ]);
  await state.change({ ...ALICE, principal: "ada" }, { ...SHARED, value: "42", reason: "ü" });
  await upkeep?.remove(ALICE, "gone", "old");
  await store.triggers.save(ALICE, {
    ...{ workflow: "report", id: "nightly", revision: 0 },
    to: {
      ...{ kind: "schedule", lookup: "", spec: '{"every":"1d"}', state: '{"n":1}', dueAtMs: 9 },
      ...{ source: "api", paused: { by: "ada", reason: "ü", atMs: 3 } },
    },
    marks: [
      { kind: "fired", instantMs: 5, untilMs: null, runId: "a", reason: null, atMs: 6 },
      { kind: "missed", instantMs: 7, untilMs: 8, runId: null, reason: "away", atMs: 9 },
    ],
  });
}

/** Epochs and numbers are a store's own; everything else of a copy is the same. */
export async function outlineOf(store: Store, context: CallContext = ALICE) {
  const { journal, catalogue, blobs, memos, state, logs, upkeep } = store;
  const { items } = await journal.heads(context, { limit: 100 });
  const heads = items.map(({ epoch: _, ...head }) => head);
  const runs = await Promise.all(
    heads.map(async ({ runId }) => ({
      turns: await journal.turns(context, runId, 0, 100),
      checkpoints: await journal.checkpoints(context, runId, () => undefined),
      logs: (await logs.read(context, runId, { after: 0, limit: 100 })).map(
        ({ position: _, ...line }) => line,
      ),
    })),
  );
  const found = await blobs.get(context, BLOB);
  return {
    ...{ heads, runs, counts: await journal.counts(context) },
    byLabel: (await journal.heads(context, { labels: { team: "red" }, limit: 9 })).items.length,
    messages: await journal.messages(100),
    startKey: await journal.startKey(context, "k"),
    admission: await journal.admission(0),
    workflows: await catalogue.versions(context, "report"),
    definition: await catalogue.find(context, "report", null),
    blob: found !== null && Buffer.from(found).equals(LARGE),
    memos: (await memos.list(context, { limit: 100 }, 0)).items,
    state: await state.list(context, { limit: 100 }),
    changes: await state.changes(context, SHARED, 100),
    usage: await state.totals(),
    triggers: (await store.triggers.list(context, { limit: 9 })).items,
    marks: await store.triggers.marks(context, { workflow: "report", id: "nightly" }, 9),
    tombstone: (await upkeep?.tombstone(context, "gone"))?.reason,
  };
}
