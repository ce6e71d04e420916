/** What a simulated disk remembers of triggers: ports/triggers.ts in a plain map. */
import { LockstitchError } from "#errors/errors.ts";
import {
  MARKS_KEPT,
  type TriggerFilter,
  type TriggerKey,
  type TriggerKind,
  type TriggerMark,
  type TriggerRow,
  type TriggerSave,
  type TriggerText,
} from "#ports/triggers.ts";

export class SimulatedTriggers {
  readonly #rows = new Map<string, TriggerRow>();
  readonly #marks = new Map<string, TriggerMark[]>();

  find(tenant: string, key: TriggerKey): TriggerRow | null {
    return this.#rows.get(idOf(tenant, key)) ?? null;
  }

  list(
    tenant: string,
    filter: TriggerFilter & { readonly cursor?: string | undefined; readonly limit: number },
  ): { readonly items: readonly TriggerRow[]; readonly cursor: string | null } {
    const { workflow, kind, cursor, limit } = filter;
    if (cursor !== undefined && cursor.split("/").length !== 2)
      throw new LockstitchError("request_invalid", "not a cursor of this list");
    const after = cursor?.replace("/", "\n") ?? "";
    const found = this.#all(
      (row) =>
        row.tenant === tenant &&
        `${row.workflow}\n${row.id}` > after &&
        (workflow === undefined || row.workflow === workflow) &&
        (kind === undefined || row.kind === kind),
    ).sort((a, b) => compare(`${a.workflow}\n${a.id}`, `${b.workflow}\n${b.id}`));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return { items, cursor: isMore ? `${last.workflow}/${last.id}` : null };
  }

  matching(tenant: string, kind: TriggerKind, lookup: string): readonly TriggerRow[] {
    return this.#all(
      (row) => row.tenant === tenant && row.kind === kind && row.lookup === lookup && lookup !== "",
    ).sort((a, b) => compare(`${a.workflow}\n${a.id}`, `${b.workflow}\n${b.id}`));
  }

  due(nowMs: number, limit: number): readonly TriggerRow[] {
    return this.#all(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
      .sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0))
      .slice(0, limit);
  }

  nextDueAtMs(): number | null {
    const due = this.#all(() => true).flatMap(({ dueAtMs }) => (dueAtMs === null ? [] : [dueAtMs]));
    return due.length === 0 ? null : Math.min(...due);
  }

  save(tenant: string, change: TriggerSave, nowMs: number): boolean {
    const { workflow, id, revision, to, marks } = change;
    const name = idOf(tenant, change);
    const there = this.#rows.get(name);
    if ((there?.revision ?? 0) !== revision) return false;
    if (to === null) this.#rows.delete(name);
    else this.#write(tenant, { workflow, id, ...to }, revision + 1, nowMs);
    const kept = this.#marks.get(name) ?? [];
    this.#marks.set(name, [...marks.toReversed(), ...kept].slice(0, MARKS_KEPT));
    return true;
  }

  bring(tenant: string, workflow: string, texts: readonly TriggerText[], nowMs: number): void {
    for (const row of this.#all((one) => one.tenant === tenant && one.workflow === workflow))
      if (row.source === "definition" && !texts.some(({ id }) => id === row.id))
        this.#rows.delete(idOf(tenant, row));
    for (const text of texts) {
      const before = this.#rows.get(idOf(tenant, text));
      const isKind = before?.kind === text.kind;
      if (isKind && before.spec === text.spec && before.source === "definition") continue;
      const paused = before?.paused ?? null;
      const state = isKind ? before.state : text.state;
      const dueAtMs = isKind && text.kind === "schedule" ? nowMs : text.dueAtMs;
      const row = { ...text, state, paused, dueAtMs, source: "definition" as const };
      this.#write(tenant, row, (before?.revision ?? 0) + 1, nowMs);
    }
  }

  marks(tenant: string, key: TriggerKey, limit: number): readonly TriggerMark[] {
    return (this.#marks.get(idOf(tenant, key)) ?? []).slice(0, limit);
  }

  #write(
    tenant: string,
    row: TriggerText & Pick<TriggerRow, "source" | "paused">,
    revision: number,
    nowMs: number,
  ): void {
    const { kind, lookup } = row;
    const owner = this.#all(
      (one) =>
        kind === "webhook" &&
        one.kind === kind &&
        one.tenant === tenant &&
        one.lookup === lookup &&
        idOf(tenant, one) !== idOf(tenant, row),
    )[0];
    if (owner !== undefined)
      throw new LockstitchError("action_refused", `Webhook ${lookup} is ${owner.id} already.`);
    const createdAtMs = this.#rows.get(idOf(tenant, row))?.createdAtMs ?? nowMs;
    const { workflow, id, spec, state, dueAtMs, source, paused } = row;
    this.#rows.set(idOf(tenant, row), {
      ...{ tenant, workflow, id, kind, lookup, spec, state, dueAtMs, source, paused },
      ...{ revision, createdAtMs, changedAtMs: nowMs },
    });
  }

  #all(matches: (row: TriggerRow) => boolean): TriggerRow[] {
    return [...this.#rows.values()].filter(matches);
  }
}

function idOf(tenant: string, { workflow, id }: TriggerKey): string {
  return `${tenant}\n${workflow}\n${id}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
