/** Rows, turns and events as callers see them. */
import type { EventView, RunSummary } from "../engine.ts";
import type { StoredEvent } from "./event-blobs.ts";
import type { RunFacts } from "./run-facts.ts";

export function summaryOf(facts: RunFacts): RunSummary {
  const { runId, tenant: _tenant, minReader: _minReader, ...rest } = facts;
  return { id: runId, ...rest };
}

/** An event with its place; `path` is that of the step or scope it is about. */
export function eventView(event: StoredEvent, seq: number, atMs: number): EventView {
  const path = event["path"];
  return { seq, atMs, type: event.type, path: typeof path === "string" ? path : null, event };
}
