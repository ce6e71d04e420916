/**
 * What a journal must show of operators' decisions and of heartbeats (W11, W12 of simulation.ts).
 * Each function answers what is wrong, or null.
 */
import type { RunEvent } from "#kernel/events.ts";

interface Entry {
  readonly event: RunEvent;
  readonly atMs: number;
}

const BEGINNING: ReadonlySet<string> = new Set([
  "step.scheduled",
  "step.started",
  "step.waiting",
  "child.started",
]);

/**
 * W11: a step that was decided about begins nothing more, and does not end otherwise, but for a
 * cleanup of its own (`finally`, compensations) that failed.
 */
export function decisionBroken(journal: readonly Entry[]): string | null {
  const decided = new Map<string, string>();
  const unclean = new Set<string>();
  for (const { event } of journal) {
    if (!("path" in event) || event.path === undefined) continue;
    if (event.type === "scope.closed" && event.outcome === "failed")
      unclean.add(event.path.replace(/\.finally$/, ""));
    const action = decided.get(event.path);
    if (event.type === "step.resolved") {
      if (event.action !== "retry") decided.set(event.path, event.action);
    } else if (action === undefined) continue;
    else if (BEGINNING.has(event.type)) return `${event.path} began after ${action}: ${event.type}`;
    else if (event.type === "step.succeeded" && action !== "complete")
      return `${event.path} succeeded after ${action}`;
    else if (
      event.type === "step.failed" &&
      action !== "fail" &&
      !unclean.has(event.path) &&
      event.error.code !== "compensation_failed"
    )
      return `${event.path} failed after ${action}: ${event.error.code}`;
  }
  return null;
}

/** W12: no attempt is failed for its silence before its heartbeatTimeout is over. */
export function silenceBroken(
  journal: readonly Entry[],
  timeoutOf: (path: string) => number | null,
): string | null {
  const lastMs = new Map<string, number>();
  for (const { event, atMs } of journal) {
    if (event.type === "step.started" || event.type === "step.heartbeat")
      lastMs.set(event.path, atMs);
    if (event.type !== "step.retry_scheduled" && event.type !== "step.failed") continue;
    // The steps around it fail with the same error.
    const isOwn = event.error.message.includes(` of "${event.path}" `);
    if (event.error.code !== "heartbeat_timeout" || !isOwn) continue;
    const timeoutMs = timeoutOf(event.path);
    const silentMs = atMs - (lastMs.get(event.path) ?? 0);
    if (timeoutMs !== null && silentMs < timeoutMs)
      return `${event.path} was failed after ${silentMs} ms of silence, of ${timeoutMs}`;
  }
  return null;
}

/**
 * W12: what attempt `attempt` must be handed: the newest details of those before it, in the same
 * instance of its step.
 */
export function handedDetails(
  journal: readonly Entry[],
  { path, attempt }: { readonly path: string; readonly attempt: number },
): unknown {
  let details: unknown = null;
  let handed: unknown = null;
  for (const { event } of journal) {
    if (!("path" in event) || event.path !== path) continue;
    if (event.type === "step.scheduled" && event.attempt === 1) details = null;
    if (event.type === "step.heartbeat" && event.value !== undefined) details = event.value;
    if (event.type === "step.started" && event.attempt === attempt) handed = details;
  }
  return handed;
}
