/** Which turns can be kept at all, in any store; what cannot is refused before anything is written. */
import { LockstitchError } from "#errors/errors.ts";
import type { TurnCommit } from "#ports/journal.ts";

/** Characters of events or of a checkpoint's state in one turn: 64 times a turn's budget. */
export const TEXT_LENGTH_MAX = 64 * 1_048_576;

/** Start keys and consumed message ids are remembered this long. */
export const MEMORY_MS = 7 * 86_400_000;

export function refuseUnstorable(turn: TurnCommit): void {
  const { record, checkpoint } = turn;
  if (record !== null && record.lastSeq < record.firstSeq) {
    throw refused(turn, `its record ends at ${record.lastSeq} before it begins`);
  }
  for (const text of [record?.events ?? "", checkpoint?.state ?? ""]) {
    if (text.length > TEXT_LENGTH_MAX) {
      throw refused(turn, `${text.length} characters are more than ${TEXT_LENGTH_MAX} in one turn`);
    }
    // UTF-8 has no lone surrogates: storing them would change what was said.
    if (!text.isWellFormed()) throw refused(turn, "its text is not well-formed Unicode");
  }
}

/** Only hosts share slots: a store that has one owner would forget what it is told of them. */
export function refuseSlot(turn: TurnCommit): void {
  if (turn.slot !== undefined)
    throw refused(turn, "its slot is one that hosts share, and this store has one owner");
}

export function refused(turn: Pick<TurnCommit, "runId">, why: string): LockstitchError {
  return new LockstitchError("journal_refused", `run ${turn.runId}: ${why}`, {
    details: { runId: turn.runId },
  });
}
