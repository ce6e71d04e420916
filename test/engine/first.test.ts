import { expect, test } from "vitest";
import { openBench, work, workflow } from "./engine-fixture.ts";

test("two steps in a row", async () => {
  await using bench = await openBench({
    work: { a: async () => ({ n: 1 }), b: async ({ config }) => (config as { n: number }).n + 1 },
  });
  const run = await bench.run(
    workflow("two", {
      steps: [work("a", "a"), work("b", "b", { with: { n: "${{ steps.a.output.n }}" } })],
      output: "${{ steps.b.output }}",
    }),
  );
  expect(bench.logs).toEqual([]);
  expect(run).toMatchObject({ status: "succeeded", output: 2 });
});
