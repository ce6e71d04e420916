import { expect, test } from "vitest";
import { systemClock } from "#system/system-clock.ts";
import { systemRandom } from "#system/system-random.ts";

test("after wakes once, not before its time, and can be cancelled", async () => {
  const startedMs = systemClock.monotonicMs();
  const cancelled: string[] = [];
  const cancel = systemClock.after(1, () => cancelled.push("woken"));
  cancel();
  // The timer is unref'd; the test runner keeps the process alive meanwhile.
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  // Timers of Node round down by up to a millisecond.
  expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(4);
  expect(cancelled).toEqual([]);
});

test("a wait of a month does not wake at once", async () => {
  let woken = 0;
  const cancel = systemClock.after(30 * 86_400_000, () => woken++);
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  cancel();
  expect(woken).toBe(0);
});

test("now is the machine's time, chance lies in [0, 1)", () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1000);
  for (let draw = 0; draw < 100; draw++) {
    const value = systemRandom.next();
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
  }
});
