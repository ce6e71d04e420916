/**
 * What the operator lets tenants, and workflows of a tenant, use: one table of limits, said for all
 * of them and by name. A name's own limits go before those for all; what is not said is not limited.
 */

export interface QuotaLimits {
  /** Runs that have not ended. Children count, and are never refused. */
  readonly openRuns: number | null;
  readonly startsPerMinute: number | null;
  /** Attempts at the same time. */
  readonly attempts: number | null;
  /** Attempts that start. */
  readonly stepsPerHour: number | null;
  readonly stepsPerDay: number | null;
  /** What attempts take, together. */
  readonly attemptSecondsPerHour: number | null;
  readonly attemptSecondsPerDay: number | null;
  /** Processor time of sandboxed code. */
  readonly cpuSecondsPerHour: number | null;
  readonly cpuSecondsPerDay: number | null;
  /** Journal and large values. */
  readonly storageBytes: number | null;
  /** Ceilings of one call of sandboxed code: what a step asks for can only be lower. */
  readonly sandboxMemoryBytes: number | null;
  readonly sandboxCpuMs: number | null;
}

export type QuotaKind = keyof QuotaLimits;

/** What is not said, or undefined, is not limited. */
export type SomeLimits = { readonly [Kind in QuotaKind]?: number | null | undefined };

/** As the operator writes them. */
export interface QuotaOptions {
  /** For each tenant. */
  readonly tenant?: SomeLimits | undefined;
  /** For each workflow of a tenant. */
  readonly workflow?: SomeLimits | undefined;
  readonly tenants?: Readonly<Record<string, SomeLimits>> | undefined;
  /** By `workflow`, or by `tenant/workflow`, which goes before. */
  readonly workflows?: Readonly<Record<string, SomeLimits>> | undefined;
}

export const NO_QUOTA: QuotaLimits = {
  ...{ openRuns: null, startsPerMinute: null, attempts: null },
  ...{ stepsPerHour: null, stepsPerDay: null },
  ...{ attemptSecondsPerHour: null, attemptSecondsPerDay: null },
  ...{ cpuSecondsPerHour: null, cpuSecondsPerDay: null },
  ...{ storageBytes: null, sandboxMemoryBytes: null, sandboxCpuMs: null },
};

/** Names whose limits are kept. */
const KEPT_MAX = 10_000;

export class QuotaRules {
  readonly #options: QuotaOptions;
  readonly #known = new Map<string, QuotaLimits>();

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  ofTenant(tenant: string): QuotaLimits {
    const { tenant: all, tenants = {} } = this.#options;
    return this.#kept(tenant, () => merged(all, ownOf(tenants, tenant)));
  }

  ofWorkflow(tenant: string, workflow: string): QuotaLimits {
    const { workflow: all, workflows = {} } = this.#options;
    return this.#kept(`${tenant}\n${workflow}`, () =>
      merged(all, ownOf(workflows, workflow), ownOf(workflows, `${tenant}/${workflow}`)),
    );
  }

  /** Whether any of these is limited for anybody, in that scope or in either. */
  limits(kinds: readonly QuotaKind[], scope?: "tenant" | "workflow"): boolean {
    const { tenant = {}, workflow = {}, tenants = {}, workflows = {} } = this.#options;
    const ofTenants = scope === "workflow" ? [] : [tenant, ...Object.values(tenants)];
    const ofWorkflows = scope === "tenant" ? [] : [workflow, ...Object.values(workflows)];
    return [...ofTenants, ...ofWorkflows].some((limits) =>
      kinds.some((kind) => (limits[kind] ?? null) !== null),
    );
  }

  #kept(name: string, make: () => QuotaLimits): QuotaLimits {
    let known = this.#known.get(name);
    if (known === undefined) {
      if (this.#known.size >= KEPT_MAX) this.#known.clear();
      known = make();
      this.#known.set(name, known);
    }
    return known;
  }
}

function ownOf<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function merged(...all: readonly (SomeLimits | undefined)[]): QuotaLimits {
  const limits: Record<QuotaKind, number | null> = { ...NO_QUOTA };
  for (const one of all)
    for (const [kind, limit] of Object.entries(one ?? {}))
      if (limit !== undefined) limits[kind as QuotaKind] = limit;
  return limits;
}
