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

/** Adds an event that cannot be folded; answers its number. */
async function corrupt(
  bench: Awaited<ReturnType<typeof openBench>>,
  runId: string,
): Promise<number> {
  const { clock } = bench;
  const head = await driven(clock, bench.store.journal.head(context, runId));
  if (head === null) throw new Error(`there is no run ${runId}`);
  const seq = head.seq + 1;
  const events = JSON.stringify([{ type: "step.succeeded", path: "nowhere" }]);
  const spoilt = {
    ...{ tenant: "default", runId, epoch: bench.store.epoch, status: "waiting" as const },
    ...{ startedAtMs: head.startedAtMs, endedAtMs: null, errorCode: null, create: null },
    ...{ sends: [], consumes: [], startKey: null, checkpoint: null },
    record: { runId, firstSeq: seq, lastSeq: seq, atMs: clock.nowMs(), events },
  };
  await driven(clock, bench.store.journal.commit("spoilt", [spoilt]));
  return seq;
}

/** The same, and starts again. */
async function spoil(bench: Awaited<ReturnType<typeof openBench>>, runId: string): Promise<number> {
  const seq = await corrupt(bench, runId);
  await bench.crash();
  await bench.clock.runUntilIdle();
  return seq;
}

test("a run that is parked with a journal that nobody can read, and its parent is told", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  await driven(clock, bench.engine.saveWorkflow(context, child));
  await driven(clock, bench.engine.start(context, { workflow: parent, id: "p" }));
  await clock.runUntilIdle();
  const { items } = await driven(clock, bench.engine.list(context, { limit: 5, parentRunId: "p" }));
  const runId = items[0]?.id ?? "";
  const seq = await spoil(bench, runId);
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

test("the children of a parked run end with it, but for those that go on and that have ended", async () => {
  await using bench = await openBench();
  const { clock } = bench;
  await driven(clock, bench.engine.saveWorkflow(context, child));
  const calls = {
    done: {},
    waited: {},
    unwaited: { wait: false },
    abandoned: { onParentEnd: "abandon" },
  };
  const branches = Object.entries({ ...calls, open: null }).map(([id, rest]) => {
    const call = { id, uses: "workflow.run", with: { workflow: "child", ...rest } };
    const gate = { id, uses: "wait.signal", with: { name: "never" } };
    return [`to_${id}`, { steps: [rest === null ? gate : call] }];
  });
  const family = workflow("family", {
    steps: [{ id: "all", uses: "parallel", branches: Object.fromEntries(branches) }],
  });
  await driven(clock, bench.engine.start(context, { workflow: family, id: "p" }));
  await clock.runUntilIdle();
  const started = await driven(clock, bench.engine.events(context, "p", 0, 100));
  const children = started.flatMap(({ event }) =>
    event["type"] === "child.started" ? [[event["path"], event["runId"]] as [string, string]] : [],
  );
  const done = new Map(children).get("all.to_done.done") ?? "";
  await driven(clock, bench.engine.signal(context, done, { name: "go", id: "1", payload: null }));
  await clock.runUntilIdle();
  await spoil(bench, "p");

  await driven(clock, bench.engine.terminate(context, "p", "beyond repair"));
  await clock.runUntilIdle();
  const { items } = await driven(clock, bench.engine.list(context, { limit: 9 }));
  const statuses = children.map(([path, runId]) => [
    path.replace(/.*\./, ""),
    items.find(({ id }) => id === runId)?.status,
  ]);
  expect(Object.fromEntries(statuses)).toEqual({
    ...{ done: "succeeded", waited: "cancelled", unwaited: "cancelled", abandoned: "waiting" },
  });
});

test("a parked run that is terminated gives the slot of its key to the next", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const exclusive = workflow("exclusive", {
    concurrency: { key: "'k'", limit: 1 },
    steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
  });
  const start = (id: string) => driven(clock, engine.start(context, { workflow: exclusive, id }));
  await start("first");
  await start("second");
  await clock.runUntilIdle();
  await corrupt(bench, "first");
  const go = { name: "go", id: "1", payload: null };
  await expect(driven(clock, engine.signal(context, "first", go))).rejects.toThrow();
  await clock.runUntilIdle();
  expect((await driven(clock, engine.explain(context, "first"))).sentence).toContain("is parked");
  expect((await driven(clock, engine.get(context, "second")))?.status).toBe("queued");

  await driven(clock, engine.terminate(context, "first", "beyond repair"));
  await clock.runUntilIdle();
  await driven(clock, engine.signal(context, "second", go));
  await clock.runUntilIdle();
  expect((await driven(clock, engine.get(context, "second")))?.status).toBe("succeeded");
});

test("who calls a parked run while it is being terminated is told that it has ended", async () => {
  const told: Promise<string>[] = [];
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) => {
        if (turns.some(({ status }) => status === "cancelled"))
          told.push(
            bench.engine.cancel(context, "r").then(
              () => "done",
              ({ code }: { code: string }) => code,
            ),
          );
        return { kind: "none" };
      },
    },
  });
  const { clock } = bench;
  const started = { workflow: child, id: "r" };
  await driven(clock, bench.engine.start(context, started));
  await clock.runUntilIdle();
  await spoil(bench, "r");
  await driven(clock, bench.engine.terminate(context, "r", "beyond repair"));
  await clock.runUntilIdle();
  expect(await driven(clock, Promise.all(told))).toEqual(["run_terminal"]);
});

test("a parked run cannot be terminated while the store is away, and can be again", async () => {
  let isAway = false;
  await using bench = await openBench({
    faults: { onCommit: () => ({ kind: isAway ? "unavailable" : "none" }) },
  });
  const { clock } = bench;
  await driven(clock, bench.engine.start(context, { workflow: child, id: "r" }));
  await clock.runUntilIdle();
  await spoil(bench, "r");
  isAway = true;
  const terminate = () => driven(clock, bench.engine.terminate(context, "r"));
  await expect(terminate()).rejects.toMatchObject({ code: "store_unavailable" });
  isAway = false;
  await terminate();
  expect((await driven(clock, bench.engine.get(context, "r")))?.status).toBe("cancelled");
});
