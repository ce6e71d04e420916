/** The Triggers port: rows are read by the reading connection and written by the writer. */
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

const DOING = "reading triggers";

export class SqliteTriggers implements Triggers {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find({ tenant }: CallContext, { workflow, id }: TriggerKey): Promise<TriggerRow | null> {
    const row = this.#parts.read(DOING, (reader) =>
      reader.get<StoredTrigger>(FIND_TRIGGER, tenant, workflow, id),
    );
    return row === undefined ? null : triggerRow(row);
  }

  async list(
    { tenant }: CallContext,
    filter: TriggerFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly TriggerRow[]; readonly cursor: string | null }> {
    const { workflow = null, kind = null, limit } = filter;
    const [afterWorkflow, afterId] = afterTrigger(filter.cursor);
    const named = { tenant, workflow, kind, afterWorkflow, afterId, limit: limit + 1 };
    const rows = this.#parts.read(DOING, (reader) =>
      reader.allNamed<StoredTrigger>(LIST_TRIGGERS, named),
    );
    const items = rows.slice(0, limit).map(triggerRow);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { items, cursor: isMore ? `${last.workflow}/${last.id}` : null };
  }

  async matching(
    { tenant }: CallContext,
    kind: TriggerKind,
    lookup: string,
  ): Promise<readonly TriggerRow[]> {
    return this.#parts
      .read(DOING, (reader) => reader.all<StoredTrigger>(MATCHING_TRIGGERS, tenant, kind, lookup))
      .map(triggerRow);
  }

  async due(nowMs: number, limit: number): Promise<readonly TriggerRow[]> {
    return this.#parts
      .read(DOING, (reader) => reader.all<StoredTrigger>(DUE_TRIGGERS, nowMs, limit))
      .map(triggerRow);
  }

  async nextDueAtMs(): Promise<number | null> {
    const row = this.#parts.read(DOING, (reader) =>
      reader.get<{ dueAtMs: number | null }>(NEXT_DUE_TRIGGER),
    );
    return row?.dueAtMs ?? null;
  }

  async save({ tenant }: CallContext, change: TriggerSave): Promise<boolean> {
    const input = { ...change, tenant, nowMs: this.#parts.nowMs() };
    return await this.#parts.writer.call("saveTrigger", input);
  }

  async marks(
    { tenant }: CallContext,
    { workflow, id }: TriggerKey,
    limit: number,
  ): Promise<readonly TriggerMark[]> {
    return this.#parts
      .read(DOING, (reader) =>
        reader.all<TriggerMark>(LIST_TRIGGER_MARKS, tenant, workflow, id, limit),
      )
      .map((row) => ({ ...row }));
  }
}
