/** What a run waits for, put into one sentence and a bounded list; the engine's own waits among it. */
import type { RunStatus } from "#ports/journal.ts";
import type { ExplainView, WaitView } from "../engine.ts";
import type { RunHost } from "./run-host.ts";

const WAITS_SHOWN_MAX = 100;

export function explainView(status: RunStatus, waits: readonly WaitView[]): ExplainView {
  const [first] = waits;
  const others = waits.length - 1;
  const sentence =
    first === undefined
      ? `The run is ${status}.`
      : first.kind === "paused"
        ? `The run ${first.text}.`
        : `The run is ${status}: ${first.text}${others > 0 ? `, and ${others} more` : ""}.`;
  return {
    status,
    sentence,
    waits: waits.slice(0, WAITS_SHOWN_MAX),
    more: Math.max(0, waits.length - WAITS_SHOWN_MAX),
  };
}

/** Why a parked run does nothing; null for every other. */
export function parkedWait(host: RunHost | undefined): WaitView | null {
  const parked = host?.parked ?? null;
  if (parked === null) return null;
  return {
    path: null,
    kind: "journal",
    text: `is parked (${parked.code}): ${parked.message}`,
    frees: "any call to the run, or a restart, tries again",
    dueAtMs: null,
  };
}

/** A wait for a slot, with how many stand before it; or for the result of another step. */
export function withPosition(wait: WaitView, host: RunHost | undefined): WaitView {
  if (wait.kind !== "slot" && wait.kind !== "run_slot") return wait;
  const memo = wait.path === null ? null : (host?.queues.memoWaitOf(wait.path) ?? null);
  if (memo !== null)
    return {
      ...wait,
      kind: "memo",
      text: `"${wait.path}" waits for the memo of "${memo.path}" in run ${memo.runId}`,
      frees: "that attempt ends: its result counts for this step too",
    };
  const position = host?.queues.positionOf(wait.path) ?? null;
  return position === null ? wait : { ...wait, text: `${wait.text}, ${position.ahead} ahead` };
}
