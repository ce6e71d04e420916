/** The Triggers port: a change is one transaction, which writes only at the revision that was seen. */
import type { CallContext } from "#ports/call-context.ts";
import type {
  TriggerFilter,
  TriggerKey,
  TriggerKind,
  TriggerMark,
  TriggerRow,
  TriggerSave,
  Triggers,
} from "#ports/triggers.ts";
import { afterTrigger } from "../list-cursors.ts";
import { type StoredTrigger, triggerRow } from "../trigger-row.ts";
import { DUE_TRIGGERS } from "./sql/due-triggers.ts";
import { FIND_TRIGGER } from "./sql/find-trigger.ts";
import { LIST_TRIGGER_MARKS } from "./sql/list-trigger-marks.ts";
import { LIST_TRIGGERS } from "./sql/list-triggers.ts";
import { MATCHING_TRIGGERS } from "./sql/matching-triggers.ts";
import { NEXT_DUE_TRIGGER } from "./sql/next-due-trigger.ts";
import type { StoreParts } from "./store-parts.ts";
import { saveTrigger } from "./trigger-changes.ts";

const DOING = "reading triggers";

export class PostgresTriggers implements Triggers {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find({ tenant }: CallContext, { workflow, id }: TriggerKey): Promise<TriggerRow | null> {
    const [row = null] = await this.#rows(FIND_TRIGGER, tenant, workflow, id);
    return row;
  }

  async list(
    { tenant }: CallContext,
    filter: TriggerFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly TriggerRow[]; readonly cursor: string | null }> {
    const { workflow = null, kind = null, limit } = filter;
    const values = [tenant, ...afterTrigger(filter.cursor), workflow, kind, limit + 1];
    const rows = await this.#rows(LIST_TRIGGERS, ...values);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, cursor: isMore ? `${last.workflow}/${last.id}` : null };
  }

  matching(
    { tenant }: CallContext,
    kind: TriggerKind,
    lookup: string,
  ): Promise<readonly TriggerRow[]> {
    return this.#rows(MATCHING_TRIGGERS, tenant, kind, lookup);
  }

  due(nowMs: number, limit: number): Promise<readonly TriggerRow[]> {
    return this.#rows(DUE_TRIGGERS, Math.floor(nowMs), limit);
  }

  async nextDueAtMs(): Promise<number | null> {
    type Row = { readonly dueAtMs: number | null };
    const row = await this.#parts.sessions.get<Row>(DOING, NEXT_DUE_TRIGGER);
    return row?.dueAtMs ?? null;
  }

  async save({ tenant }: CallContext, change: TriggerSave): Promise<boolean> {
    const owner = { tenant, nowMs: this.#parts.nowMs() };
    return await this.#parts.sessions.transaction("saving a trigger", (ask) =>
      saveTrigger(ask, owner, change),
    );
  }

  marks(
    { tenant }: CallContext,
    { workflow, id }: TriggerKey,
    limit: number,
  ): Promise<readonly TriggerMark[]> {
    const values = [tenant, workflow, id, limit];
    return this.#parts.sessions.all<TriggerMark>(DOING, LIST_TRIGGER_MARKS, ...values);
  }

  async #rows(sql: string, ...values: readonly unknown[]): Promise<readonly TriggerRow[]> {
    return (await this.#parts.sessions.all<StoredTrigger>(DOING, sql, ...values)).map(triggerRow);
  }
}
