/** The simulated clock keeps S1 to S4 of its head. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SimulatedClock } from "./simulated-clock.ts";

test("timers wake by due time, equal ones in arming order, at their own instant", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }),
      async (delays) => {
        const clock = new SimulatedClock(1_000);
        const woken: { delayMs: number; index: number }[] = [];
        for (const [index, delayMs] of delays.entries()) {
          clock.after(delayMs, () => {
            expect(clock.nowMs()).toBe(1_000 + delayMs);
            woken.push({ delayMs, index });
          });
        }
        const expected = delays
          .map((delayMs, index) => ({ delayMs, index }))
          .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index);
        expect(await clock.runUntilIdle()).toBe(delays.length);
        expect(woken).toEqual(expected);
        expect(clock.armed).toBe(0);
      },
    ),
  );
});

test("a cancelled timer never wakes, and time stands where advanceTo put it", async () => {
  const clock = new SimulatedClock(0);
  const woken: string[] = [];
  const cancel = clock.after(10, () => woken.push("cancelled"));
  clock.after(20, () => woken.push("kept"));
  clock.after(30, () => woken.push("later"));
  cancel();
  cancel();
  expect(clock.armed).toBe(2);
  await clock.advanceTo(25);
  expect(woken).toEqual(["kept"]);
  expect(clock.nowMs()).toBe(25);
  expect(clock.nextDueAtMs).toBe(30);
});

test("continuations run between two wakes, and what they arm wakes in the same advance", async () => {
  const clock = new SimulatedClock(0);
  const seen: string[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const chain = (async () => {
    await sleep(10);
    seen.push(`a${clock.nowMs()}`);
    await sleep(10);
    seen.push(`b${clock.nowMs()}`);
  })();
  clock.after(15, () => seen.push(`c${clock.nowMs()}`));
  await clock.advanceBy(20);
  await chain;
  expect(seen).toEqual(["a10", "c15", "b20"]);
});

test("a jump of the wall clock moves no timer, and a delay ends after an hour at most", async () => {
  const clock = new SimulatedClock(0);
  let wakes = 0;
  clock.after(86_400_000, () => wakes++);
  clock.jumpWallClock(-500);
  expect(clock.nowMs()).toBe(-500);
  await clock.advanceBy(3_599_999);
  expect(wakes).toBe(0);
  await clock.advanceBy(1);
  expect(wakes).toBe(1);
  expect(clock.monotonicMs()).toBe(3_600_000);
});
