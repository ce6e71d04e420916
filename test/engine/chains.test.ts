/** Runs that continue as others, through the engine: exactly once, in order, whatever crashes. */
import { describe, expect, test } from "vitest";
import type { RunView } from "#engine/engine.ts";
import { type Bench, context, driven, openBench, work, workflow } from "./engine-fixture.ts";

const poller = workflow("poller", {
  input: { type: "object", properties: { n: { type: "number", default: 0 } } },
  labels: { team: "sea" },
  steps: [
    { id: "next", uses: "wait.signal", with: { name: "go" } },
    {
      id: "again",
      uses: "workflow.continue",
      if: "input.n < 2",
      with: { input: { n: "${{ input.n + 1 }}" } },
    },
    { id: "done", uses: "data.set", with: { value: { last: "${{ steps.next.output }}" } } },
  ],
  output: "${{ steps.next.output }}",
});

async function begin(bench: Bench, definition = poller, id = "first"): Promise<void> {
  await driven(bench.clock, bench.engine.start(context, { workflow: definition, id }));
  await bench.clock.runUntilIdle();
}

async function view(bench: Bench, id: string): Promise<RunView> {
  const run = await driven(bench.clock, bench.engine.get(context, id));
  if (run === null) throw new Error(`no run ${id}`);
  return run;
}

async function send(bench: Bench, id: string, payload: unknown, signalId?: string) {
  const signal = { name: "go", payload, ...(signalId === undefined ? {} : { id: signalId }) };
  const sent = await driven(bench.clock, bench.engine.signal(context, id, signal));
  await bench.clock.runUntilIdle();
  return sent;
}

/** The last run of the chain that begins with `id`. */
async function lastOf(bench: Bench, id: string): Promise<RunView> {
  for (let run = await view(bench, id); ; run = await view(bench, run.continuedTo))
    if (run.continuedTo === null) return run;
}

describe("a run that continues", () => {
  test("hands over input, labels and chain, signal by signal", async () => {
    await using bench = await openBench();
    await begin(bench);
    await send(bench, "first", "a");
    const first = await view(bench, "first");
    expect(first).toMatchObject({ status: "succeeded", output: null, chainId: "first" });
    const { sentence } = await driven(bench.clock, bench.engine.explain(context, "first"));
    expect(sentence).toBe(`The run has ended: succeeded. It goes on as run ${first?.continuedTo}.`);
    const second = await lastOf(bench, "first");
    expect(second).toMatchObject({
      ...{ input: { n: 1 }, labels: { team: "sea" }, status: "waiting", workflow: "poller" },
      ...{ continuedFrom: "first", chainId: "first", continuedTo: null },
    });
    await send(bench, second.id, "b");
    const third = await lastOf(bench, "first");
    await send(bench, third.id, "c");
    expect(await view(bench, third.id)).toMatchObject({
      ...{ status: "succeeded", output: "c", chainId: "first", continuedFrom: second.id },
    });
  });

  test("gives unread signals on, in order and with their ids; a repeated one counts once", async () => {
    await using bench = await openBench();
    await begin(bench);
    await driven(bench.clock, bench.engine.pause(context, "first"));
    for (const id of ["s1", "s2", "s3"]) await send(bench, "first", id, id);
    await driven(bench.clock, bench.engine.resume(context, "first"));
    await bench.clock.runUntilIdle();
    const last = await lastOf(bench, "first");
    expect(last).toMatchObject({ status: "succeeded", output: "s3" });
    const { continuedTo } = await view(bench, "first");
    const repeated = send(bench, "first", null, "s1");
    await expect(repeated).rejects.toMatchObject({
      code: "run_terminal",
      details: { continuedTo },
    });
  });

  test("does not apply in its successor a signal that it had read itself", async () => {
    await using bench = await openBench();
    await begin(bench);
    await send(bench, "first", "a", "one");
    const second = await lastOf(bench, "first");
    expect(await send(bench, second.id, "a", "one")).toMatchObject({ applied: false });
    expect(await view(bench, second.id)).toMatchObject({ status: "waiting" });
  });

  test("starts one successor, whatever crashes when", async () => {
    for (let cut = 1; cut <= 12; cut++) {
      await using bench = await openBench();
      await begin(bench);
      // A dead process answers nobody.
      void bench.engine.signal(context, "first", { name: "go", id: "x" }).catch(() => null);
      for (let step = 0; step < cut; step++) await Promise.resolve();
      await bench.crash();
      await send(bench, "first", "again", "x").catch(() => null);
      const { items } = await driven(bench.clock, bench.engine.list(context, { limit: 10 }));
      expect(items, `cut ${cut}`).toHaveLength(2);
      expect((await lastOf(bench, "first")).status).toBe("waiting");
    }
  });

  test("fails where its input does not fit, in the step that would continue", async () => {
    await using bench = await openBench();
    const run = await bench.run(
      workflow("strict", {
        input: { type: "object", properties: { n: { type: "number" } } },
        steps: [{ id: "again", uses: "workflow.continue", with: { input: { n: "${{ 'no' }}" } } }],
      }),
    );
    expect(run).toMatchObject({
      status: "failed",
      error: { code: "validation_failed", path: "again" },
    });
  });

  test("of the newest version that refuses the input ends the chain as failed", async () => {
    await using bench = await openBench();
    const flow = (rest: Record<string, unknown>, more: Record<string, unknown>) =>
      workflow("newer", {
        ...rest,
        steps: [
          { id: "gate", uses: "wait.signal", with: { name: "go" } },
          { id: "again", uses: "workflow.continue", with: { version: "latest", ...more } },
        ],
      });
    await begin(bench, flow({}, { input: { n: "text" } }));
    const strict = { input: { type: "object", properties: { n: { type: "number" } } } };
    await driven(bench.clock, bench.engine.saveWorkflow(context, flow(strict, {})));
    await send(bench, "first", 1);
    const last = await lastOf(bench, "first");
    expect(last).toMatchObject({
      version: 2,
      status: "failed",
      error: { code: "validation_failed" },
    });
  });

  test("keeps its concurrency key: nobody who waits for it comes between", async () => {
    await using bench = await openBench();
    const exclusive = { ...poller, name: "exclusive", concurrency: { key: "'k'", limit: 1 } };
    await begin(bench, exclusive, "first");
    await begin(bench, exclusive, "other");
    expect(await view(bench, "other")).toMatchObject({ status: "queued" });
    await send(bench, "first", 1);
    const second = await lastOf(bench, "first");
    expect(second.status).toBe("waiting");
    expect(await view(bench, "other")).toMatchObject({ status: "queued" });
    await send(bench, second.id, 1);
    await send(bench, (await lastOf(bench, "first")).id, 1);
    expect(await view(bench, "other")).toMatchObject({ status: "waiting" });
  });
});

describe("a parent", () => {
  const parent = workflow("parent", {
    steps: [{ id: "call", uses: "workflow.run", with: { workflow: "poller" } }],
    output: "${{ steps.call.output }}",
  });
  const childOf = async (bench: Bench): Promise<RunView> => {
    const { items } = await driven(
      bench.clock,
      bench.engine.list(context, { limit: 10, parentRunId: "p" }),
    );
    const open = items.find(({ status }) => status === "waiting");
    return view(bench, open?.id ?? items[0]?.id ?? "none");
  };
  const beginParent = async (bench: Bench) => {
    await driven(bench.clock, bench.engine.saveWorkflow(context, poller));
    await begin(bench, parent, "p");
  };

  test("waits for the end of the chain, across restarts", async () => {
    await using bench = await openBench();
    await beginParent(bench);
    for (const payload of ["a", "b", "c"]) {
      expect(await view(bench, "p")).toMatchObject({ status: "waiting" });
      const child = await childOf(bench);
      const explain = await driven(bench.clock, bench.engine.explain(context, "p"));
      expect(explain.sentence).toContain(child.id);
      await send(bench, child.id, payload);
      await bench.crash();
      await bench.clock.runUntilIdle();
    }
    expect(await view(bench, "p")).toMatchObject({ status: "succeeded", output: "c" });
  });

  test("that is cancelled cancels the run that goes on now, and one that takes over meanwhile", async () => {
    for (let cut = 0; cut <= 30; cut += 2) {
      await using bench = await openBench();
      await beginParent(bench);
      const child = await childOf(bench);
      const calls = [
        bench.engine.signal(context, child.id, { name: "go" }).catch(() => null),
        (async () => {
          for (let step = 0; step < cut; step++) await Promise.resolve();
          return bench.engine.cancel(context, "p");
        })(),
      ];
      await driven(bench.clock, Promise.all(calls));
      await bench.clock.runUntilIdle();
      expect(await view(bench, "p"), `cut ${cut}`).toMatchObject({ status: "cancelled" });
      const last = await lastOf(bench, child.id);
      expect(last.status, `cut ${cut}`).toBe("cancelled");
    }
  });

  test("that does not wait takes the chain with it as well", async () => {
    await using bench = await openBench();
    await driven(bench.clock, bench.engine.saveWorkflow(context, poller));
    const loose = workflow("loose", {
      steps: [
        { id: "call", uses: "workflow.run", with: { workflow: "poller", wait: false } },
        { id: "gate", uses: "wait.signal", with: { name: "end" } },
      ],
    });
    await begin(bench, loose, "p");
    const child = await childOf(bench);
    await send(bench, child.id, 1);
    await driven(bench.clock, bench.engine.signal(context, "p", { name: "end" }));
    await bench.clock.runUntilIdle();
    expect((await lastOf(bench, child.id)).status).toBe("cancelled");
  });
});

test("a saga is compensated after a crash between its failure and the first compensation", async () => {
  const done: string[] = [];
  const node = (name: string) => async () => void done.push(name);
  for (let cut = 1; cut <= 10; cut++) {
    done.length = 0;
    await using bench = await openBench({
      work: {
        ...{ book: node("book"), undo: node("undo") },
        pay: async () => Promise.reject(new Error("no funds")),
      },
    });
    const flow = workflow("trip", {
      steps: [
        {
          id: "trip",
          uses: "saga",
          steps: [
            work("hotel", "book", { compensate: [work("cancel", "undo")] }),
            work("pay", "pay"),
          ],
        },
      ],
    });
    void bench.engine.start(context, { workflow: flow, id: "t" }).catch(() => null);
    for (let step = 0; step < cut * 12; step++) await Promise.resolve();
    await bench.crash();
    await driven(bench.clock, bench.engine.start(context, { workflow: flow, id: "t" }));
    const run = await bench.settle("t");
    expect(run, `cut ${cut}`).toMatchObject({ status: "failed" });
    expect(done.at(-1), `cut ${cut}`).toBe("undo");
  }
});
