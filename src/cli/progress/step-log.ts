/**
 * Folds a run's events into what a person wants to see of each step: no more than the last status,
 * the attempt, how long, and why. Steps of the root are kept one by one; of inner instances only
 * those that are in trouble, wait for somebody or undo a step, the rest are counted for the root step
 * above them.
 */
import type { EventView } from "#engine/engine.ts";
import { COMPENSATE } from "#workflow/control-steps.ts";
import { type PathSegment, parsePath } from "#workflow/path.ts";
import type { StepStatus } from "#workflow/statuses.ts";

/** One step as it stands. Instants are epoch milliseconds. */
export interface StepEntry {
  readonly path: string;
  readonly isInner: boolean;
  status: StepStatus;
  attempt: number;
  /** The run whose remembered result it has; null: none. */
  memoRunId: string | null;
  sinceMs: number;
  /** When it settled; null while it has not. */
  endedAtMs: number | null;
  /** When a wait or the next attempt is due. */
  dueAtMs: number | null;
  /** Error or reason, one sentence; of a running step how far it says it is. */
  note: string;
  /** What somebody must do, if it waits for somebody. */
  ask: Ask | null;
  /** Inner instances that have settled, and that have failed. */
  innerSettled: number;
  innerFailed: number;
}

export type Ask =
  | { readonly kind: "approval"; readonly title: string }
  | { readonly kind: "signal"; readonly name: string; readonly key: string | null };

const SETTLED: Readonly<Record<string, StepStatus>> = {
  "step.succeeded": "succeeded",
  "step.failed": "failed",
  "step.skipped": "skipped",
  "step.blocked": "blocked",
  "step.cancelled": "cancelled",
};

export class StepLog {
  readonly #steps = new Map<string, StepEntry>();

  /** Entries in order of their first event; inner ones only while they are unsettled or failed. */
  entries(): IterableIterator<StepEntry> {
    return this.#steps.values();
  }

  /** Applies one event; answers the entry that it changed, or null where nothing worth a line changed. */
  apply(event: EventView): StepEntry | null {
    if (event.path === null || !event.type.startsWith("step.")) return null;
    const segments = parsePath(event.path);
    const first = segments?.[0];
    if (segments === null || first === undefined) return null;
    if (!isInner(segments)) return this.#update(event, event.path, false);
    return this.#applyInner(event, event.path, segments);
  }

  #applyInner(event: EventView, path: string, segments: readonly PathSegment[]): StepEntry | null {
    const settled = SETTLED[event.type];
    const root = this.#steps.get(segments[0]?.id ?? "");
    if (settled !== undefined && root !== undefined) {
      root.innerSettled += 1;
      if (settled === "failed") root.innerFailed += 1;
    }
    const isTroubled = event.type === "step.retry_scheduled" || settled === "failed";
    const asks = askOf(event) !== null;
    const undone = undoneBy(segments);
    if (!isTroubled && !asks && undone === null && !this.#steps.has(path)) return root ?? null;
    const entry = this.#update(event, path, true);
    if (entry !== null && undone !== null && entry.note === "") entry.note = `undoes ${undone}`;
    if (settled !== undefined) this.#steps.delete(path);
    return entry;
  }

  #update(event: EventView, path: string, isInnerStep: boolean): StepEntry | null {
    const known = this.#steps.get(path);
    if (event.type === "step.memo_hit" && known !== undefined) known.memoRunId = memoRunOf(event);
    if (event.type === "step.heartbeat" && known?.status === "running")
      known.note = progressText(event.event["progress"]) ?? known.note;
    const status = statusAfter(event.type);
    if (status === null) return known ?? null;
    const entry = known ?? newEntry(path, isInnerStep, event.atMs);
    this.#steps.set(path, entry);
    const fields = event.event;
    entry.status = status;
    entry.ask = askOf(event);
    entry.dueAtMs = dueAtOf(fields);
    entry.note = errorText(fields["error"]) ?? "";
    if (typeof fields["attempt"] === "number") entry.attempt = fields["attempt"];
    entry.endedAtMs = SETTLED[event.type] === undefined ? null : event.atMs;
    return entry;
  }
}

function newEntry(path: string, isInnerStep: boolean, sinceMs: number): StepEntry {
  return {
    path,
    isInner: isInnerStep,
    status: "pending",
    attempt: 1,
    memoRunId: null,
    sinceMs,
    endedAtMs: null,
    dueAtMs: null,
    note: "",
    ask: null,
    innerSettled: 0,
    innerFailed: 0,
  };
}

function statusAfter(type: string): StepStatus | null {
  const settled = SETTLED[type];
  if (settled !== undefined) return settled;
  if (type === "step.scheduled" || type === "step.started") return "running";
  if (type === "step.waiting") return "waiting";
  if (type === "step.retry_scheduled") return "retrying";
  return null;
}

function isInner(segments: readonly PathSegment[]): boolean {
  return segments.length > 1 || segments[0]?.item !== undefined || segments[0]?.pass !== undefined;
}

/** The path that the compensation of this step undoes; null: it is no compensation's. */
function undoneBy(segments: readonly PathSegment[]): string | null {
  const around = segments.findLast(({ id, item }) => id === COMPENSATE && typeof item === "string");
  return around === undefined ? null : String(around.item);
}

function askOf(event: EventView): Ask | null {
  if (event.type !== "step.waiting") return null;
  const wait = event.event["for"] as
    | { readonly kind?: string; readonly name?: string; readonly key?: string | null }
    | undefined;
  if (wait?.kind === "signal")
    return { kind: "signal", name: wait.name ?? "", key: wait.key ?? null };
  if (wait?.kind !== "approval") return null;
  const title = (event.event["input"] as { readonly title?: unknown } | undefined)?.title;
  return { kind: "approval", title: typeof title === "string" ? title : "" };
}

function memoRunOf(event: EventView): string | null {
  return (event.event["from"] as { readonly runId?: string } | undefined)?.runId ?? null;
}

function dueAtOf(fields: Readonly<Record<string, unknown>>): number | null {
  const wait = fields["for"] as { readonly dueAtMs?: number | null } | undefined;
  const dueAtMs = wait?.dueAtMs ?? fields["dueAtMs"];
  return typeof dueAtMs === "number" ? dueAtMs : null;
}

/** `40 %: reading`. */
function progressText(progress: unknown): string | null {
  if (typeof progress !== "object" || progress === null) return null;
  const { fraction, note } = progress as { readonly fraction?: number; readonly note?: string };
  const percent = `${Math.floor((fraction ?? 0) * 100)} %`;
  return note === undefined ? percent : `${percent}: ${note}`;
}

function errorText(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return `${code ?? "failed"}: ${message ?? ""}`;
}
