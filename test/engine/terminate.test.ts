/** terminate ends any run at once, also one whose journal cannot be folded. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const child = workflow("child", {
  steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
});
const parent = workflow("parent", {
  steps: [
    { id: "call", uses: "workflow.run", with: { workflow: "child" }, onError: "continue" },
    { id: "after", uses: "data.set", with: { value: "${{ steps.call.error.code }}" } },
  ],
});

test("a run that is parked with a journal that nobody can read, and its parent is told", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  await driven(clock, bench.engine.saveWorkflow(context, child));
  await driven(clock, bench.engine.start(context, { workflow: parent, id: "p" }));
  await clock.runUntilIdle();
  const { items } = await driven(clock, bench.engine.list(context, { limit: 5, parentRunId: "p" }));
  const runId = items[0]?.id ?? "";
  const head = await driven(clock, bench.store.journal.head(context, runId));
  if (head === null) throw new Error("there is no child");
  const seq = head.seq + 1;
  const events = JSON.stringify([{ type: "step.succeeded", path: "nowhere" }]);
  const spoilt = {
    ...{ tenant: "default", runId, epoch: bench.store.epoch, status: "waiting" as const },
    ...{ startedAtMs: head.startedAtMs, endedAtMs: null, errorCode: null, create: null },
    ...{ sends: [], consumes: [], startKey: null, checkpoint: null },
    record: { runId, firstSeq: seq, lastSeq: seq, atMs: clock.nowMs(), events },
  };
  await driven(clock, bench.store.journal.commit("spoilt", [spoilt]));
  await bench.crash();
  await clock.runUntilIdle();
  const explain = await driven(clock, bench.engine.explain(context, runId));
  expect(explain.waits).toMatchObject([{ kind: "journal" }]);
  await expect(driven(clock, bench.engine.cancel(context, runId))).rejects.toMatchObject({
    code: "internal",
  });

  const ended = await driven(clock, bench.engine.terminate(context, runId, "beyond repair"));
  expect(ended).toMatchObject({ status: "cancelled", seq: seq + 1 });
  expect((await driven(clock, bench.engine.explain(context, runId))).sentence).toBe(
    `The run has ended: cancelled by ${context.principal}: beyond repair.`,
  );
  expect(await bench.settle("p")).toMatchObject({ status: "succeeded", output: "child_cancelled" });
  await bench.crash();
  expect(await bench.settle(runId)).toMatchObject({ status: "cancelled" });
  expect(bench.engine.stats().openRuns).toBe(0);
});
