/** Engine.wait on simulated time. */
import { expect, test } from "vitest";
import { context, driven, openBench, workflow } from "./engine-fixture.ts";

const HOUR_MS = 3_600_000;
const nap = workflow("nap", {
  steps: [{ id: "nap", uses: "wait.for", with: { duration: "5h" } }],
});

test("wait lasts as long as it says, beyond the hour that a clock is armed ahead", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const { run } = await driven(clock, engine.start(context, { workflow: nap }));
  let answered = 0;
  const waits = [2.5 * HOUR_MS, 9 * HOUR_MS, Number.POSITIVE_INFINITY].map(async (timeoutMs) => {
    const view = await engine.wait(context, run.id, timeoutMs);
    answered++;
    return view.status;
  });
  await clock.settle();
  await clock.advanceBy(2 * HOUR_MS);
  expect(answered).toBe(0);
  await clock.advanceBy(HOUR_MS / 2);
  expect(answered).toBe(1);
  await clock.advanceBy(3 * HOUR_MS);
  expect(await Promise.all(waits)).toEqual(["waiting", "succeeded", "succeeded"]);
});

test("wait ends early when its signal aborts or the engine closes", async () => {
  await using bench = await openBench();
  const { clock, engine } = bench;
  const { run } = await driven(clock, engine.start(context, { workflow: nap }));
  const controller = new AbortController();
  const aborted = engine.wait(context, run.id, HOUR_MS, controller.signal);
  const closed = engine.wait(context, run.id, Number.POSITIVE_INFINITY);
  await clock.settle();
  controller.abort();
  expect(await driven(clock, aborted)).toMatchObject({ status: "waiting" });
  await driven(clock, engine.close(0));
  expect(await driven(clock, closed)).toMatchObject({ status: "waiting" });
});
