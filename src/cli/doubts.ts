/** What a restored store would do again, for people. */

import type { HoldView } from "#engine/engine-care.ts";
import { visible } from "#errors/visible-text.ts";

const SHOWN_MAX = 20;

export function doubtLines(hold: HoldView | null): readonly string[] {
  if (hold === null) return ["This store is not paused."];
  const { backupAtMs, openRuns, doubts } = hold;
  const copied = new Date(backupAtMs).toISOString();
  const head = `Copied at ${copied}; ${openRuns} open run${openRuns === 1 ? "" : "s"}.`;
  if (doubts.length === 0) return [head, "Nothing is in doubt."];
  return [
    head,
    "In doubt (what had started may have happened, and is done again with the same idempotency keys):",
    ...doubts.slice(0, SHOWN_MAX).map(({ runId, workflow, attempts, overdueTimers }) => {
      const timers = overdueTimers === 0 ? [] : [`${overdueTimers} overdue timer(s)`];
      const steps = attempts.length === 0 ? [] : [`steps ${attempts.join(", ")}`];
      return `  ${visible(runId)}  ${visible(workflow)}  ${visible([...steps, ...timers].join("; "))}`;
    }),
    ...(doubts.length > SHOWN_MAX ? [`  and ${doubts.length - SHOWN_MAX} more (--json)`] : []),
  ];
}
