/**
 * Turns that have nothing but a record: most of them. What is done for those alone (sent flat to a
 * writer's thread, appended by one statement) asks here.
 */
import type { TurnCommit } from "#ports/journal.ts";

export type PlainField =
  | "tenant"
  | "runId"
  | "epoch"
  | "record"
  | "status"
  | "startedAtMs"
  | "endedAtMs"
  | "errorCode";
type Absent = { readonly [Field in Exclude<keyof TurnCommit, PlainField>]-?: unknown };

const NOTHING: readonly never[] = [];

/** What a plain turn has of all else; a field that TurnCommit gets must be said here and asked below. */
export const ABSENT = {
  create: null,
  sends: NOTHING,
  consumes: NOTHING,
  startKey: null,
  checkpoint: null,
  labels: undefined,
  blobs: undefined,
  memos: undefined,
  forgets: undefined,
  shared: undefined,
  admission: undefined,
  logs: undefined,
  slot: undefined,
  usage: undefined,
  isReserved: undefined,
} satisfies Absent;

/** Whatever the record says, also where there is none. */
export function hasNothingElse(turn: TurnCommit): boolean {
  return turn.usage === undefined && hasOnlyUsage(turn);
}

/** As hasNothingElse(), but it may use something up. */
export function hasOnlyUsage(turn: TurnCommit): boolean {
  return turn.create === null && isBare(turn);
}

/** As hasNothingElse(), but it may create its run. */
export function isHeadOnly(turn: TurnCommit): boolean {
  return turn.usage === undefined && isBare(turn);
}

function isBare(turn: TurnCommit): boolean {
  return (
    turn.startKey === null &&
    turn.checkpoint === null &&
    turn.sends.length === 0 &&
    turn.consumes.length === 0 &&
    turn.labels === undefined &&
    turn.blobs === undefined &&
    turn.memos === undefined &&
    turn.forgets === undefined &&
    turn.shared === undefined &&
    turn.admission === undefined &&
    turn.logs === undefined &&
    turn.slot === undefined &&
    turn.isReserved === undefined
  );
}
