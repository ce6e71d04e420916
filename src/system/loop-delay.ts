/**
 * How late the event loop of this process answers, for all who ask: a timer says when it should have
 * been called, and when it was. One timer for the adaptive limit and the metrics, as each of its
 * ticks wakes the process.
 *
 *   1. Each asker has a window of its own, since its last question: none takes from another.
 *   2. The limit asks while attempts end. Once it has not asked for REST_AFTER_MS nothing runs here,
 *      and the timer ticks ten times as rarely. What holds the loop up is found late all the same.
 */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { LoopFigures } from "#ports/loop-figures.ts";

const TICK_MS = 20;
const REST_TICK_MS = 200;
const REST_AFTER_MS = 5_000;

export interface LoopDelay {
  /** The 99th percentile since the last call, in ms; for the adaptive limit. */
  read(): number;
  /** Since the last call, in seconds; for the metrics. */
  figures(): LoopFigures;
  close(): void;
}

export interface LoopClock {
  monotonicMs(): number;
  /** Calls back once after `delayMs`, without keeping the process alive; answers how to call it off. */
  after(delayMs: number, callback: () => void): () => void;
}

export function systemLoopDelay(): LoopDelay {
  return loopDelay({
    monotonicMs: () => performance.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs).unref();
      return () => clearTimeout(timer);
    },
  });
}

export function loopDelay(clock: LoopClock): LoopDelay {
  const limit = createHistogram();
  const metrics = createHistogram();
  let last = 0;
  let askedAtMs = clock.monotonicMs();
  let cancel = () => {};
  const tick = (beganMs: number) => {
    const delayMs = beganMs - askedAtMs > REST_AFTER_MS ? REST_TICK_MS : TICK_MS;
    cancel = clock.after(delayMs, () => {
      const nowMs = clock.monotonicMs();
      // A histogram counts from 1 on.
      last = Math.max(1, Math.round((nowMs - beganMs - delayMs) * 1e6));
      limit.record(last);
      metrics.record(last);
      tick(nowMs);
    });
  };
  tick(askedAtMs);
  return {
    read() {
      askedAtMs = clock.monotonicMs();
      const delayMs = limit.count === 0 ? 0 : limit.percentile(99) / 1e6;
      limit.reset();
      return delayMs;
    },
    figures() {
      const figures = figuresOf(metrics, last);
      metrics.reset();
      return figures;
    },
    close: () => cancel(),
  };
}

function figuresOf(histogram: RecordableHistogram, last: number): LoopFigures {
  if (histogram.count === 0) {
    const now = last / 1e9;
    return { last: now, min: now, max: now, mean: now, stddev: 0, p50: now, p90: now, p99: now };
  }
  return {
    last: last / 1e9,
    min: histogram.min / 1e9,
    max: histogram.max / 1e9,
    mean: histogram.mean / 1e9,
    stddev: histogram.stddev / 1e9,
    p50: histogram.percentile(50) / 1e9,
    p90: histogram.percentile(90) / 1e9,
    p99: histogram.percentile(99) / 1e9,
  };
}
