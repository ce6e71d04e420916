/**
 * Limits that the operator sets for everybody: bulkheads by node type, and what one tenant may have
 * running. They hold for all runs of this engine, whatever a workflow says.
 */
import type { Gate } from "./claim.ts";
import { type QuotaOptions, QuotaRules } from "./quota-limits.ts";

export interface AdmissionOptions {
  /**
   * Attempts at the same time, by node type (`http.request`, or `http.*` for all that begin so) or
   * by a name of its own with the types it stands for.
   */
  readonly bulkheads: Readonly<Record<string, number | NamedBulkhead>>;
  /** Of tenants and workflows. */
  readonly quotas: QuotaOptions;
  /** For each tenant that `quotas` says nothing else of: attempts at the same time, open runs, starts in a minute; null: no limit. */
  readonly tenantAttemptsMax: number | null;
  readonly tenantOpenRunsMax: number | null;
  readonly tenantStartsPerMinuteMax: number | null;
  /** A claim counts one priority level more for each so many milliseconds that it waits. */
  readonly ageingMs: number;
}

export interface NamedBulkhead {
  readonly limit: number;
  /** Node types; `prefix.*` stands for all that begin with it. */
  readonly types: readonly string[];
}

export const NO_LIMITS: AdmissionOptions = {
  bulkheads: {},
  quotas: {},
  tenantAttemptsMax: null,
  tenantOpenRunsMax: null,
  tenantStartsPerMinuteMax: null,
  ageingMs: 60_000,
};

/** Combinations of type and tenant whose gates are kept. */
const KEPT_MAX = 10_000;

/** Gates for attempts of `uses`; null: none. */
export type OperatorGates = (
  uses: string,
  tenant: string,
  workflow: string,
) => readonly Gate[] | null;

export function quotaRules(admission: AdmissionOptions): QuotaRules {
  const { quotas, tenantAttemptsMax, tenantOpenRunsMax, tenantStartsPerMinuteMax } = admission;
  const all = {
    attempts: tenantAttemptsMax,
    openRuns: tenantOpenRunsMax,
    startsPerMinute: tenantStartsPerMinuteMax,
  };
  return new QuotaRules({ ...quotas, tenant: { ...all, ...quotas.tenant } });
}

/** null: the operator limits no attempts at once, and nobody needs to ask. */
export function operatorGates(
  { bulkheads }: Pick<AdmissionOptions, "bulkheads">,
  rules: QuotaRules,
): OperatorGates | null {
  const named = Object.entries(bulkheads).map(([name, bulkhead]) =>
    typeof bulkhead === "number"
      ? { name, limit: bulkhead, types: [name] }
      : { name, limit: bulkhead.limit, types: bulkhead.types },
  );
  const ofWorkflows = rules.limits(["attempts"], "workflow");
  if (named.length === 0 && !ofWorkflows && !rules.limits(["attempts"])) return null;
  const known = new Map<string, readonly Gate[] | null>();
  return (uses, tenant, workflow) => {
    const id = ofWorkflows ? `${uses}\n${tenant}\n${workflow}` : `${uses}\n${tenant}`;
    const present = known.get(id);
    if (present !== undefined) return present;
    const gates: Gate[] = named
      .filter(({ types }) => types.some((type) => matches(type, uses)))
      .map(({ name, limit }) => ({ kind: "bulkhead", name: `bulkhead:${name}`, key: name, limit }));
    addQuota(gates, `quota:${tenant}`, tenant, rules.ofTenant(tenant).attempts);
    const { attempts } = rules.ofWorkflow(tenant, workflow);
    addQuota(gates, `${WORKFLOW_QUOTA}${tenant}/${workflow}`, workflow, attempts);
    const found = gates.length === 0 ? null : gates;
    if (known.size >= KEPT_MAX) known.clear();
    known.set(id, found);
    return found;
  };
}

/** What names of gates of workflows begin with; others are tenants'. */
export const WORKFLOW_QUOTA = "workflow_quota:";

function addQuota(gates: Gate[], name: string, key: string, limit: number | null): void {
  if (limit !== null) gates.push({ kind: "quota", name, key, limit });
}

function matches(type: string, uses: string): boolean {
  return type.endsWith("*") ? uses.startsWith(type.slice(0, -1)) : uses === type;
}
