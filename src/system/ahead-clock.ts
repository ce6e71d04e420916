/**
 * A clock that shows another machine's time: hosts of one database agree on instants by the
 * database's clock. Only nowMs() differs; what is measured and waited for stays the machine's own.
 */
import type { Clock } from "#ports/clock.ts";

export interface AheadClock extends Clock {
  /** From now on it shows `byMs` more than it did; negative: less. */
  adjust(byMs: number): void;
}

export function aheadClock(clock: Clock): AheadClock {
  let aheadMs = 0;
  return {
    ...clock,
    nowMs: () => clock.nowMs() + aheadMs,
    adjust(byMs) {
      aheadMs += Math.round(byMs);
    },
  };
}
