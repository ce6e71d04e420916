/** The shapes of load: as fast as possible with so many at once, so much or so long, and so many a second. Times in ms. */
import { setTimeout as delay } from "node:timers/promises";

/** Calls `work` `count` times, `atOnce` of them at any time; answers the seconds it took. */
export async function saturate(
  work: () => Promise<void>,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
): Promise<number> {
  let left = count;
  const startedMs = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return (performance.now() - startedMs) / 1_000;
}

/** As saturate, but until `count` calls have ended and `forMs` are over; answers the calls a second. */
export async function sustain(
  work: () => Promise<void>,
  load: { readonly count: number; readonly forMs: number; readonly atOnce: number },
): Promise<number> {
  let begun = 0;
  const startedMs = performance.now();
  const worker = async () => {
    while (begun < load.count || performance.now() - startedMs < load.forMs) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, worker));
  return (begun * 1_000) / (performance.now() - startedMs);
}

/**
 * Calls `work` `count` times at a steady rate, whether or not earlier calls have answered; answers
 * the latency of each, from its due time where the sender itself was late.
 */
export async function pace(
  work: () => Promise<void>,
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
): Promise<readonly number[]> {
  const startedMs = performance.now();
  const calls: Promise<number>[] = [];
  for (let index = 0; index < count; index += 1) {
    const dueMs = startedMs + (index * 1_000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    // A timer of Node fires up to a millisecond late: that is the sender's, not the subject's.
    const sentMs = performance.now() - dueMs < 2 ? performance.now() : dueMs;
    calls.push(work().then(() => performance.now() - sentMs));
  }
  return await Promise.all(calls);
}
