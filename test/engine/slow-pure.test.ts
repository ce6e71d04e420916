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
