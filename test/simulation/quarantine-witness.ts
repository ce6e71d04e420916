/** What a journal must show of suspects: attempts whose step was lost twice in a row (W13). */
import type { RunEvent } from "#kernel/events.ts";

interface Entry {
  readonly event: RunEvent;
}

/** Attempts of the step that were lost since one of them ended otherwise. */
export function lostInARow(journal: readonly Entry[], path: string): number {
  let lost = 0;
  for (const { event } of journal)
    if ("path" in event && event.path === path) {
      if (event.type === "step.lost") lost++;
      else if (event.type === "step.retry_scheduled" || event.type === "step.resolved") lost = 0;
    }
  return lost;
}

/** Whether it is durable that other suspects may be at work beside the attempt. */
export function hasJoined(
  journal: readonly Entry[],
  { path, attempt }: { readonly path: string; readonly attempt: number },
): boolean {
  return journal.some(
    ({ event }) => event.type === "step.joined" && event.path === path && event.attempt === attempt,
  );
}

/** Who is failed for a loss beside others, or before its third loss; null: nobody. */
export function blamedWrongly(journal: readonly Entry[]): string | null {
  const joined = new Set<string>();
  const lost = new Map<string, number>();
  const losses = new Map<string, number>();
  for (const { event } of journal) {
    if (event.type === "step.joined") joined.add(`${event.path} ${event.attempt}`);
    else if (event.type === "step.retry_scheduled" || event.type === "step.resolved")
      losses.delete(event.path);
    else if (event.type === "step.lost") {
      lost.set(event.path, event.attempt);
      losses.set(event.path, (losses.get(event.path) ?? 0) + 1);
    }
    // The steps around it fail with the same error.
    if (event.type !== "step.failed" || event.error.code !== "host_lost") continue;
    if (!lost.has(event.path)) continue;
    const attempt = lost.get(event.path);
    if ((losses.get(event.path) ?? 0) < 3) return `${event.path} before its third loss`;
    if (joined.has(`${event.path} ${attempt}`))
      return `${event.path} #${attempt} beside other suspects`;
  }
  return null;
}
