/** The event loop's delay: two askers, one timer, and few ticks where nothing runs. */
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { loopDelay, systemLoopDelay } from "../../src/system/loop-delay.ts";

/** Time that moves when it is told to; what is due is called `lateMs` after it should be. */
function timer() {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly callback: () => void } | null = null;
  const clock = {
    monotonicMs: () => nowMs,
    after(delayMs: number, callback: () => void) {
      due = { atMs: nowMs + delayMs, callback };
      return () => {
        due = null;
      };
    },
  };
  return {
    clock,
    /** Answers how many ticks there were. */
    run(forMs: number, lateMs = 0) {
      const untilMs = nowMs + forMs;
      let ticks = 0;
      while (due !== null && due.atMs + lateMs <= untilMs) {
        const { atMs, callback } = due;
        nowMs = atMs + lateMs;
        callback();
        ticks++;
      }
      nowMs = untilMs;
      return ticks;
    },
  };
}

test("each asker has a window of its own", () => {
  const { clock, run } = timer();
  const delay = loopDelay(clock);
  run(1_000, 5);
  run(200, 150);
  expect(delay.read()).toBeCloseTo(150, 0);
  run(100);
  expect(delay.read()).toBeLessThan(0.001);
  const { max, p50, last, min } = delay.figures();
  expect(max).toBeCloseTo(0.15, 3);
  expect(p50).toBeCloseTo(0.005, 3);
  expect([last, min].map((seconds) => seconds < 1e-6)).toEqual([true, true]);
  // Nothing was measured since: what was last known.
  expect(delay.figures()).toMatchObject({ max: last, p99: last });
  expect(delay.read()).toBe(0);
});

test("it ticks fifty times a second while the limit asks, and five times where nobody does", () => {
  const { clock, run } = timer();
  const delay = loopDelay(clock);
  for (let second = 0; second < 10; second++) {
    expect(run(1_000)).toBe(50);
    delay.read();
  }
  run(6_000);
  expect(run(1_000)).toBe(5);
  // Who scrapes is not at work.
  delay.figures();
  expect(run(1_000)).toBe(5);
  delay.read();
  run(200);
  expect(run(1_000)).toBe(50);
  delay.close();
  expect(run(1_000)).toBe(0);
});

test("what holds up the real loop is seen by both", async () => {
  const delay = systemLoopDelay();
  const untilMs = performance.now() + 80;
  while (performance.now() < untilMs);
  // Between two of them timers are looked at.
  await setImmediate();
  await setImmediate();
  expect(delay.read()).toBeGreaterThan(40);
  expect(delay.figures().max).toBeGreaterThan(0.04);
  delay.close();
});
