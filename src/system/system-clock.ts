/**
 * The machine's own clock: the adapter of the Clock port that production runs on. Only src/main.ts
 * names it; everything else is handed a Clock, so that a simulation can own the time.
 */
import type { Clock } from "#ports/clock.ts";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.max(0, delayMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
