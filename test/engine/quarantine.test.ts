/**
 * A step that ends its host whenever it runs fails with `host_lost`; whatever runs beside it does
 * not, and one crash makes nobody wait.
 */
import { expect, test } from "vitest";
import { type Bench, context, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const INNOCENTS = 20;
const PATIENCE_MS = 3_600_000;

const poison = workflow("poison", { steps: [work("eats", "poison")] });
const innocent = workflow("innocent", { steps: [work("long", "slow")] });

/** Plays until all runs have ended; the host dies a moment after each attempt of the poison. */
async function play(): Promise<{
  readonly bench: Bench;
  readonly crashes: number;
  /** Attempts that ran at the same time after each crash, the poison among them. */
  readonly afterCrash: readonly number[];
  readonly explained: readonly string[];
}> {
  let mustCrash = false;
  const slow: Work = () =>
    new Promise((resolve) => void bench.clock.after(30_000, () => resolve(null)));
  const bench: Bench = await openBench({
    work: {
      slow,
      poison: () => {
        mustCrash = true;
        return new Promise(() => {});
      },
    },
  });
  const ids = ["poison"];
  for (let at = 0; at < INNOCENTS; at++) ids.push(`innocent-${at}`);
  for (const id of ids)
    await bench.engine.start(context, { workflow: id === "poison" ? poison : innocent, id });
  const afterCrash: number[] = [];
  const explained: string[] = [];
  let crashes = 0;
  for (let passed = 0; passed < PATIENCE_MS; passed += 1_000) {
    await bench.clock.advanceBy(1_000);
    if (mustCrash) {
      mustCrash = false;
      crashes++;
      const before = bench.attempts.length;
      await bench.crash();
      await bench.clock.settle();
      afterCrash.push(bench.attempts.length - before);
      for (const id of ids) {
        const { waits } = await bench.engine.explain(context, id);
        for (const { text } of waits) if (text.includes("alone")) explained.push(text);
      }
    }
    if (bench.engine.stats().openRuns === 0) break;
  }
  return { bench, crashes, afterCrash, explained };
}

test("only the step that ends its host is failed, after three losses; one loss makes nobody wait", async () => {
  const { bench, crashes, afterCrash, explained } = await play();
  await using _ = bench;
  expect(crashes).toBe(3);
  expect(await bench.engine.get(context, "poison")).toMatchObject({
    status: "failed",
    error: { code: "host_lost" },
  });
  for (let at = 0; at < INNOCENTS; at++)
    expect(await bench.engine.get(context, `innocent-${at}`)).toMatchObject({
      status: "succeeded",
    });
  // All together after the first crash; one at a time after the second; the others go on after it.
  expect(afterCrash).toEqual([INNOCENTS + 1, 1, 1]);
  expect(explained).toContain(
    `"long" (attempt 3) waits to run alone among attempts that their host did not survive twice in a row, 3 ahead`,
  );
  const events = await bench.engine.events(context, "innocent-7", 0, 100);
  const admitted = events.filter(({ event }) => event["type"] === "slot.granted");
  expect(admitted.map(({ event }) => event)).toMatchObject([
    { gates: [{ gate: "quarantine", key: "lost with their host" }] },
  ]);
});
