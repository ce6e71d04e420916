/**
 * What one tenant may start: open runs, and starts in a minute. Decided before a run exists, so a
 * refused start leaves nothing behind. Children of a run count, and are never refused: their parent
 * was let in. Starts in a minute are counted in memory: a restart begins a new minute.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { AdmissionOptions } from "./operator-limits.ts";

const MINUTE_MS = 60_000;

export class Quotas {
  readonly #options: AdmissionOptions;
  readonly #clock: Clock;
  /** Of all tenants, durable. */
  openRuns = 0;
  /** Open runs by tenant, and starts that are not durable yet. */
  readonly #open = new Map<string, number>();
  readonly #starts = new Map<string, number[]>();

  constructor(options: AdmissionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** A start by a caller; what it answers is called when the start has come to an end. Throws quota_exceeded. */
  begin(tenant: string): () => void {
    const { tenantOpenRunsMax: openMax, tenantStartsPerMinuteMax: startsMax } = this.#options;
    if (openMax === null && startsMax === null) return NOTHING;
    const open = this.#open.get(tenant) ?? 0;
    if (openMax !== null && open >= openMax)
      throw exceeded(`Tenant ${tenant} has ${open} open runs; it may have ${openMax}`, 1_000);
    if (startsMax !== null) this.#countStart(tenant, startsMax);
    this.#add(tenant, 1);
    return () => this.#add(tenant, -1);
  }

  /** A run has become durable (1), or has ended (-1). */
  count(tenant: string, change: 1 | -1): void {
    this.openRuns += change;
    this.#add(tenant, change);
  }

  /** Runs that were open at the start, those included that this engine leaves alone. */
  found(runs: readonly { readonly tenant: string }[], openRuns: number): void {
    this.openRuns += openRuns;
    for (const { tenant } of runs) this.#add(tenant, 1);
  }

  #add(tenant: string, change: 1 | -1): void {
    if (this.#options.tenantOpenRunsMax === null) return;
    const open = (this.#open.get(tenant) ?? 0) + change;
    if (open > 0) this.#open.set(tenant, open);
    else this.#open.delete(tenant);
  }

  #countStart(tenant: string, max: number): void {
    const nowMs = this.#clock.monotonicMs();
    const starts = (this.#starts.get(tenant) ?? []).filter((atMs) => atMs > nowMs - MINUTE_MS);
    const [first = nowMs] = starts;
    if (starts.length >= max)
      throw exceeded(
        `Tenant ${tenant} has started ${starts.length} runs in a minute; it may start ${max}`,
        first + MINUTE_MS - nowMs,
      );
    starts.push(nowMs);
    this.#starts.set(tenant, starts);
  }
}

const NOTHING = () => {};

function exceeded(what: string, retryAfterMs: number): LockstitchError {
  return new LockstitchError("quota_exceeded", `${what}. Wait, or ask the operator for more.`, {
    details: { retryAfterS: Math.ceil(retryAfterMs / 1_000) },
  });
}
