/**
 * How long this host may act for its runs. The lease is counted on the machine's own monotonic clock
 * from the instant at which the renewal was *sent*: whatever the store's clock says, it cannot run
 * out there before it does here.
 *
 *   N1. Past the lease less a margin nothing is begun and what runs is told to stop (`onLapse`),
 *       before anybody else may take the runs.
 *   N2. A process that slept through the end of its lease finds out by holds(), which looks at the clock:
 *       its timer is as late as everything else. Who finds out in time was not held up by what it does.
 */
import type { Clock } from "#ports/clock.ts";

/** Of the lease: what a node needs to stop. */
const MARGIN = 0.2;
/** Of the lease: how much later than at its end a process that is at work may notice. */
const LATE = 0.1;

interface LeaseOptions {
  readonly clock: Clock;
  readonly leaseMs: number;
  /** `isLate`: the process was asleep or held up when it should have found out (N2). */
  onLapse(isLate: boolean): void;
}

export class Lease {
  readonly #options: LeaseOptions;
  #endsMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;
  hasLapsed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** The renewal that was sent then has succeeded. */
  renewed(sentAtMs: number): void {
    const { leaseMs } = this.#options;
    this.#endsMs = Math.max(this.#endsMs, sentAtMs + leaseMs * (1 - MARGIN));
    this.#arm();
  }

  /** Until nothing may be begun any more. */
  get leftMs(): number {
    return Math.max(0, this.#endsMs - this.#options.clock.monotonicMs());
  }

  /** Whether it may act now; onLapse() has been called where not. */
  holds(): boolean {
    if (!this.hasLapsed && this.#options.clock.monotonicMs() >= this.#endsMs) this.#arm();
    return !this.hasLapsed;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#endsMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const { clock, leaseMs } = this.#options;
    this.#cancel?.();
    const leftMs = this.#endsMs - clock.monotonicMs();
    this.hasLapsed = leftMs <= 0;
    if (this.hasLapsed) return this.#options.onLapse(-leftMs > leaseMs * LATE);
    this.#cancel = clock.after(leftMs, () => this.#arm());
  }
}
