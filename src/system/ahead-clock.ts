/**
 * A clock that shows another machine's time: hosts of one database agree on instants by the
 * database's clock. Only nowMs() differs; what is measured and waited for stays the machine's own.
 *
 *   A1. Until somebody adjusts it, it is the clock that it was made of, jumps and all.
 *   A2. From then on it goes on evenly: whoever sets the machine's own clock moves nothing here, so
 *       no instant comes early between two adjustments.
 */
import type { Clock } from "#ports/clock.ts";

export interface AheadClock extends Clock {
  /** From now on it shows `byMs` more than it did; negative: less. */
  adjust(byMs: number): void;
}

export function aheadClock(clock: Clock): AheadClock {
  let aheadMs = 0;
  /** What its wall showed when its monotonic time was 0; null: it was never adjusted. */
  let originMs: number | null = null;
  const evenMs = (fromMs: number) => Math.floor(fromMs + clock.monotonicMs());
  return {
    ...clock,
    nowMs: () => (originMs === null ? clock.nowMs() : evenMs(originMs)) + aheadMs,
    adjust(byMs) {
      originMs ??= clock.nowMs() - clock.monotonicMs();
      aheadMs += Math.round(byMs);
    },
  };
}
