/** A run that rests keeps its state and nothing of the turn before: what was large then is let go. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

test("runs that wait hold no values of their last turn", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  // Nothing is kept by the cache either.
  await using bench = await openBench({ limits: { cacheSizeMax: 1 } });
  const definition = workflow("waits", {
    steps: [{ id: "gate", uses: "wait.signal", with: { name: "go" } }],
  });
  await driven(bench.clock, bench.engine.saveWorkflow(context, definition));
  const start = async (id: string) => {
    // As objects, whose text the store keeps outside of the heap.
    const input = { rows: Array.from({ length: 20_000 }, (_, index) => ({ index })) };
    await driven(bench.clock, bench.engine.start(context, { workflow: "waits", id, input }));
  };
  await start("first");
  const before = held();
  for (let index = 0; index < 30; index++) await start(`run-${index}`);
  await bench.clock.runUntilIdle();
  const grownBy = (held() - before) / 30;
  expect(bench.engine.stats().openRuns).toBe(31);
  // One input takes some 700 KB.
  expect(grownBy).toBeLessThan(200_000);
});
