/**
 * A run as its witnesses read it: the journaled events with the instant at which each became
 * durable, and the steps of its workflow by id. Nothing here asks the kernel anything but how a
 * path is written, so that what is checked with it is checked independently.
 *
 *   H1. Ids of random workflows are unique in their workflow, so the last id of a path names the step.
 *   H2. `durableMs` is monotonic simulated time; `atMs` is the journal's own, by the wall clock.
 */
import type { EventOf, RunEvent, RunEventType } from "#kernel/events.ts";
import type { Step, WorkflowDefinition } from "#workflow/definition.ts";
import { formatPath, type PathSegment, parsePath } from "#workflow/path.ts";

export interface Entry {
  readonly event: RunEvent;
  readonly seq: number;
  readonly atMs: number;
  readonly durableMs: number;
}

export interface StepFacts {
  readonly step: Step;
  /** Ids of the sagas that undo it, the nearest first. */
  readonly sagas: readonly string[];
}

export interface RunHistory {
  readonly runId: string;
  readonly workflow: WorkflowDefinition;
  readonly steps: ReadonlyMap<string, StepFacts>;
  readonly entries: readonly Entry[];
}

export type EntryOf<Type extends RunEventType> = Entry & { readonly event: EventOf<Type> };

export function entriesOf<Type extends RunEventType>(
  { entries }: RunHistory,
  type: Type,
): EntryOf<Type>[] {
  return entries.filter((entry): entry is EntryOf<Type> => entry.event.type === type);
}

const ENDS: ReadonlySet<string> = new Set([
  "run.succeeded",
  "run.failed",
  "run.cancelled",
  "run.continued",
]);

/** The run's last event; null: it has not ended. */
export function endOf({ entries }: RunHistory): Entry | null {
  const last = entries.at(-1);
  return last !== undefined && ENDS.has(last.event.type) ? last : null;
}

/** How long of the time between two instants the run was paused; by the journal's clock. */
export function pausedMs({ entries }: RunHistory, fromMs: number, toMs: number): number {
  let total = 0;
  let sinceMs: number | null = null;
  const add = (untilMs: number) => {
    if (sinceMs !== null) total += Math.max(0, Math.min(untilMs, toMs) - Math.max(sinceMs, fromMs));
    sinceMs = null;
  };
  for (const { event, atMs } of entries) {
    if (event.type === "run.paused") sinceMs = atMs;
    // A cancel ends the pause, too.
    if (event.type === "run.resumed" || event.type === "run.cancel_requested") add(atMs);
  }
  add(toMs);
  return total;
}

/** The step at `path` as its workflow has it; undefined: it is no step's path. */
export function factsAt({ steps }: RunHistory, path: string): StepFacts | undefined {
  const last = parsePath(path)?.at(-1);
  return last === undefined ? undefined : steps.get(last.id);
}

/** The step `id` around `path`, and which of its attempts `path` belongs to; null: it is not around it. */
export function ownerAround(
  path: string,
  id: string,
): { readonly path: string; readonly attempt: number } | null {
  const segments = parsePath(path) ?? [];
  const at = segments.findIndex((segment) => segment.id === id);
  if (at < 0) return null;
  const own: PathSegment[] = [...segments.slice(0, at), { id }];
  return { path: formatPath(own), attempt: segments[at]?.attempt ?? 1 };
}

/** Every step of a workflow, however deep, by id. */
export function stepsOf(workflow: WorkflowDefinition): Map<string, StepFacts> {
  const found = new Map<string, StepFacts>();
  collect([workflow.steps, workflow.finally], [], found);
  return found;
}

function collect(value: unknown, sagas: readonly string[], found: Map<string, StepFacts>): void {
  if (value === null || typeof value !== "object") return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, sagas, found);
    return;
  }
  const isStep = "uses" in value && "id" in value;
  if (!isStep) {
    for (const inner of Object.values(value)) collect(inner, sagas, found);
    return;
  }
  const step = value as Step;
  found.set(step.id, { step, sagas });
  for (const [name, inner] of Object.entries(step)) {
    if (name === "with") continue;
    // What happens in a compensation is undone by nobody around it.
    if (name === "compensate") collect(inner, [], found);
    else
      collect(inner, step.uses === "saga" && name === "steps" ? [step.id, ...sagas] : sagas, found);
  }
}
