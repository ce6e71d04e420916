/**
 * How a list of runs is read from any store, newest first. Exactly one condition of the filter leads
 * (the most selective index: parent, label, workflow, status, time), the others are checked row by
 * row behind it. The cursor is the place of the last row: `createdAtMs.number`.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { RunFilter } from "#ports/journal.ts";
import { STATUSES, statusNumber } from "./run-statuses.ts";

export interface RunListPlan {
  readonly leading: "parent" | "label" | "workflow" | "status" | "time";
  /** Numbers of the statuses that are wanted, each once. */
  readonly statuses: readonly number[];
  /** The label that leads, and every label that is wanted. */
  readonly label: readonly [name: string, value: string] | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly workflow: string | null;
  readonly parent: string | null;
  /** Rows after this instant, and before the place (beforeMs, beforeNumber). */
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly beforeNumber: number;
  /** One row more than asked shows whether a page follows. */
  readonly rowsMax: number;
}

export function planRunList(filter: RunFilter): RunListPlan {
  const labels = filter.labels ?? {};
  const before = parseCursor(filter.cursor);
  const createdBeforeMs = filter.createdBeforeMs ?? Number.MAX_SAFE_INTEGER;
  return {
    leading: leadingOf(filter),
    statuses: [...new Set((filter.status ?? STATUSES).map(statusNumber))],
    label: Object.entries(labels)[0] ?? null,
    labels,
    workflow: filter.workflow ?? null,
    parent: filter.parentRunId ?? null,
    afterMs: filter.createdAfterMs ?? Number.MIN_SAFE_INTEGER,
    beforeMs: Math.min(before.createdAtMs, createdBeforeMs),
    // Behind `createdBeforeMs` no row of that very instant counts; behind a cursor those before it do.
    beforeNumber: before.createdAtMs < createdBeforeMs ? before.number : 0,
    rowsMax: filter.limit + 1,
  };
}

interface PlacedRow {
  readonly createdAtMs: number;
  readonly number: number;
}

/** The page of what was found, and where the next one goes on; null: it was the last. */
export function pageOf<Row extends PlacedRow>(
  found: readonly Row[],
  { limit }: RunFilter,
): { readonly rows: readonly Row[]; readonly cursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const isMore = found.length > limit && last !== undefined;
  return { rows, cursor: isMore ? `${last.createdAtMs}.${last.number}` : null };
}

function leadingOf(filter: RunFilter): RunListPlan["leading"] {
  if (filter.parentRunId !== undefined) return "parent";
  if (Object.keys(filter.labels ?? {}).length > 0) return "label";
  if (filter.workflow !== undefined) return "workflow";
  return filter.status !== undefined ? "status" : "time";
}

function parseCursor(cursor: string | undefined): PlacedRow {
  if (cursor === undefined) {
    return { createdAtMs: Number.MAX_SAFE_INTEGER, number: Number.MAX_SAFE_INTEGER };
  }
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(cursor);
  if (match === null) {
    throw new LockstitchError("request_invalid", "the cursor is not one that a list answered");
  }
  return { createdAtMs: Number(match[1]), number: Number(match[2]) };
}
