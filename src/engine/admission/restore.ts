/**
 * What admission knew before the process ended: starts that still count, and breakers that are not
 * plainly closed. Brought back before anything is granted.
 */
import type { Clock } from "#ports/clock.ts";
import type { AdmissionState } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import { BreakerMeter, quietMsOf } from "./breaker-meter.ts";
import { RateMeter } from "./rate-meter.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * A start is stored with the instant of its turn; the attempt began once that was committed. After
 * a restart it counts from up to this much later, so that a slow commit never lets one too many pass.
 */
const COMMIT_LAG_MS = 60_000;

/** Reads what the store has, and gives it to the scheduler. Throws what the store throws. */
export async function loadAdmission(
  scheduler: Scheduler,
  { store, clock }: { readonly store: Pick<Store, "journal">; readonly clock: Clock },
): Promise<void> {
  const state = await store.journal.admission(clock.nowMs() - COMMIT_LAG_MS);
  const now = { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  restoreAdmission(scheduler, state, now);
}

function restoreAdmission(
  scheduler: Scheduler,
  { starts, breakers }: AdmissionState,
  now: ClockInstant,
): void {
  const byName = new Map<string, { instants: number[]; perMs: number }>();
  for (const { name, atMs, perMs } of starts) {
    const known = byName.get(name) ?? { instants: [], perMs: 0 };
    known.instants.push(monotonicOf(atMs + COMMIT_LAG_MS, now));
    known.perMs = Math.max(known.perMs, perMs);
    byName.set(name, known);
  }
  for (const [name, { instants, perMs }] of byName) {
    const meter = scheduler.meterOf({ kind: "rate_limit", name, key: name, limit: 1, perMs });
    if (meter instanceof RateMeter) meter.restore(instants, perMs);
  }
  for (const breaker of breakers) restoreBreaker(scheduler, breaker, now);
}

/** The two clocks at one instant. */
export interface ClockInstant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Makes the breaker as the store has it; its meter. */
export function restoreBreaker(
  scheduler: Scheduler,
  { name, failures, openedAtMs, resetAfterMs, untilMs }: AdmissionState["breakers"][number],
  now: ClockInstant,
): BreakerMeter | null {
  const gate = { key: name, failureThreshold: failures, resetAfterMs };
  const meter = scheduler.meterOf({ kind: "circuit_breaker", name, ...gate });
  if (!(meter instanceof BreakerMeter)) return null;
  const openedAt = openedAtMs === null ? null : monotonicOf(openedAtMs, now);
  // No longer than a failure of this instant would stand.
  const leftMs = Math.min(untilMs - now.wallMs, quietMsOf(resetAfterMs));
  const until = now.monotonicMs + leftMs;
  meter.restore({ failures, openedAtMs: openedAt, resetAfterMs, untilMs: until });
  return meter;
}

/** Instants ahead of the clock (it went back) count as now: nothing freezes. */
function monotonicOf(atMs: number, { wallMs, monotonicMs }: ClockInstant): number {
  return monotonicMs - Math.max(0, wallMs - atMs);
}
