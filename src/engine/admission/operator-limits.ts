/**
 * Limits that the operator sets for everybody: bulkheads by node type, and what one tenant may have
 * running. They hold for all runs of this engine, whatever a workflow says.
 */
import type { Gate } from "./claim.ts";

export interface AdmissionOptions {
  /**
   * Attempts at the same time, by node type (`http.request`, or `http.*` for all that begin so) or
   * by a name of its own with the types it stands for.
   */
  readonly bulkheads: Readonly<Record<string, number | NamedBulkhead>>;
  /** For each tenant: attempts at the same time, open runs, starts in a minute; null: no limit. */
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
  tenantAttemptsMax: null,
  tenantOpenRunsMax: null,
  tenantStartsPerMinuteMax: null,
  ageingMs: 60_000,
};

/** Combinations of type and tenant whose gates are kept. */
const KEPT_MAX = 10_000;

/** Gates for attempts of `uses` of `tenant`; null: none. */
export type OperatorGates = (uses: string, tenant: string) => readonly Gate[] | null;

/** null: the operator limits no attempts, and nobody needs to ask. */
export function operatorGates({
  bulkheads,
  tenantAttemptsMax,
}: AdmissionOptions): OperatorGates | null {
  const named = Object.entries(bulkheads).map(([name, bulkhead]) =>
    typeof bulkhead === "number"
      ? { name, limit: bulkhead, types: [name] }
      : { name, limit: bulkhead.limit, types: bulkhead.types },
  );
  if (named.length === 0 && tenantAttemptsMax === null) return null;
  const known = new Map<string, readonly Gate[] | null>();
  return (uses, tenant) => {
    const id = `${uses}\n${tenant}`;
    const present = known.get(id);
    if (present !== undefined) return present;
    const gates: Gate[] = named
      .filter(({ types }) => types.some((type) => matches(type, uses)))
      .map(({ name, limit }) => ({ kind: "bulkhead", name: `bulkhead:${name}`, key: name, limit }));
    if (tenantAttemptsMax !== null)
      gates.push({
        ...{ kind: "quota", name: `quota:${tenant}`, key: tenant, limit: tenantAttemptsMax },
      });
    const found = gates.length === 0 ? null : gates;
    if (known.size >= KEPT_MAX) known.clear();
    known.set(id, found);
    return found;
  };
}

function matches(type: string, uses: string): boolean {
  return type.endsWith("*") ? uses.startsWith(type.slice(0, -1)) : uses === type;
}
