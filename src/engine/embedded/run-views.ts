/** Rows, turns and events as callers see them. */
import type { EventView, RunSummary } from "../engine.ts";
import type { StoredEvent } from "./event-blobs.ts";
import type { RunFacts } from "./run-facts.ts";

/** Field by field: leaving two out of a copy takes twenty times as long, for each turn that is told. */
export function summaryOf(facts: RunFacts): RunSummary {
  return {
    id: facts.runId,
    workflow: facts.workflow,
    version: facts.version,
    status: facts.status,
    seq: facts.seq,
    createdAtMs: facts.createdAtMs,
    startedAtMs: facts.startedAtMs,
    endedAtMs: facts.endedAtMs,
    labels: facts.labels,
    parentRunId: facts.parentRunId,
    errorCode: facts.errorCode,
  };
}

/** An event with its place; `path` is that of the step or scope it is about. */
export function eventView(event: StoredEvent, seq: number, atMs: number): EventView {
  const path = event["path"];
  return { seq, atMs, type: event.type, path: typeof path === "string" ? path : null, event };
}
