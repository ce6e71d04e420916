/** What the attempts that a turn settles leave behind as remembered results. */
import type { MemoWrite } from "#ports/memo-store.ts";
import { slotName } from "./claims.ts";
import type { Memos } from "./memos.ts";
import type { Turn } from "./turn.ts";

/** null: nothing. */
export function memoWrites(
  turn: Turn,
  runKey: string,
  memos: Pick<Memos, "writeOf">,
): readonly MemoWrite[] | null {
  const writes: MemoWrite[] = [];
  for (const event of turn.events) {
    if (event.type !== "step.succeeded" || event.attempt === undefined) continue;
    // An operator has completed it: that is no result of the attempt.
    if (event.outputRef !== undefined) continue;
    const slot = slotName(runKey, { path: event.path, attempt: event.attempt });
    const write = memos.writeOf(slot, event.output, turn.atMs);
    if (write !== null) writes.push(write);
  }
  return writes.length === 0 ? null : writes;
}
