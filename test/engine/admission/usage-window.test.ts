/** What an hour has used, against a plain sum; when it has some left again, to the millisecond. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  UsageMinutes,
  UsageWindow,
  WINDOW_KINDS,
  type WindowKind,
} from "#engine/admission/usage-window.ts";
import { MINUTE_MS, minuteOf } from "#ports/usage.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1, 12, 0, 30);
const hourly = WINDOW_KINDS.find(({ kind }) => kind === "stepsPerHour") as WindowKind;
const steps = (count: number) => ({ steps: count, attemptMs: 0, cpuMs: 0 });

test("a window counts every minute that is partly in it, and says when it has some left", () => {
  let waits = 0;
  const change = fc.record({
    isOthers: fc.boolean(),
    count: fc.integer({ min: 0, max: 5 }),
    backMs: fc.integer({ min: 0, max: 90_000 }),
    afterMs: fc.integer({ min: 0, max: 20 * MINUTE_MS }),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      let nowMs = START_MS;
      const minutes = new UsageMinutes();
      const limit = 10;
      const window = new UsageWindow(hourly, { subject: "w", limit, minutes }, () => nowMs);
      const own = new Map<number, number>();
      const others = new Map<number, number>();
      const sum = () => {
        let all = 0;
        for (const counts of [own, others])
          for (const [minuteMs, count] of counts)
            if (minuteMs + MINUTE_MS > nowMs - HOUR_MS) all += count;
        return all;
      };
      for (const { isOthers, count, backMs, afterMs } of changes) {
        const minuteMs = minuteOf(nowMs - backMs);
        if (isOthers) {
          others.set(minuteMs, count);
          minutes.setOthers(minuteMs, steps(count));
        } else {
          own.set(minuteMs, (own.get(minuteMs) ?? 0) + count);
          minutes.add(minuteMs, steps(count));
        }
        expect(window.used()).toBe(sum());
        const forMs = window.usedUpForMs();
        expect(forMs > 0).toBe(sum() >= limit);
        if (forMs > 0) {
          waits++;
          const wasMs = nowMs;
          nowMs = wasMs + forMs - 1;
          expect(window.usedUpForMs()).toBe(1);
          nowMs = wasMs + forMs;
          expect(window.usedUpForMs()).toBe(0);
          nowMs = wasMs;
        }
        nowMs += afterMs;
        expect(window.used()).toBe(sum());
      }
    }),
    { numRuns: 200 },
  );
  expect(waits).toBeGreaterThan(50);
});

test("minutes of before yesterday are forgotten", () => {
  const minutes = new UsageMinutes();
  for (let hour = 0; hour < 60; hour++) minutes.add(START_MS + hour * HOUR_MS, steps(1));
  expect([...minutes.from(0)].length).toBeLessThanOrEqual(27);
});
