/**
 * What a subscriber's filter (run-events.ts) lets through, worked out once when it subscribes: null
 * stands for everything, so that nothing is asked about each event of who wants them all.
 */
import { LockstitchError } from "#errors/errors.ts";
import { parsePath } from "#workflow/path.ts";
import type { EventFilter } from "../run-events.ts";
import type { RunFacts } from "./run-facts.ts";

/** What of an event is told, whatever its type. */
export interface EventFields {
  readonly type: string;
  readonly path?: string;
  readonly attempt?: number;
  readonly error?: { readonly code: string };
}

export interface EventMatcher {
  /** Whether anything of a turn of this run can be for it; null: of every run. */
  readonly run: ((facts: RunFacts) => boolean) | null;
  /** null: every event. */
  readonly event: ((event: EventFields) => boolean) | null;
}

/** Events after which a run or a step is in another state than before. */
const CHANGES: Readonly<Record<"run" | "step", ReadonlySet<string>>> = {
  run: new Set(
    ["queued", "started", "paused", "resumed", "cancel_requested", "succeeded"]
      .concat(["failed", "cancelled", "continued"])
      .map((what) => `run.${what}`),
  ),
  step: new Set(
    ["scheduled", "started", "waiting", "retry_scheduled", "lost", "resolved", "memo_hit"]
      .concat(["succeeded", "failed", "skipped", "blocked", "cancelled"])
      .map((what) => `step.${what}`),
  ),
};

/** Throws request_invalid for a filter that cannot be. */
export function matcherOf(filter: EventFilter): EventMatcher {
  refuseUnknown(filter);
  return { run: runMatcher(filter), event: eventMatcher(filter) };
}

function runMatcher({ workflow, runId, labels }: EventFilter): EventMatcher["run"] {
  if (workflow === undefined && runId === undefined && labels === undefined) return null;
  const workflows = names(workflow);
  const runs = names(runId);
  const wanted = Object.entries(labels ?? {});
  return (facts) =>
    workflows?.has(facts.workflow) !== false &&
    runs?.has(facts.runId) !== false &&
    wanted.every(([name, value]) => facts.labels[name] === value);
}

function eventMatcher({ type, changes, step }: EventFilter): EventMatcher["event"] {
  const types = type === undefined && changes === undefined ? null : typeMatcher(type, changes);
  const steps = names(step);
  if (steps === null) return types === null ? null : (event) => types(event.type);
  return ({ type, path }) =>
    path !== undefined &&
    types?.(type) !== false &&
    (steps.has(path) || steps.has(parsePath(path)?.at(-1)?.id ?? ""));
}

/** Types are few and come again: what is known of one is one look. */
function typeMatcher(
  wanted: EventFilter["type"],
  changes: EventFilter["changes"],
): (type: string) => boolean {
  const all = [wanted ?? []].flat();
  const exact = new Set(all);
  const prefixes = all.filter((one) => one.endsWith(".*")).map((one) => one.slice(0, -1));
  const known = new Map<string, boolean>();
  const isWanted = (type: string) => {
    if (changes !== undefined && !isChange(changes, type)) return false;
    return (
      wanted === undefined || exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
    );
  };
  return (type) => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const answer = isWanted(type);
    known.set(type, answer);
    return answer;
  };
}

function isChange(changes: "run" | "step" | "any", type: string): boolean {
  if (changes !== "any") return CHANGES[changes].has(type);
  return CHANGES.step.has(type) || CHANGES.run.has(type);
}

function names(wanted: string | readonly string[] | undefined): ReadonlySet<string> | null {
  return wanted === undefined ? null : new Set([wanted].flat());
}

function refuseUnknown(filter: EventFilter): void {
  const known = ["workflow", "runId", "step", "type", "changes", "labels"];
  const stranger = Object.keys(filter).find((key) => !known.includes(key));
  const fault =
    stranger !== undefined
      ? `a filter has no ${stranger}; it has ${known.join(", ")}.`
      : !["run", "step", "any", undefined].includes(filter.changes)
        ? "changes is run, step or any."
        : null;
  if (fault !== null) throw new LockstitchError("request_invalid", `on(): ${fault}`);
}
