/**
 * What tenants and workflows have used, as far as quotas limit it: the gates that their attempts must
 * pass, and what is stored. Fed with what this host commits and what it reads of others.
 */
import { type MinuteUsage, minuteOf, type StoredUsage, type TurnUsage } from "#ports/usage.ts";
import type { UsageGate } from "./claim.ts";
import type { QuotaLimits, QuotaRules } from "./quota-limits.ts";
import { UsageMinutes, UsageWindow, WINDOW_KINDS } from "./usage-window.ts";

interface Scope {
  readonly minutes: UsageMinutes;
  readonly gate: UsageGate;
}

interface Used {
  readonly gates: readonly UsageGate[];
  readonly minutes: readonly UsageMinutes[];
}

export const STORED = "storageBytes";
const NOTHING: Used = { gates: [], minutes: [] };

export class UsageBook {
  readonly rules: QuotaRules;
  readonly #nowMs: () => number;
  /** By tenant, and by tenant and workflow: those with a quota. */
  readonly #scopes = new Map<string, Scope | null>();
  readonly #used = new Map<string, Used>();
  readonly #stored = new Map<string, Map<string, number>>();
  /** Whether anybody's storage is limited. */
  readonly countsStorage: boolean;

  constructor(rules: QuotaRules, nowMs: () => number) {
    this.rules = rules;
    this.#nowMs = nowMs;
    this.countsStorage = rules.limits([STORED]);
  }

  /** What an attempt of the workflow must pass; null: nothing. */
  gatesOf(tenant: string, workflow: string): readonly UsageGate[] | null {
    const { gates } = this.#of(tenant, workflow);
    return gates.length === 0 ? null : gates;
  }

  /** Whether what such a run's attempts use is limited at all. */
  counts(tenant: string, workflow: string): boolean {
    return this.countsStorage || this.#of(tenant, workflow).minutes.length > 0;
  }

  /** An attempt here has taken it; -1: it does not count. */
  spend(
    { workflow, atMs, attemptMs, cpuMs }: Omit<TurnUsage, "steps" | "bytes">,
    tenant: string,
    sign: 1 | -1 = 1,
  ): void {
    const spent = { steps: 0, attemptMs: sign * attemptMs, cpuMs: sign * cpuMs };
    for (const one of this.#of(tenant, workflow).minutes) one.add(minuteOf(atMs), spent);
  }

  /** This host has committed it, what was spent before; `slots` are those of the steps that it started. */
  add(tenant: string, used: TurnUsage, slots: readonly string[]): void {
    const { gates, minutes } = this.#of(tenant, used.workflow);
    const started = { steps: used.steps, attemptMs: 0, cpuMs: 0 };
    for (const one of minutes) one.add(minuteOf(used.atMs), started);
    if (slots.length > 0)
      for (const { windows } of gates)
        for (const { granted } of windows) for (const slot of slots) granted.delete(slot);
    if (used.bytes > 0) this.#addStored(tenant, used.workflow, used.bytes);
  }

  /** What others have committed in these minutes, by now. */
  read(rows: readonly MinuteUsage[]): void {
    const ofTenants = new Map<string, MinuteUsage>();
    for (const row of rows) {
      const { tenant, workflow, minuteMs } = row;
      this.#scope(tenant, workflow)?.minutes.setOthers(minuteMs, row);
      const name = `${minuteMs}\n${tenant}`;
      const known = ofTenants.get(name);
      ofTenants.set(name, known === undefined ? row : joined(known, row));
    }
    for (const row of ofTenants.values())
      this.#scope(row.tenant, null)?.minutes.setOthers(row.minuteMs, row);
  }

  /** What all hosts have stored. */
  readStored(rows: readonly StoredUsage[]): void {
    this.#stored.clear();
    for (const { tenant, workflow, bytes } of rows) this.#addStored(tenant, workflow, bytes);
  }

  /** Of a workflow; null: of the tenant. */
  stored(tenant: string, workflow: string | null): number {
    const of = this.#stored.get(tenant);
    if (of === undefined) return 0;
    if (workflow !== null) return of.get(workflow) ?? 0;
    return [...of.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** What is counted of a scope with its quota. */
  windowsOf(tenant: string, workflow: string | null): readonly UsageWindow[] {
    return this.#scope(tenant, workflow)?.gate.windows ?? [];
  }

  /** How many quotas of each kind have nothing left now, of all tenants. */
  usedUp(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind } of WINDOW_KINDS) counts[kind] = 0;
    for (const scope of this.#scopes.values())
      for (const window of scope?.gate.windows ?? [])
        if (window.used() >= window.limit)
          counts[window.of.kind] = (counts[window.of.kind] ?? 0) + 1;
    return counts;
  }

  #addStored(tenant: string, workflow: string, bytes: number): void {
    if (!this.countsStorage) return;
    let of = this.#stored.get(tenant);
    if (of === undefined) {
      of = new Map();
      this.#stored.set(tenant, of);
    }
    of.set(workflow, (of.get(workflow) ?? 0) + bytes);
  }

  #of(tenant: string, workflow: string): Used {
    const key = `${tenant}\n${workflow}`;
    let used = this.#used.get(key);
    if (used === undefined) {
      const scopes = [this.#scope(tenant, null), this.#scope(tenant, workflow)].filter(
        (scope) => scope !== null,
      );
      used =
        scopes.length === 0
          ? NOTHING
          : {
              gates: scopes.map(({ gate }) => gate),
              minutes: scopes.map(({ minutes }) => minutes),
            };
      this.#used.set(key, used);
    }
    return used;
  }

  /** null: no window of it is limited. */
  #scope(tenant: string, workflow: string | null): Scope | null {
    const key = workflow === null ? tenant : `${tenant}\n${workflow}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const limits =
      workflow === null ? this.rules.ofTenant(tenant) : this.rules.ofWorkflow(tenant, workflow);
    const scope = this.#newScope(limits, tenant, workflow);
    this.#scopes.set(key, scope);
    return scope;
  }

  #newScope(limits: QuotaLimits, tenant: string, workflow: string | null): Scope | null {
    const minutes = new UsageMinutes();
    const subject = workflow === null ? `tenant "${tenant}"` : `workflow "${workflow}"`;
    const name = workflow === null ? `tenant:${tenant}` : `workflow:${tenant}/${workflow}`;
    const windows: UsageWindow[] = [];
    for (const of of WINDOW_KINDS) {
      const limit = limits[of.kind];
      if (limit !== null)
        windows.push(new UsageWindow(of, { subject, limit, minutes }, this.#nowMs));
    }
    if (windows.length === 0) return null;
    const gate = {
      kind: "usage",
      name: `usage:${name}`,
      key: workflow ?? tenant,
      windows,
    } as const;
    return { minutes, gate };
  }
}

function joined(a: MinuteUsage, b: MinuteUsage): MinuteUsage {
  return {
    ...a,
    steps: a.steps + b.steps,
    attemptMs: a.attemptMs + b.attemptMs,
    cpuMs: a.cpuMs + b.cpuMs,
  };
}
