/**
 * The machine's own clock: the adapter of the Clock port that production runs on. Only src/main.ts
 * names it; everything else is handed a Clock, so that a simulation can own the time.
 */
import type { Clock } from "#ports/clock.ts";

/** Node wakes at once for anything beyond 24.8 days; who waits longer arms again. */
const DELAY_MS_MAX = 3_600_000;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  cpuMs() {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.min(Math.max(0, delayMs), DELAY_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
