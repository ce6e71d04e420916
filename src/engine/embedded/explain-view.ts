/** What a run waits for, put into one sentence and a bounded list; the engine's own waits among it. */
import { byWhom } from "#kernel/explain.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Journal, RunHead } from "#ports/journal.ts";
import type { ExplainView, WaitView } from "../engine.ts";
import { eventsOf } from "./event-blobs.ts";
import type { RunFacts } from "./run-facts.ts";
import type { RunHost } from "./run-host.ts";

export const WAITS_SHOWN_MAX = 100;

export function explainView(
  { status }: RunFacts,
  waits: readonly WaitView[],
  warnings: readonly string[] = [],
): ExplainView {
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
    warnings,
  };
}

/** Of a run that has ended: how, by whom it was cancelled, and the run that goes on in its place. */
export async function endSentence(
  journal: Journal,
  context: CallContext,
  head: RunHead,
): Promise<string> {
  const turn = await journal.turnAt(context, head.runId, head.seq);
  const last = turn === null ? undefined : eventsOf(turn).at(-1);
  const said = `The run has ended: ${head.status}`;
  if (last?.type === "run.continued") return `${said}. It goes on as run ${last["toRunId"]}.`;
  if (last?.type !== "run.cancelled" || typeof last["by"] !== "string") return `${said}.`;
  const reason = typeof last["reason"] === "string" ? last["reason"] : null;
  return `${said}${byWhom({ by: last["by"], reason })}.`;
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
