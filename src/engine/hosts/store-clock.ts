/**
 * What the store's clock is ahead of this host's, from one question and its answer. The answer was
 * true at some instant between the two, and nobody knows at which: a question that took long (a host
 * that slept, a busy network) says no more than that the store's clock is within that time.
 *
 * All in milliseconds; `ownMs` is when the answer came.
 */

/** A question that was answered sooner is halved; of a longer one only the bounds count. */
const SURE_MS = 1_000;

export function storeClockAheadMs(heard: {
  readonly storeMs: number;
  readonly tookMs: number;
  readonly ownMs: number;
}): number {
  const { storeMs, tookMs, ownMs } = heard;
  if (tookMs <= SURE_MS) return storeMs + tookMs / 2 - ownMs;
  if (ownMs < storeMs) return storeMs - ownMs;
  return Math.min(0, storeMs + tookMs - ownMs);
}
