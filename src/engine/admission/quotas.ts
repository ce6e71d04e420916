/**
 * What tenants and workflows may start: open runs, starts in a minute, and nothing more where what they
 * store is over its quota. Decided before a run exists, so a refused start leaves nothing behind.
 * Children of a run count, and are never refused: their parent was let in.
 *
 *   1. Where hosts share a store a start reserves its place there (start-places.ts): exact over all hosts.
 *   2. With one owner it is counted here; starts in a minute in memory only: a restart begins a new one.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { StartDemand, StartLimits, StartQuotas, StartRefusal } from "#ports/start-quotas.ts";
import { OpenRunCounts } from "./open-run-counts.ts";
import type { QuotaRules } from "./quota-limits.ts";
import { StartPlaces } from "./start-places.ts";
import type { UsageBook } from "./usage-book.ts";

const MINUTE_MS = 60_000;
/** Who waits for storage waits for retention, or a person. */
const STORAGE_RETRY_MS = 60_000;
const OPEN_RETRY_MS = 1_000;

export type NewRunName = Pick<StartDemand, "tenant" | "workflow" | "runId">;
/** Called when the start has come to an end. */
type Ended = (isCreated: boolean) => void;

interface QuotasOptions {
  readonly rules: QuotaRules;
  readonly clock: Clock;
  /** Where hosts count together; null: this one counts by itself. */
  readonly starts: StartQuotas | null;
  /** Runs have owners, which change. */
  readonly isShared: boolean;
  /** What is stored; null: nobody limits it. */
  readonly book: UsageBook | null;
}

export class Quotas {
  readonly rules: QuotaRules;
  readonly #options: QuotasOptions;
  readonly #limitsStarts: boolean;
  readonly open: OpenRunCounts;
  readonly #places: StartPlaces | null;
  readonly #starts = new Map<string, number[]>();
  /** Starts that were refused, by kind of quota. */
  readonly refusals: Record<StartRefusal["kind"] | "storageBytes", number> = {
    ...{ openRuns: 0, startsPerMinute: 0, storageBytes: 0 },
  };

  constructor(options: QuotasOptions) {
    this.#options = options;
    const { rules, starts, isShared } = options;
    this.rules = rules;
    this.#limitsStarts = rules.limits(["openRuns", "startsPerMinute"]);
    this.open = new OpenRunCounts({
      isShared,
      isByName: starts === null && rules.limits(["openRuns"]),
    });
    this.#places = starts === null || !this.#limitsStarts ? null : new StartPlaces(starts);
  }

  /** A start by a caller. Throws, or rejects with, quota_exceeded; store_unavailable where hosts share it. */
  begin(run: NewRunName): Ended | Promise<Ended> {
    const { book } = this.#options;
    if (book?.countsStorage === true) this.#refuseStorage(run, book);
    if (!this.#limitsStarts) return NOTHING;
    const { rules } = this;
    const ofTenant = rules.ofTenant(run.tenant);
    const ofWorkflow = rules.ofWorkflow(run.tenant, run.workflow);
    if (hasNone(ofTenant) && hasNone(ofWorkflow)) return NOTHING;
    const demand = { ...run, ofTenant, ofWorkflow };
    return this.#places === null ? this.#count(demand) : this.#reserve(demand, this.#places);
  }

  /** Whether the commit that creates the run is to take a place. */
  isReserved(tenant: string, runId: string): boolean {
    return this.#places?.holds(tenant, runId) === true;
  }

  /** In the last minute; null: not counted here. */
  startsOf(tenant: string, workflow: string | null): number | null {
    if (this.#places !== null) return null;
    const fromMs = this.#options.clock.monotonicMs() - MINUTE_MS;
    const starts = this.#starts.get(workflow === null ? tenant : `${tenant}\n${workflow}`) ?? [];
    return starts.filter((atMs) => atMs > fromMs).length;
  }

  async #reserve(demand: StartDemand, places: StartPlaces): Promise<Ended> {
    const refusal = await places.reserve(demand);
    if (refusal !== null) throw this.#refused(demand, refusal);
    return (isCreated) => places.done(demand, isCreated);
  }

  #count(demand: StartDemand): Ended {
    const { tenant, workflow } = demand;
    const scopes = [
      { scope: "tenant", name: tenant, limits: demand.ofTenant },
      { scope: "workflow", name: `${tenant}\n${workflow}`, limits: demand.ofWorkflow },
    ] as const;
    for (const { scope, name, limits } of scopes) {
      const used = this.open.of(name);
      if (limits.openRuns !== null && used >= limits.openRuns)
        throw this.#refused(demand, { scope, kind: "openRuns", used, retryAfterMs: null });
    }
    for (const { scope, name, limits } of scopes) {
      const retryAfterMs = this.#startsAgainMs(name, limits.startsPerMinute);
      if (retryAfterMs === null) continue;
      const used = limits.startsPerMinute ?? 0;
      throw this.#refused(demand, { scope, kind: "startsPerMinute", used, retryAfterMs });
    }
    const nowMs = this.#options.clock.monotonicMs();
    for (const { name, limits } of scopes)
      if (limits.startsPerMinute !== null) this.#starts.get(name)?.push(nowMs);
    this.open.add(demand, 1);
    return () => this.open.add(demand, -1);
  }

  /** For how long there is no start left; null: there is one. */
  #startsAgainMs(name: string, max: number | null): number | null {
    if (max === null) return null;
    const nowMs = this.#options.clock.monotonicMs();
    const starts = (this.#starts.get(name) ?? []).filter((atMs) => atMs > nowMs - MINUTE_MS);
    this.#starts.set(name, starts);
    const [first = nowMs] = starts;
    return starts.length < max ? null : first + MINUTE_MS - nowMs;
  }

  #refuseStorage({ tenant, workflow }: NewRunName, book: UsageBook): void {
    const { rules } = this;
    const scopes = [
      { subject: `Tenant ${tenant}`, of: null, limit: rules.ofTenant(tenant).storageBytes },
      {
        subject: `Workflow ${workflow}`,
        of: workflow,
        limit: rules.ofWorkflow(tenant, workflow).storageBytes,
      },
    ];
    for (const { subject, of, limit } of scopes) {
      if (limit === null || book.stored(tenant, of) < limit) continue;
      this.refusals.storageBytes++;
      const what = `${subject} stores ${book.stored(tenant, of)} bytes; it may store ${limit} (storageBytes): runs that are under way go on, new ones are not taken. Delete runs, or ask the operator for more.`;
      throw exceeded(what, STORAGE_RETRY_MS);
    }
  }

  #refused(demand: StartDemand, refusal: StartRefusal): LockstitchError {
    const { scope, kind, used, retryAfterMs } = refusal;
    this.refusals[kind]++;
    const isTenant = scope === "tenant";
    const subject = isTenant ? `Tenant ${demand.tenant}` : `Workflow ${demand.workflow}`;
    const max = (isTenant ? demand.ofTenant : demand.ofWorkflow)[kind];
    const what =
      kind === "openRuns"
        ? `${subject} has ${used} open runs; it may have ${max}`
        : `${subject} has started ${used} runs in a minute; it may start ${max}`;
    const told = `${what}. Wait, or ask the operator for more.`;
    return exceeded(told, retryAfterMs ?? OPEN_RETRY_MS);
  }
}

const NOTHING = () => {};

function hasNone({ openRuns, startsPerMinute }: StartLimits): boolean {
  return openRuns === null && startsPerMinute === null;
}

function exceeded(message: string, retryAfterMs: number): LockstitchError {
  return new LockstitchError("quota_exceeded", message, {
    details: { retryAfterS: Math.ceil(retryAfterMs / 1_000) },
  });
}
