/** What becomes of instants, told to the meter once it is durable. */
import type { InstantOutcome, InstantReason, Meter } from "#ports/meter.ts";

/** Instants of one schedule that came to the same end. */
export interface Tally {
  readonly outcome: InstantOutcome;
  readonly reason: InstantReason;
  readonly count: number;
  /** Of one that fired: after its due time. */
  readonly lateMs?: number;
}

export function meterInstants(
  meter: Meter | undefined,
  { tenant, workflow }: { readonly tenant: string; readonly workflow: string },
  tallies: readonly Tally[],
): void {
  if (meter === undefined) return;
  for (const { outcome, reason, count, lateMs } of tallies) {
    meter.instants({ tenant, workflow, outcome, reason }, count);
    if (lateMs !== undefined) meter.late(lateMs);
  }
}
