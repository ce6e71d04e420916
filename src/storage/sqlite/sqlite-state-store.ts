/** The StateStore port: values are read by the reading connection and changed by the writer. */
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
import { FIND_SHARED } from "./sql/find-shared.ts";
import { LIST_SHARED } from "./sql/list-shared.ts";
import { LIST_SHARED_CHANGES } from "./sql/list-shared-changes.ts";
import { SHARED_TOTALS } from "./sql/shared-totals.ts";
import { SHARED_USAGE } from "./sql/shared-usage.ts";
import type { StoreParts } from "./store-parts.ts";

export class SqliteStateStore implements StateStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find(
    { tenant }: CallContext,
    { scope, workflow, name }: SharedKey,
  ): Promise<SharedEntry | null> {
    const row = this.#parts.read("reading a shared value", (reader) =>
      reader.get<SharedEntry>(FIND_SHARED, tenant, scope, workflow, name),
    );
    return row === undefined ? null : { ...row };
  }

  async usage(
    { tenant }: CallContext,
    { scope, workflow }: Omit<SharedKey, "name">,
  ): Promise<SharedUsage> {
    const row = this.#parts.read("counting shared values", (reader) =>
      reader.get<SharedUsage>(SHARED_USAGE, tenant, scope, workflow),
    );
    return { ...NO_USAGE, ...row };
  }

  async totals(): Promise<Readonly<Record<SharedScope, SharedUsage>>> {
    const rows = this.#parts.read("counting shared values", (reader) =>
      reader.all<SharedUsage & { readonly scope: SharedScope }>(SHARED_TOTALS),
    );
    return totalsByScope(rows);
  }

  async list(
    { tenant }: CallContext,
    filter: SharedFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly SharedEntry[]; readonly cursor: string | null }> {
    const { scope = null, workflow = null, prefix = null, limit } = filter;
    const [afterScope, afterWorkflow, afterName] = afterShared(filter.cursor);
    const named = { tenant, scope, workflow, prefix, afterScope, afterWorkflow, afterName };
    const rows = this.#parts.read("listing shared values", (reader) =>
      reader.allNamed<SharedEntry>(LIST_SHARED, { ...named, limit: limit + 1 }),
    );
    const items = rows.slice(0, limit).map((row) => ({ ...row }));
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, cursor: isMore ? sharedCursor(last) : null };
  }

  async change(
    { tenant, principal }: CallContext,
    change: SharedChange,
  ): Promise<SharedEntry | null> {
    const { scope, workflow, name, value, reason } = change;
    const input = { tenant, by: principal, nowMs: this.#parts.nowMs() };
    return await this.#parts.writer.call("changeState", {
      ...{ ...input, scope, workflow, name, value, reason },
    });
  }

  async changes(
    { tenant }: CallContext,
    { scope, workflow, name }: SharedKey,
    limit: number,
  ): Promise<readonly SharedChangeFacts[]> {
    const key = [tenant, scope, workflow, name] as const;
    return this.#parts
      .read("listing changes of a shared value", (reader) =>
        reader.all<SharedChangeFacts>(LIST_SHARED_CHANGES, ...key, limit),
      )
      .map((row) => ({ ...row }));
  }
}
