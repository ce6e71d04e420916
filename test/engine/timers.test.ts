/** timers.ts, T1 to T3, on a clock that tests move. */
import { expect, test } from "vitest";
import { Timers } from "#engine/embedded/timers.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function withTimers(startAtMs = 0) {
  const clock = new SimulatedClock(startAtMs);
  const fired: string[] = [];
  const timers = new Timers(clock, (runId, key) => fired.push(`${runId}/${key}@${clock.nowMs()}`));
  return { clock, fired, timers };
}

test("timers fire in order of their instants, one wake armed for all", async () => {
  const { clock, fired, timers } = withTimers();
  timers.set("r", "late", 30);
  timers.set("r", "early", 10);
  timers.set("q", "middle", 20);
  expect(clock.armed).toBe(1);
  await clock.advanceBy(25);
  expect(fired).toEqual(["r/early@10", "q/middle@20"]);
  await clock.advanceBy(25);
  expect(fired).toHaveLength(3);
  expect([timers.size, clock.armed]).toEqual([0, 0]);
});

test("setting again moves a timer, clearing stops it, a run can be cleared as a whole", async () => {
  const { clock, fired, timers } = withTimers();
  timers.set("r", "moved", 10);
  timers.set("r", "moved", 40);
  timers.set("r", "cleared", 10);
  timers.clear("r", "cleared");
  timers.clear("r", "never set");
  timers.set("gone", "a", 15);
  timers.set("gone", "b", 15);
  timers.clearRun("gone");
  await clock.advanceBy(39);
  expect(fired).toEqual([]);
  await clock.advanceBy(1);
  expect(fired).toEqual(["r/moved@40"]);
});

test("days ahead is armed a minute at a time, and fires at its instant", async () => {
  const { clock, fired, timers } = withTimers();
  timers.set("r", "t", 50 * HOUR_MS + 5);
  expect(clock.nextDueAtMs).toBe(MINUTE_MS);
  await clock.advanceBy(50 * HOUR_MS + 4);
  expect(fired).toEqual([]);
  await clock.advanceBy(1);
  expect(fired).toEqual([`r/t@${50 * HOUR_MS + 5}`]);
});

test("after a jump back nothing fires early; after a jump ahead it fires within the minute", async () => {
  const back = withTimers(1_000_000);
  back.timers.set("r", "t", 1_000_010);
  back.clock.jumpWallClock(-500_000);
  await back.clock.advanceBy(10);
  expect(back.fired).toEqual([]);
  await back.clock.advanceBy(500_000);
  expect(back.fired).toEqual(["r/t@1000010"]);

  const ahead = withTimers(0);
  ahead.timers.set("r", "t", 10 * HOUR_MS);
  ahead.clock.jumpWallClock(20 * HOUR_MS);
  await ahead.clock.advanceBy(MINUTE_MS);
  expect(ahead.fired).toEqual([`r/t@${20 * HOUR_MS + MINUTE_MS}`]);
});

test("many cleared timers leave memory, and the others still fire", async () => {
  const { clock, fired, timers } = withTimers();
  for (let i = 0; i < 5_000; i++) timers.set("r", `t${i}`, 1_000 + i);
  for (let i = 0; i < 5_000; i++) if (i % 100 !== 0) timers.clear("r", `t${i}`);
  expect(timers.size).toBe(50);
  await clock.runUntilIdle();
  expect(fired).toHaveLength(50);
  timers.set("r", "after close", clock.nowMs() + 1);
  timers.close();
  await clock.advanceBy(10);
  expect(fired).toHaveLength(50);
});
