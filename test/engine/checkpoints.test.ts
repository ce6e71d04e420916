/** What checkpoints cost: all of a run's together are O(journal), and each can be gone on from. */
import { expect, test } from "vitest";
import { context, driven, openBench, work, workflow } from "./engine-fixture.ts";

const ITEMS = 20_000;

test("the checkpoints of a loop of 20,000 items are no longer than its journal", async () => {
  const sizes: number[] = [];
  let journal = 0;

  await using bench = await openBench({
    work: { echo: async ({ config }) => (config as { value: unknown }).value },
    faults: {
      onCommit: ({ turns }) => {
        for (const { record, checkpoint } of turns) {
          journal += record?.events.length ?? 0;
          if (checkpoint !== null) sizes.push(checkpoint.state.length);
        }
        return { kind: "none" };
      },
    },
  });
  const run = await bench.run(
    workflow("long", {
      steps: [
        {
          id: "each",
          uses: "for_each",
          with: { items: { range: { start: 0, end: ITEMS } }, concurrency: 200 },
          steps: [work("one", "echo", { with: { value: "${{ item }}" } })],
        },
        { id: "hold", uses: "wait.signal", with: { name: "go" } },
      ],
      output: "${{ steps.each.output.succeeded }}",
    }),
  );
  expect(run.status).toBe("waiting");
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBeGreaterThan(10);
  // Each one but the last is paid for by as much journal after it.
  expect(total - (sizes.at(-1) ?? 0)).toBeLessThanOrEqual(journal);
  expect(total).toBeLessThan(2 * journal);

  expect(Math.max(...sizes)).toBeLessThan(journal / 4);
  // The settled loop is small again, and another process goes on from it.
  await bench.crash();
  await driven(bench.clock, bench.engine.signal(context, run.id, { name: "go" }));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: ITEMS });
  expect(bench.attempts.length).toBe(ITEMS);
});
