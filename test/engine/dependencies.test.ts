/** Versions between workflows in the engine: pinned once for a tree of runs; circles refused at the door. */
import { describe, expect, test } from "vitest";
import type { RunView } from "#engine/engine.ts";
import { type Bench, context, driven, openBench, workflow } from "./engine-fixture.ts";

const answers = (text: string) =>
  workflow("leaf", { steps: [{ id: "a", uses: "data.set", with: { value: text } }] });
const run = (id: string, name: string, more: Record<string, unknown> = {}) => ({
  id,
  uses: "workflow.run",
  with: { workflow: name, ...more },
});
const middle = workflow("middle", { steps: [run("leaf", "leaf")] });
/** Waits, runs `middle`, which runs `leaf`, and runs `leaf` itself. */
const top = workflow("top", {
  steps: [
    { id: "go", uses: "wait.signal", with: { name: "go" } },
    run("deep", "middle"),
    run("own", "leaf"),
    run("newest", "leaf", { version: "latest" }),
    run("first", "leaf", { version: 1 }),
  ],
  output: "${{ [steps.deep.output, steps.own.output, steps.newest.output, steps.first.output] }}",
});

const save = (bench: Bench, definition: ReturnType<typeof workflow>) =>
  driven(bench.clock, bench.engine.saveWorkflow(context, definition));

async function start(
  bench: Bench,
  definition: ReturnType<typeof workflow> | string,
): Promise<string> {
  const started = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.runUntilIdle();
  return started.run.id;
}

async function go(bench: Bench, id: string): Promise<RunView> {
  await driven(bench.clock, bench.engine.signal(context, id, { name: "go" }));
  return bench.settle(id);
}

async function queued(bench: Bench, id: string) {
  const [first] = await driven(bench.clock, bench.engine.events(context, id, 0, 1));
  return first?.event as { readonly pins?: Record<string, number> };
}

describe("pinned versions", () => {
  test("hold through all levels, whatever is saved meanwhile, across a crash and a rerun", async () => {
    await using bench = await openBench();
    await save(bench, answers("one"));
    await save(bench, answers("two"));
    await save(bench, middle);
    const id = await start(bench, top);
    await save(bench, answers("three"));
    await bench.crash();
    await bench.clock.runUntilIdle();
    const ended = await go(bench, id);
    expect(ended.output).toEqual(["two", "two", "three", "one"]);
    expect((await queued(bench, id)).pins).toEqual({ middle: 1, leaf: 2 });
    const again = await driven(bench.clock, bench.engine.rerun(context, id, {}));
    await bench.clock.runUntilIdle();
    expect((await go(bench, again.id)).output).toEqual(["two", "two", "three", "one"]);
    const fresh = await start(bench, "top");
    expect((await go(bench, fresh)).output).toEqual(["three", "three", "three", "one"]);
  });

  test("a name that was not there yet is looked up when its step runs", async () => {
    await using bench = await openBench();
    const id = await start(
      bench,
      workflow("early", {
        steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }, run("late", "leaf")],
        output: "${{ steps.late.output }}",
      }),
    );
    expect((await queued(bench, id)).pins).toBeUndefined();
    await save(bench, answers("late"));
    expect((await go(bench, id)).output).toBe("late");
  });

  test("a workflow that runs no other, and a leaf among children, carry no pins", async () => {
    await using bench = await openBench();
    await save(bench, answers("one"));
    const plain = await start(bench, "leaf");
    expect((await queued(bench, plain)).pins).toBeUndefined();
    const id = await start(bench, workflow("parent", { steps: [run("kid", "leaf")] }));
    expect((await queued(bench, id)).pins).toEqual({ leaf: 1 });
    const { items } = await driven(
      bench.clock,
      bench.engine.list(context, { workflow: "leaf", limit: 10 }),
    );
    for (const { id: leaf } of items) expect((await queued(bench, leaf)).pins).toBeUndefined();
  });

  test("a successor keeps them, and one that asks for the latest pins anew", async () => {
    await using bench = await openBench();
    await save(bench, answers("one"));
    const poller = (name: string, more: Record<string, unknown>) =>
      workflow(name, {
        input: { type: "object", properties: { n: { type: "number", default: 0 } } },
        steps: [
          { id: "go", uses: "wait.signal", with: { name: "go" } },
          {
            id: "again",
            uses: "workflow.continue",
            if: "input.n < 1",
            with: { input: { n: 1 }, ...more },
          },
          run("leaf", "leaf"),
        ],
        output: "${{ steps.leaf.output }}",
      });
    for (const [name, more, expected] of [
      ["keeps", {}, "one"],
      ["renews", { version: "latest" }, "two"],
    ] as const) {
      await save(bench, answers("one"));
      const first = await start(bench, poller(name, more));
      await save(bench, answers("two"));
      const { continuedTo } = await go(bench, first);
      expect((await go(bench, continuedTo ?? "")).output).toBe(expected);
    }
  });

  test("a child whose name is computed pins what it runs itself", async () => {
    await using bench = await openBench();
    await save(bench, answers("one"));
    await save(bench, middle);
    const id = await start(
      bench,
      workflow("chooser", {
        input: { type: "object", properties: { name: { type: "string", default: "middle" } } },
        steps: [run("any", "${{ input.name }}")],
        output: "${{ steps.any.output }}",
      }),
    );
    expect(await bench.settle(id)).toMatchObject({ status: "succeeded", output: "one" });
    const { items } = await driven(
      bench.clock,
      bench.engine.list(context, { workflow: "middle", limit: 10 }),
    );
    expect((await queued(bench, items[0]?.id ?? "")).pins).toEqual({ leaf: 1 });
  });
});

describe("circles", () => {
  const there = workflow("there", { steps: [run("back", "back")] });
  const back = workflow("back", { steps: [run("there", "there")] });

  test("are refused when the last of them is saved, with the way round", async () => {
    await using bench = await openBench();
    await save(bench, there);
    await expect(save(bench, back)).rejects.toMatchObject({
      code: "definition_invalid",
      message: expect.stringContaining("back -> there -> back"),
      details: { problems: [{ code: "workflow_cycle", pointer: "/steps/0" }] },
    });
    await expect(start(bench, back)).rejects.toMatchObject({ code: "definition_invalid" });
    expect(await driven(bench.clock, bench.engine.workflowVersions(context, "back"))).toEqual([]);
    await save(
      bench,
      workflow("back", { steps: [{ ...run("there", "there"), if: "input.more" }] }),
    );
  });

  test("that came into the store another way are refused when a run starts", async () => {
    await using bench = await openBench();
    await save(bench, there);
    const { catalogue } = bench.store;
    const definition = JSON.stringify(back);
    await driven(
      bench.clock,
      catalogue.save(context, { name: "back", hash: "0".repeat(64), definition, atMs: 1 }),
    );
    await expect(start(bench, "there")).rejects.toMatchObject({ code: "definition_invalid" });
    const found = await driven(bench.clock, bench.engine.workflowDependencies(context, "there"));
    expect(found.cycles).toEqual([{ path: ["there", "back", "there"], isCertain: true }]);
  });

  test("of one tenant are no matter of another", async () => {
    await using bench = await openBench();
    await save(bench, there);
    const other = { ...context, tenant: "other" };
    await driven(bench.clock, bench.engine.saveWorkflow(other, back));
    const found = await driven(bench.clock, bench.engine.workflowDependencies(other, "back"));
    expect(found.missing).toEqual([{ workflow: "there", version: null, neededBy: "back: there" }]);
  });
});

test("what is asked of nobody is workflow_not_found", async () => {
  await using bench = await openBench();
  await save(bench, answers("one"));
  for (const [name, version] of [
    ["nobody", undefined],
    ["leaf", 9],
  ] as const)
    await expect(
      driven(bench.clock, bench.engine.workflowDependencies(context, name, version)),
    ).rejects.toMatchObject({ code: "workflow_not_found" });
});
