/** Limits under control: pauses, cancels, deadlines and operators while steps wait at a gate. */
import { expect, test } from "vitest";
import { context, driven, openBench, type Work, work, workflow } from "../engine-fixture.ts";

const unavailable: Work = async () => {
  throw Object.assign(new Error("down"), { code: "http.503", retryable: true });
};
const forever: Work = () => new Promise(() => {});
const GUARD = { circuitBreaker: { key: "'side'", failureThreshold: 2, resetAfter: "10s" } };

/** Work that records who calls, and a way to start runs of one step. */
async function oneStep(table: Record<string, Work>, more: Parameters<typeof openBench>[0] = {}) {
  const calls: string[] = [];
  const recorded = Object.entries(table).map(([name, does]): [string, Work] => [
    name,
    (request, signal) => {
      calls.push(request.runId);
      return does(request, signal);
    },
  ]);
  const bench = await openBench({ ...more, work: Object.fromEntries(recorded) });
  const start = async (id: string, does: string, policies: Record<string, unknown> = {}) => {
    const definition = workflow(`w-${id}`, { steps: [work("a", does, policies)] });
    await driven(bench.clock, bench.engine.start(context, { workflow: definition, id }));
    await bench.clock.settle();
  };
  const status = async (id: string) =>
    (await driven(bench.clock, bench.engine.get(context, id)))?.status;
  return { bench, calls, start, status, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

test("a step that an operator completes says nothing about the other side", async () => {
  await using made = await oneStep({ unavailable, forever });
  const { bench, calls, start } = made;
  await start("f1", "unavailable", GUARD);
  await start("hangs", "forever", GUARD);
  const { clock, engine } = bench;
  await driven(clock, engine.resolveStep(context, "hangs", "a", { action: "complete", output: 1 }));
  await start("f2", "unavailable", GUARD);
  await start("waits", "unavailable", GUARD);
  expect(calls).toEqual(["f1", "hangs", "f2"]);
});

test("a grant that a pause has overtaken starts nothing", async () => {
  const ends: (() => void)[] = [];
  let running = 0;
  let top = 0;
  const held: Work = async () => {
    top = Math.max(top, ++running);
    await new Promise<void>((resolve) => void ends.push(resolve));
    running--;
  };
  await using made = await oneStep(
    { held },
    { limits: { attemptsMax: 1 }, faults: { onCommit: () => ({ kind: "none", delayMs: 40 }) } },
  );
  const { bench, calls, start } = made;
  const { clock, engine } = bench;
  for (const id of ["a", "b", "c"]) await start(id, "held");
  await clock.advanceBy(1_000);
  // A commit is under way, so that the end of "a" and the pause of "b" are durable together.
  const busy = start("busy", "held");
  await clock.settle();
  ends[0]?.();
  await clock.settle();
  const paused = engine.pause(context, "b");
  await clock.settle();
  const resumed = engine.resume(context, "b");
  await clock.advanceBy(1_000);
  await Promise.all([busy, paused, resumed]);
  expect(top).toBe(1);
  expect(calls).toEqual(["a", "c"]);
  while (ends.length < 4) {
    ends.at(-1)?.();
    await clock.advanceBy(1_000);
  }
  expect(top).toBe(1);
  ends.at(-1)?.();
});

test("a cancelled or failed wait gives its place up, and a deadline ends a wait at an open breaker", async () => {
  await using made = await oneStep({ unavailable, forever });
  const { bench, calls, start, status } = made;
  const { clock, engine } = bench;
  for (const id of ["f1", "f2"]) await start(id, "unavailable", GUARD);
  await start("late", "forever", { ...GUARD, deadline: "5s" });
  await start("cancelled", "forever", GUARD);
  await start("paused", "forever", GUARD);
  await start("probe", "forever", GUARD);
  await start("next", "forever", GUARD);
  await driven(clock, engine.cancel(context, "cancelled"));
  await driven(clock, engine.pause(context, "paused"));
  await clock.advanceBy(6_000);
  expect(await status("late")).toBe("failed");
  expect(await status("cancelled")).toBe("cancelled");
  expect(engine.stats().admission).toMatchObject({
    waiting: { slot: 0, rate_limit: 0, circuit_breaker: 2 },
    held: { slot: 0, concurrency: 0 },
    breakers: { open: 1, probing: 0 },
  });
  const explained = await driven(clock, engine.explain(context, "next"));
  expect(explained.waits[0]?.text).toContain("1 ahead");
  await clock.advanceBy(4_100);
  expect(calls).toEqual(["f1", "f2", "probe"]);
  expect(engine.stats().admission.breakers).toEqual({ open: 0, probing: 1 });
  // The probe is cancelled: the next one goes.
  await driven(clock, engine.cancel(context, "probe"));
  await clock.advanceBy(60_000);
  expect(calls).toEqual(["f1", "f2", "probe", "next"]);
});

test("equal keys are one however they were built, and a long one is journaled as its hash", async () => {
  await using made = await oneStep({ forever });
  const { bench, calls, start } = made;
  const { clock, engine } = bench;
  const limit = { limit: 1 };
  await start("a", "forever", { concurrency: { key: "{ x: 1, y: 'b' }", ...limit } });
  await start("b", "forever", { concurrency: { key: "{ y: 'b', x: 1 }", ...limit } });
  expect(calls).toEqual(["a"]);
  expect(engine.stats().admission).toMatchObject({
    waiting: { concurrency: 1, slot: 0 },
    held: { slot: 1, concurrency: 1 },
  });
  await start("long", "forever", { concurrency: { key: "'long '.repeat(1000)", ...limit } });
  const events = await driven(clock, engine.events(context, "long", 0, 100));
  const granted = events.find(({ type }) => type === "slot.granted")?.event;
  expect(granted).toMatchObject({
    gates: [{ key: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }],
  });
});
