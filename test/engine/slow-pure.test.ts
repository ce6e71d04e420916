/** A pure node type that holds up a turn is computed off the turns from then on. */
import { expect, test } from "vitest";
import { z } from "zod";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { context, workflow } from "./engine-fixture.ts";
import { ended, openSqliteBench } from "./sqlite-fixture.ts";

const described = { title: "", description: "", category: "user", icon: "x" } as const;

/** Longer than the 50 ms that a pure step may hold up its turn. */
const slow = defineNode({
  ...described,
  type: "my.slow",
  pure: true,
  config: z.strictObject({ n: z.number() }),
  output: z.number(),
  run: ({ n }) => {
    const beganUs = process.threadCpuUsage().user;
    while (process.threadCpuUsage().user - beganUs < 60_000);
    return n + 1;
  },
});
const swift = defineNode({
  ...described,
  type: "my.swift",
  pure: true,
  config: z.strictObject({ n: z.number() }),
  output: z.number(),
  run: ({ n }) => n + 1,
});

test("only its first evaluation holds up a turn; the results are the same", async () => {
  await using bench = await openSqliteBench();
  const { engine, logs } = await bench.open({ nodes: createRegistry([slow, swift]) });
  const next = (id: string, uses: string, before: string) => ({
    ...{ id, uses, with: { n: `\${{ ${before} }}` } },
  });
  const definition = workflow("slow", {
    steps: [
      next("a", "my.slow", "0"),
      next("b", "my.swift", "steps.a.output"),
      next("c", "my.slow", "steps.b.output"),
      next("d", "my.slow", "steps.c.output"),
    ],
    output: "${{ steps.d.output }}",
  });
  for (let count = 0; count < 2; count++) {
    const { run } = await engine.start(context, { workflow: definition });
    expect(await ended(engine, run.id)).toMatchObject({ status: "succeeded", output: 4 });
  }
  const heldUp = logs.filter(({ message }) => message === "a pure step held up its turn");
  expect(heldUp.map(({ fields }) => [fields["uses"], fields["path"]])).toEqual([["my.slow", "a"]]);
  const moved = logs.filter(({ message }) => message.includes("between turns"));
  expect(moved.map(({ fields }) => fields["uses"])).toEqual(["my.slow"]);
});

test("the first attempt of a step that is computed off the turn ends at its deadline", async () => {
  await using bench = await openSqliteBench();
  const { engine } = await bench.open({ nodes: createRegistry() });
  const definition = workflow("late", {
    steps: [
      // Its output comes as bytes: what reads it is computed off the turn.
      { id: "all", uses: "data.reverse", with: { items: "${{ input.list }}" } },
      {
        ...{ id: "long", uses: "data.filter", deadline: "5ms" },
        retry: { attempts: 3, initial: "1ms", errors: ["*"] },
        with: {
          items: "${{ steps.all.output }}",
          filter: "(x) => steps.all.output.filter((y) => y == x).length > 0",
        },
      },
    ],
  });
  const list = Array.from({ length: 20_000 }, (_, index) => `${index} ${"x".repeat(50)}`);
  const { run } = await engine.start(context, { workflow: definition, input: { list } });
  expect(await ended(engine, run.id)).toMatchObject({
    status: "failed",
    error: {
      code: "deadline_exceeded",
      message: '"long" took longer than its deadline of 5 ms.',
    },
  });
  const events = await engine.events(context, run.id, 0, 100);
  expect(events.filter(({ type }) => type === "step.retry_scheduled")).toEqual([]);
});
