/**
 * The StateStore port. Whoever changes a value holds the lock of its name until the transaction ends
 * (shared-names.ts): commits that use it and operators of any host take turns, also by a name
 * that holds nothing yet.
 */
import type { CallContext } from "#ports/call-context.ts";
import type {
  SharedChange,
  SharedChangeFacts,
  SharedEntry,
  SharedFilter,
  SharedKey,
  SharedScope,
  SharedUsage,
  StateStore,
} from "#ports/state-store.ts";
import { afterShared, sharedCursor } from "../list-cursors.ts";
import { NO_USAGE, totalsByScope } from "../shared-totals.ts";
import { changeShared, type EntryRow } from "./shared-changes.ts";
import { sharedRow } from "./shared-names.ts";
import { FIND_SHARED } from "./sql/find-shared.ts";
import { LIST_SHARED } from "./sql/list-shared.ts";
import { LIST_SHARED_CHANGES } from "./sql/list-shared-changes.ts";
import { SHARED_TOTALS } from "./sql/shared-totals.ts";
import { SHARED_USAGE } from "./sql/shared-usage.ts";
import type { StoreParts } from "./store-parts.ts";

type ChangeRow = Omit<SharedChangeFacts, "before" | "after"> & {
  readonly before: Buffer | null;
  readonly after: Buffer | null;
};

export class PostgresStateStore implements StateStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find(
    { tenant }: CallContext,
    { scope, workflow, name }: SharedKey,
  ): Promise<SharedEntry | null> {
    const values = sharedRow(tenant, { scope, workflow, name });
    const { sessions } = this.#parts;
    const row = await sessions.get<EntryRow>("reading a shared value", FIND_SHARED, ...values);
    return row === undefined ? null : entryOf(row);
  }

  async usage(
    { tenant }: CallContext,
    { scope, workflow }: Omit<SharedKey, "name">,
  ): Promise<SharedUsage> {
    const values = [tenant, scope, workflow];
    const row = await this.#parts.sessions.get<SharedUsage>(COUNTING, SHARED_USAGE, ...values);
    return { ...NO_USAGE, ...row };
  }

  async totals(): Promise<Readonly<Record<SharedScope, SharedUsage>>> {
    type Row = SharedUsage & { readonly scope: SharedScope };
    const rows = await this.#parts.sessions.all<Row>(COUNTING, SHARED_TOTALS);
    return totalsByScope(rows);
  }

  async list(
    { tenant }: CallContext,
    filter: SharedFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly SharedEntry[]; readonly cursor: string | null }> {
    const { scope = null, workflow = null, prefix = null, limit } = filter;
    const values = [tenant, ...afterShared(filter.cursor), scope, workflow, prefix, limit + 1];
    const { sessions } = this.#parts;
    const rows = await sessions.all<EntryRow>("listing shared values", LIST_SHARED, ...values);
    const items = rows.slice(0, limit).map(entryOf);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, cursor: isMore ? sharedCursor(last) : null };
  }

  async change(
    { tenant, principal }: CallContext,
    change: SharedChange,
  ): Promise<SharedEntry | null> {
    const { sessions, epoch } = this.#parts;
    const by = { tenant, by: principal, nowMs: this.#parts.nowMs(), epoch };
    return await sessions.transaction("changing a shared value", async (ask) => {
      const before = await changeShared(ask, change, by);
      return before === null ? null : entryOf(before);
    });
  }

  async changes(
    { tenant }: CallContext,
    { scope, workflow, name }: SharedKey,
    limit: number,
  ): Promise<readonly SharedChangeFacts[]> {
    const values = [tenant, scope, workflow, name, limit];
    const doing = "listing changes of a shared value";
    const { sessions } = this.#parts;
    const rows = await sessions.all<ChangeRow>(doing, LIST_SHARED_CHANGES, ...values);
    return rows.map((row) => ({ ...row, before: textOf(row.before), after: textOf(row.after) }));
  }
}

const COUNTING = "counting shared values";

function entryOf(row: EntryRow): SharedEntry {
  return { ...row, value: row.value.toString("utf8") };
}

function textOf(value: Buffer | null): string | null {
  return value === null ? null : value.toString("utf8");
}
