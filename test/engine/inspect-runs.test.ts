/** What doctor reads of open runs: a checkpoint is not blamed for what no journal tells. */
import { expect, test } from "vitest";
import { inspectRuns } from "#engine/embedded/inspect-runs.ts";
import { context, nodes, workflow } from "./engine-fixture.ts";
import { openSqliteBench, until } from "./sqlite-fixture.ts";

test("a checkpoint taken while a step is computed says what its journal says", async () => {
  await using bench = await openSqliteBench();
  let computing = 0;
  const compute = () => {
    computing++;
    return new Promise<never>(() => {});
  };
  const { engine, store } = await bench.open({ computer: { compute, close: async () => {} } });
  const set = (id: string, value: unknown) => ({
    id,
    uses: "data.set",
    needs: [],
    with: { value },
  });
  const definition = workflow("computes", {
    steps: [set("large", "${{ input.text }}"), set("one", 1), set("two", 2)],
  });
  const input = { text: "x".repeat(100_000) };
  await engine.start(context, { workflow: definition, id: "r", input });
  await until("the step is computed", () => computing === 1);
  await engine.care.checkpoint(context, "r", { pin: true });
  const found = await inspectRuns(store, nodes, { nowMs: 0, isDeep: true });
  expect(found).toMatchObject({ open: 1, unreadable: [], checkpoints: [] });
});
