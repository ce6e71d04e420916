/**
 * Claims that share a meter with different limits: the one with the lower limit finds room only
 * where the others leave some, and with enough of them it never would. So once it has aged, and
 * counts more than they do, they stand back until it has gone.
 *
 *   B1. Only who has waited for a whole ageing period holds others back: until then whoever finds
 *       room goes.
 *   B2. Runs are never held back: one that goes on may wait for another that it has started.
 */
import type { SlotClaim } from "./claim.ts";
import { effectivePriority } from "./fair-queue.ts";
import type { Line } from "./line.ts";

/** The line whose next claim goes before `claim`, whether it finds room yet or not; null: none. */
export function heldBackBy(
  claim: SlotClaim,
  line: Line,
  { wallMs, ageingMs }: { readonly wallMs: number; readonly ageingMs: number },
): Line | null {
  const { meter } = line;
  if (claim.path === "") return null;
  for (const other of meter.lines) {
    if (other === line || other.queue.size === 0) continue;
    const next = other.queue.peek(wallMs)?.claim;
    if (next === undefined || wallMs - next.sinceMs < ageingMs) continue;
    const ahead = effectivePriority(next, wallMs, ageingMs);
    const own = effectivePriority(claim, wallMs, ageingMs);
    if (ahead > own || (ahead === own && next.sinceMs < claim.sinceMs)) return other;
  }
  return null;
}
