/**
 * What a simulated disk knows of places for new runs (ports/start-quotas.ts), as plain data; everything
 * is atomic. A place that a run has taken stays for the minute in which it counts as a start.
 */
import type { TurnCommit } from "#ports/journal.ts";
import {
  RESERVED_MS,
  type StartDemand,
  type StartLimits,
  type StartRefusal,
} from "#ports/start-quotas.ts";

const MINUTE_MS = 60_000;

interface Place {
  readonly tenant: string;
  readonly runId: string;
  readonly workflow: string;
  readonly atMs: number;
  isTaken: boolean;
}

/** What the disk knows besides. */
export interface StartFacts {
  readonly nowMs: number;
  /** Of a tenant, and of one of its workflows where that is not null. */
  openRuns(tenant: string, workflow: string | null): number;
}

export class SimulatedStarts {
  readonly #places = new Map<string, Place>();

  /** When the place was given that the run takes, or has taken; null: there is none. */
  givenAtMs({ tenant, runId }: Pick<Place, "tenant" | "runId">): number | null {
    return this.#places.get(`${tenant}\n${runId}`)?.atMs ?? null;
  }

  reserve(demand: StartDemand, facts: StartFacts): StartRefusal | null {
    const { tenant, workflow, runId, ofTenant, ofWorkflow } = demand;
    const { nowMs } = facts;
    for (const [name, { atMs }] of this.#places)
      if (atMs <= nowMs - RESERVED_MS) this.#places.delete(name);
    const scopes = [
      ["tenant", null, ofTenant],
      ["workflow", workflow, ofWorkflow],
    ] as const;
    for (const [scope, of, { openRuns }] of scopes) {
      const used =
        facts.openRuns(tenant, of) +
        this.#placesOf(tenant, of).filter(({ isTaken }) => !isTaken).length;
      if (openRuns !== null && used >= openRuns)
        return { scope, kind: "openRuns", used, retryAfterMs: null };
    }
    for (const [scope, of, limits] of scopes) {
      const retryAfterMs = this.#startsAgainMs(this.#placesOf(tenant, of), limits, nowMs);
      if (retryAfterMs === null) continue;
      return { scope, kind: "startsPerMinute", used: limits.startsPerMinute ?? 0, retryAfterMs };
    }
    const name = `${tenant}\n${runId}`;
    if (!this.#places.has(name))
      this.#places.set(name, { tenant, runId, workflow, atMs: nowMs, isTaken: false });
    return null;
  }

  giveBack({ tenant, runId }: Pick<Place, "tenant" | "runId">): void {
    const name = `${tenant}\n${runId}`;
    if (this.#places.get(name)?.isTaken === false) this.#places.delete(name);
  }

  /** P3. */
  fits({ tenant, runId, create, isReserved }: TurnCommit): boolean {
    return create === null || isReserved !== true || this.#places.has(`${tenant}\n${runId}`);
  }

  commit({ tenant, runId, create, isReserved }: TurnCommit): void {
    if (create === null || isReserved !== true) return;
    const place = this.#places.get(`${tenant}\n${runId}`);
    if (place !== undefined) place.isTaken = true;
  }

  #placesOf(tenant: string, workflow: string | null): readonly Place[] {
    return [...this.#places.values()].filter(
      (place) => place.tenant === tenant && (workflow ?? place.workflow) === place.workflow,
    );
  }

  #startsAgainMs(
    places: readonly Place[],
    { startsPerMinute: max }: StartLimits,
    nowMs: number,
  ): number | null {
    if (max === null) return null;
    const newest = places.map(({ atMs }) => atMs).sort((a, b) => b - a)[max - 1];
    if (newest === undefined || newest <= nowMs - MINUTE_MS) return null;
    return newest + MINUTE_MS - nowMs;
  }
}
