/** Journals of older and newer releases: the first are read as those of today, the second not at all. */
import { expect, test } from "vitest";
import { eventsOf } from "#engine/embedded/event-blobs.ts";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const turn = (events: readonly unknown[]) => ({
  ...{ runId: "r", firstSeq: 7, lastSeq: 6 + events.length, atMs: 0 },
  events: JSON.stringify(events),
});

test("a turn of an older release reads as one of today", () => {
  const table = {
    "variable.set": [({ called, ...rest }: Record<string, unknown>) => ({ name: called, ...rest })],
  } as never;
  const stored = [
    { type: "variable.set", called: "a", value: 1 },
    { type: "run.admitted" },
    { type: "variable.set", v: 2, name: "b", value: 2 },
  ];
  expect(eventsOf(turn(stored), table)).toEqual([
    { type: "variable.set", name: "a", value: 1 },
    { type: "run.admitted" },
    { type: "variable.set", name: "b", value: 2 },
  ]);
});

const gated = workflow("gated", {
  steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
});

test.each([
  [{ type: "run.labelled", v: 2, labels: {} }, '"run.labelled" is of version 2, .* up to 1'],
  [{ type: "run.dreamt" }, '"run.dreamt" is an event that this version .* does not know'],
])("a run with the event %j of a newer release is parked, and others go on", async (event, why) => {
  await using bench = await openBench();
  const { clock, engine, store } = bench;
  await driven(clock, engine.start(context, { workflow: gated, id: "new" }));
  await driven(clock, engine.start(context, { workflow: gated, id: "old" }));
  await clock.runUntilIdle();
  const head = await driven(clock, store.journal.head(context, "new"));
  const seq = (head?.seq ?? 0) + 1;
  const written = {
    ...{ tenant: "default", runId: "new", epoch: store.epoch, status: "waiting" as const },
    ...{ startedAtMs: head?.startedAtMs ?? 0, endedAtMs: null, errorCode: null, create: null },
    ...{ sends: [], consumes: [], startKey: null, checkpoint: null },
    record: {
      ...{ runId: "new", firstSeq: seq, lastSeq: seq, atMs: clock.nowMs() },
      events: JSON.stringify([event]),
    },
  };
  await driven(clock, store.journal.commit("newer", [written]));
  await bench.crash();
  await clock.runUntilIdle();

  const message = expect.stringMatching(new RegExp(`Run new: event ${seq} of its journal, ${why}`));
  const explained = await driven(clock, bench.engine.explain(context, "new"));
  expect(explained.waits).toMatchObject([{ kind: "journal", text: message }]);
  await expect(driven(clock, bench.engine.events(context, "new", 0, 100))).rejects.toMatchObject({
    ...{ code: "store_newer", message },
  });
  await expect(driven(clock, bench.engine.cancel(context, "new"))).rejects.toMatchObject({
    ...{ code: "store_newer", message },
  });
  const signal = { name: "go", id: "1", payload: null };
  await driven(clock, bench.engine.signal(context, "old", signal));
  expect(await bench.settle("old")).toMatchObject({ status: "succeeded" });
});
