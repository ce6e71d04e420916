/** What a for_each over a stream asks of its host: the items that follow those it has. */
import type { Effect } from "../effects.ts";
import type { StepInstance } from "../state.ts";

/** The effect of an open step that reads a stream; null: it reads none, or none any more. */
export function readingOf({
  path,
  attempt,
  live,
}: StepInstance): Extract<Effect, { readonly kind: "items" }> | null {
  const control = live?.control;
  if (live === null || control?.kind !== "for_each" || control.stream?.isRead !== false)
    return null;
  const { batch, position } = control.stream;
  const from = control.stored;
  const key = `items:${path}#${attempt}@${from}`;
  return { kind: "items", key, path, attempt, stream: live.input, batch, from, position };
}
