/**
 * A checkpoint that somebody asks for. It changes nothing of the run: the event says who asked and
 * why, and tells the engine to save the state that the turn ends with.
 */
import type { Input } from "./inputs.ts";
import { emit, type Turn } from "./turn.ts";

export function decideCheckpoint(
  turn: Turn,
  { isPinned, by, reason }: Extract<Input, { readonly kind: "checkpoint" }>,
): void {
  emit(turn, {
    type: "checkpoint.saved",
    ...{ isPinned, by },
    ...(reason === null ? {} : { reason }),
  });
}
