/**
 * Starts that Redis counts, and that the database counts while Redis is away.
 *
 *   1. A window is counted by the database until nothing has been lost for as long as it is wide, and
 *      for DWELL_MS at least. So no window has more than one change of who counts, and what begins in
 *      one is at most twice the limit: one burst more.
 *   2. Where one host has lost Redis all count with the database: `tell` says so to the others, and
 *      says it again for as long as that host is without.
 *   3. Starts are told to whoever counts now, also those that the other one granted.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { RateDemand, RateGrant, RateReport, SharedRates } from "#ports/shared-rates.ts";

export const DWELL_MS = 10_000;

interface FallingOptions {
  readonly first: SharedRates;
  readonly second: SharedRates;
  readonly isReady: () => boolean;
  /** Tells the other hosts that `second` counts. */
  readonly tell: () => void;
  readonly nowMs: () => number;
}

export class FallingRates implements SharedRates {
  readonly #options: FallingOptions;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FallingOptions) {
    this.#options = options;
  }

  /** Another host has lost what counts first, or this one has. */
  lost(): void {
    this.#lostAtMs = this.#options.nowMs();
  }

  /** As lost(), and the others are told: this host is the one. */
  lostHere(): void {
    const { nowMs, tell } = this.#options;
    this.lost();
    if (nowMs() - this.#toldAtMs < DWELL_MS / 2) return;
    this.#toldAtMs = nowMs();
    tell();
  }

  async take(
    demands: readonly RateDemand[],
    reports: readonly RateReport[],
  ): Promise<readonly RateGrant[]> {
    const { first, second, isReady } = this.#options;
    if (!isReady()) this.lostHere();
    const low = split({ demands, reports }, ({ perMs }) => this.#isFallen(perMs));
    const high = split({ demands, reports }, ({ perMs }) => !this.#isFallen(perMs));
    const grants = new Map<RateDemand, RateGrant>();
    await Promise.all([
      takeOf(second, low, grants),
      takeOf(first, high, grants).catch(async (error: unknown) => {
        if (!(error instanceof LockstitchError && error.code === "store_unavailable")) throw error;
        this.lostHere();
        // What the first one has done of it is not known: tokens of it are lost, no start is.
        await takeOf(second, high, grants);
      }),
    ]);
    return demands.map((demand) => grants.get(demand) ?? { granted: 0, retryAfterMs: null });
  }

  #isFallen(perMs: number): boolean {
    return this.#options.nowMs() < this.#lostAtMs + Math.max(DWELL_MS, perMs);
  }
}

interface Call {
  readonly demands: readonly RateDemand[];
  readonly reports: readonly RateReport[];
}

function split(
  { demands, reports }: Call,
  isOf: (rate: { readonly perMs: number }) => boolean,
): Call {
  return { demands: demands.filter(isOf), reports: reports.filter(isOf) };
}

async function takeOf(
  rates: SharedRates,
  { demands, reports }: Call,
  into: Map<RateDemand, RateGrant>,
): Promise<void> {
  if (demands.length + reports.length === 0) return;
  const grants = await rates.take(demands, reports);
  for (const [at, grant] of grants.entries()) {
    const demand = demands[at];
    if (demand !== undefined) into.set(demand, grant);
  }
}
