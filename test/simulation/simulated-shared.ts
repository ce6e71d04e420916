/** What a simulated disk remembers of shared values: ports/state-store.ts in a plain map. */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type {
  SharedChange,
  SharedChangeFacts,
  SharedEntry,
  SharedFilter,
  SharedKey,
  SharedScope,
  SharedUsage,
} from "#ports/state-store.ts";

type Place = Omit<SharedKey, "name">;

export class SimulatedShared {
  readonly #rows = new Map<string, SharedEntry>();
  readonly #changes: (SharedChangeFacts & { readonly tenant: string })[] = [];

  fits({ tenant, shared }: TurnCommit): boolean {
    const made = new Map<string, number>();
    for (const use of shared ?? []) {
      const id = idOf(tenant, use);
      const [own, there] = [made.get(id), this.#rows.get(id)];
      if ((own ?? there?.revision ?? 0) !== use.revision) return false;
      if (own === undefined && use.seen !== undefined && there?.value !== use.seen) return false;
      if (use.change !== null) made.set(id, use.change.value === null ? 0 : use.change.revision);
    }
    return true;
  }

  commit({ tenant, runId, shared }: TurnCommit): void {
    for (const { scope, workflow, name, change, path, atMs } of shared ?? []) {
      if (change === null) continue;
      const key = { scope, workflow, name };
      const { revision, value } = change;
      if (value === null) this.#rows.delete(idOf(tenant, key));
      else {
        const changedBy = `run:${runId}/${path}`;
        const row = { ...key, revision, value, changedAtMs: atMs, changedBy };
        this.#rows.set(idOf(tenant, key), row);
      }
    }
  }

  find(tenant: string, key: SharedKey): SharedEntry | null {
    return this.#rows.get(idOf(tenant, key)) ?? null;
  }

  usage(tenant: string, { scope, workflow }: Place): SharedUsage {
    return usageOf(
      this.#ofTenant(tenant).filter((row) => row.scope === scope && row.workflow === workflow),
    );
  }

  totals(): Readonly<Record<SharedScope, SharedUsage>> {
    const of = (scope: SharedScope) =>
      usageOf([...this.#rows.values()].filter((row) => row.scope === scope));
    return { workflow: of("workflow"), tenant: of("tenant") };
  }

  list(
    tenant: string,
    filter: SharedFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): { readonly items: readonly SharedEntry[]; readonly cursor: string | null } {
    const { cursor, scope, workflow, prefix = "", limit } = filter;
    const after = cursor === undefined ? null : afterOf(cursor);
    const rows = this.#ofTenant(tenant)
      .filter((row) => scope === undefined || row.scope === scope)
      .filter((row) => workflow === undefined || row.workflow === workflow)
      .filter((row) => row.name.startsWith(prefix))
      .sort((a, b) => compare(placeOf(a), placeOf(b)))
      .filter((row) => after === null || compare(placeOf(row), after) > 0);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, cursor: isMore ? JSON.stringify(placeOf(last)) : null };
  }

  change(
    { tenant, principal: by }: CallContext,
    { value, reason, ...place }: SharedChange,
    nowMs: number,
  ): SharedEntry | null {
    const { scope, workflow, name } = place;
    const key = { scope, workflow, name };
    const before = this.find(tenant, key);
    if (value === null) this.#rows.delete(idOf(tenant, key));
    else {
      const revision = Math.max((before?.revision ?? 0) + 1, Math.floor(nowMs) * 1_000);
      const row = { ...key, revision, value, changedAtMs: nowMs, changedBy: by };
      this.#rows.set(idOf(tenant, key), row);
    }
    const facts = { tenant, ...key, atMs: nowMs, by, reason };
    this.#changes.unshift({ ...facts, before: before?.value ?? null, after: value });
    return before;
  }

  changes(tenant: string, key: SharedKey, limit: number): readonly SharedChangeFacts[] {
    return this.#changes
      .filter((row) => idOf(row.tenant, row) === idOf(tenant, key))
      .slice(0, limit)
      .map(({ tenant: _, ...facts }) => facts);
  }

  #ofTenant(tenant: string): readonly SharedEntry[] {
    return [...this.#rows].filter(([id]) => id.startsWith(`${tenant}\n`)).map(([, row]) => row);
  }
}

function usageOf(rows: readonly SharedEntry[]): SharedUsage {
  const bytes = rows.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
  return { names: rows.length, bytes };
}

function placeOf({ scope, workflow, name }: SharedKey): readonly string[] {
  return [scope, workflow, name];
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index] ?? "";
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

function afterOf(cursor: string): readonly string[] {
  if (cursor.startsWith("[")) return JSON.parse(cursor) as readonly string[];
  throw new LockstitchError("request_invalid", "not a cursor");
}

function idOf(tenant: string, { scope, workflow, name }: SharedKey): string {
  return `${tenant}\n${scope}\n${workflow}\n${name}`;
}
