/** Messages between runs that lie in the journal: many, overtaken, and for nobody. */
import { expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import type { Send } from "#kernel/effects.ts";
import type { Message, TurnCommit } from "#ports/journal.ts";
import { type Bench, context, driven, openBench, workflow } from "./engine-fixture.ts";

const child = workflow("child", {
  steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
});
const quick = workflow("quick", { steps: [{ id: "a", uses: "noop" }] });

function startOf(toRunId: string, name: string): Message {
  const parent = { runId: "sender", path: `call-${toRunId}`, depth: 1, wait: false };
  return message({
    ...{ kind: "child_start", id: `start ${toRunId}`, toRunId, workflow: name },
    ...{ version: null, input: {}, parent },
  });
}

function cancelOf(toRunId: string): Message {
  const reason = "its parent was told to stop";
  return message({
    ...{ kind: "cancel", id: `cancel ${toRunId}`, toRunId, fromRunId: "sender", reason },
  });
}

function message(send: Send): Message {
  const { id, toRunId, kind } = send;
  return { id, tenant: "default", toRunId, kind, body: JSON.stringify(send) };
}

/** Puts messages into the journal as a turn of a run that has ended since. */
async function lay(bench: Bench, sends: readonly Message[]): Promise<void> {
  const { store, clock } = bench;
  const atMs = clock.nowMs();
  const turn: TurnCommit = {
    ...{ tenant: "default", runId: "sender", epoch: store.epoch, status: "succeeded" },
    create: {
      ...{ tenant: "default", runId: "sender", workflow: "quick", version: 1, createdAtMs: atMs },
      ...{ labels: {}, parentRunId: null, minReader: 1 },
    },
    record: { runId: "sender", firstSeq: 1, lastSeq: 1, atMs, events: "[{}]" },
    ...{ startedAtMs: atMs, endedAtMs: atMs, errorCode: null },
    ...{ sends, consumes: [], startKey: null, checkpoint: null },
  };
  expect(await driven(clock, store.journal.commit("laid", [turn]))).toEqual({ fenced: [] });
}

test("every message that lies in the journal at start is carried, a page at a time", async () => {
  let reads = 0;
  await using bench = await openBench({
    faults: {
      onRead: (operation) => {
        if (operation === "messages") reads++;
        return 0;
      },
    },
  });
  const { clock } = bench;
  await driven(clock, bench.engine.saveWorkflow(context, quick));
  const COUNT = 10_500;
  await lay(
    bench,
    Array.from({ length: COUNT }, (_, at) => startOf(`child-${at}`, "quick")),
  );
  reads = 0;
  await bench.crash();
  await clock.runUntilIdle();
  expect(await driven(clock, bench.store.journal.messages(10))).toEqual([]);
  const counts = await driven(clock, bench.store.journal.counts(context));
  expect(counts.succeeded).toBe(COUNT + 1);
  expect(reads).toBeGreaterThan(10);
});

test("a cancel never overtakes the start of its run, also when the start must be tried again", async () => {
  let isAway = false;
  await using bench = await openBench({
    faults: {
      onRead: (operation) => {
        // The look whether the child exists; the cancel's own look comes after.
        if (operation !== "head" || !isAway) return 0;
        isAway = false;
        throw new LockstitchError("store_unavailable", "away");
      },
    },
  });
  const { clock } = bench;
  await driven(clock, bench.engine.saveWorkflow(context, child));
  await lay(bench, [startOf("child-1", "child"), cancelOf("child-1")]);
  isAway = true;
  await bench.crash();
  await clock.advanceBy(5_000);
  expect(isAway).toBe(false);
  expect(await driven(clock, bench.engine.get(context, "child-1"))).toMatchObject({
    status: "cancelled",
  });
  expect(await driven(clock, bench.store.journal.messages(10))).toEqual([]);
});

test("a cancel of a run that goes on as another is passed on, though the store is away at first", async () => {
  let isAway = false;
  let refusals = 0;
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) => {
        // The commit that passes it on.
        const isPassing = turns.some(
          ({ consumes, record }) => consumes.length > 0 && record === null,
        );
        if (!isPassing || refusals > 0) return { kind: "none" };
        refusals++;
        return { kind: "unavailable" };
      },
      onRead: (operation) => {
        // The look at how the run has ended.
        if (operation !== "turnAt" || !isAway) return 0;
        isAway = false;
        return "unavailable";
      },
    },
  });
  const { clock } = bench;
  const poller = workflow("poller", {
    steps: [
      { id: "next", uses: "wait.signal", with: { name: "go" } },
      { id: "again", uses: "workflow.continue" },
    ],
  });
  await driven(clock, bench.engine.saveWorkflow(context, quick));
  await driven(clock, bench.engine.start(context, { workflow: poller, id: "child-1" }));
  await driven(clock, bench.engine.signal(context, "child-1", { name: "go" }));
  const { continuedTo } = await bench.settle("child-1");
  await lay(bench, [cancelOf("child-1")]);
  isAway = true;
  await bench.crash();
  await clock.advanceBy(5_000);
  expect([isAway, refusals]).toEqual([false, 1]);
  expect(await bench.settle(continuedTo ?? "")).toMatchObject({ status: "cancelled" });
  expect(await driven(clock, bench.store.journal.messages(10))).toEqual([]);
});

test("a cancel that comes before its child's start has been read waits for it", async () => {
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) => {
        const isParents = turns.some(({ runId }) => runId === "parent");
        return { kind: "none", delayMs: isParents ? 1_000 : 0 };
      },
      onRead: (operation) => (operation === "messages" ? 10_000 : 0),
    },
  });
  const { clock } = bench;
  for (const saved of [child, quick])
    await driven(clock, bench.engine.saveWorkflow(context, saved));
  await lay(
    bench,
    Array.from({ length: 2_500 }, (_, at) => startOf(`filler-${at}`, "quick")),
  );
  const parent = workflow("parent", {
    steps: [{ id: "call", uses: "workflow.run", with: { workflow: "child" } }],
  });
  // It dies once its turn is durable and before anybody hears of it: nothing is carried.
  bench.engine.start(context, { workflow: parent, id: "parent" }).catch(() => {});
  await clock.settle();
  expect(bench.disk.unsyncedBatches).toBe(1);
  bench.disk.crash(1);
  await bench.crash();
  await driven(clock, bench.engine.cancel(context, "parent"));
  await clock.runUntilIdle();
  const { items } = await driven(
    clock,
    bench.engine.list(context, { parentRunId: "parent", limit: 5 }),
  );
  expect(items.map(({ status }) => status)).toEqual(["cancelled"]);
  expect(await driven(clock, bench.engine.get(context, "parent"))).toMatchObject({
    status: "cancelled",
  });
  expect(await driven(clock, bench.store.journal.messages(10))).toEqual([]);
});

test("a cancel of a run that never came to be does not stay for ever", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  await lay(bench, [
    startOf("child-1", "no-such-workflow"),
    cancelOf("child-1"),
    cancelOf("nobody"),
  ]);
  const sender = await driven(clock, bench.store.journal.head(context, "sender"));
  await bench.crash();
  await clock.advanceBy(5_000);
  expect(await driven(clock, bench.store.journal.messages(10))).toEqual([]);
  const head = await driven(clock, bench.store.journal.head(context, "sender"));
  expect({ ...head, epoch: 0 }).toEqual({ ...sender, epoch: 0 });
});
