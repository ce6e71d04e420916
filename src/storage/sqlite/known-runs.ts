/**
 * What the writer knows of the runs that it wrote lately, so that a turn of a running run reads
 * nothing: its number, its last event and what its row says.
 *
 *   1. It says what the open transaction sees: only the writer changes rows of runs, and whoever
 *      rolls back, or changes such rows by other means than appendGroup(), calls clear().
 *   2. At most RUNS_MAX are kept; a run that has ended is not.
 */

/** A run as the writer left it. `status` is the column's number. */
export interface KnownRun {
  readonly number: number;
  seq: number;
  status: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  errorCode: string | null;
}

/** Some 200 bytes each. */
const RUNS_MAX = 20_000;

export class KnownRuns {
  readonly #tenants = new Map<string, Map<string, KnownRun>>();
  #size = 0;

  find(tenant: string, runId: string): KnownRun | undefined {
    return this.#tenants.get(tenant)?.get(runId);
  }

  remember(tenant: string, runId: string, run: KnownRun): void {
    // All at once, which is rare, rather than an order of use that each turn would have to keep.
    if (this.#size >= RUNS_MAX) this.clear();
    let runs = this.#tenants.get(tenant);
    if (runs === undefined) {
      runs = new Map();
      this.#tenants.set(tenant, runs);
    }
    if (!runs.has(runId)) this.#size += 1;
    runs.set(runId, run);
  }

  forget(tenant: string, runId: string): void {
    const runs = this.#tenants.get(tenant);
    if (runs?.delete(runId) !== true) return;
    this.#size -= 1;
    if (runs.size === 0) this.#tenants.delete(tenant);
  }

  clear(): void {
    this.#tenants.clear();
    this.#size = 0;
  }
}
