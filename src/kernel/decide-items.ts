/**
 * Items of a stream that the host has read for a for_each.
 *
 * I1. A chunk is taken only where the step asks for it: each item is stored once, in its place,
 *     whoever else has read it too (a reader that a pause or a crash left behind).
 * I2. A stream that fails, whenever that is, fails its step, and none of its items has opened.
 */
import { ITEMS_MAX } from "./decision.ts";
import type { Input } from "./inputs.ts";
import { fail } from "./outcome.ts";
import { readingOf } from "./scopes/reads-items.ts";
import { emit, type Turn } from "./turn.ts";

export function takeItems(turn: Turn, input: Extract<Input, { readonly kind: "items" }>): void {
  const { path, attempt, from, outcome } = input;
  const instance = turn.state.steps.get(path);
  const isAsked =
    instance !== undefined &&
    instance.attempt === attempt &&
    instance.live?.cancelling === null &&
    turn.state.pausedAtMs === null &&
    readingOf(instance)?.from === from;
  turn.applied = isAsked;
  if (!isAsked) return;
  if (!outcome.ok) {
    fail(turn, instance, outcome.error);
    return;
  }
  const { values, count, position, isLast } = outcome;
  if (from + count > ITEMS_MAX) {
    const message = `for_each "${path}" has more than ${ITEMS_MAX} items, which is the limit a loop; group the stream, or hand on several records at once with batch.`;
    fail(turn, instance, { code: "limit_exceeded", message, retryable: false });
    return;
  }
  emit(turn, {
    ...{ type: "step.items_stored", path, from, values, count },
    ...(isLast ? { isLast: true } : { position }),
  });
}
