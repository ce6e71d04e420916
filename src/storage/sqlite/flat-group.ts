/**
 * A commit's turns on their way to the writer's thread: structured cloning writes the name of every
 * property of every object, so that a turn that has nothing but a record costs more to send than to
 * decide. Such plain turns travel as WIDTH values in a row, all others as they are.
 */
import type { TurnCommit } from "#ports/journal.ts";
import { ABSENT, hasNothingElse } from "../plain-turn.ts";
import type { WriterCalls } from "./writer-calls.ts";

type CommitInput = WriterCalls["commit"]["input"];
/** Plain turns as WIDTH primitives each, others as one object each, in their order. */
export interface FlatGroup {
  readonly commitId: string;
  readonly nowMs: number;
  readonly flat: readonly unknown[];
}

const WIDTH = 11;
export function flattenGroup({ commitId, nowMs, turns }: CommitInput): FlatGroup {
  const flat: unknown[] = [];
  for (const turn of turns) {
    const { record } = turn;
    if (record === null || record.runId !== turn.runId || !hasNothingElse(turn)) flat.push(turn);
    else {
      const { tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode } = turn;
      const { firstSeq, lastSeq, atMs, events } = record;
      flat.push(tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode);
      flat.push(firstSeq, lastSeq, atMs, events);
    }
  }
  return { commitId, nowMs, flat };
}

export function unflattenGroup({ commitId, nowMs, flat }: FlatGroup): CommitInput {
  const turns: TurnCommit[] = [];
  for (let index = 0; index < flat.length; ) {
    const first = flat[index];
    if (typeof first === "object") {
      turns.push(first as TurnCommit);
      index += 1;
    } else {
      turns.push(plainTurn(flat, index));
      index += WIDTH;
    }
  }
  return { commitId, nowMs, turns };
}

/** The types were those of a TurnCommit where it was flattened. */
function plainTurn(flat: readonly unknown[], at: number): TurnCommit {
  const runId = flat[at + 1] as string;
  return {
    tenant: flat[at] as string,
    runId,
    epoch: flat[at + 2] as number,
    create: ABSENT.create,
    record: {
      runId,
      firstSeq: flat[at + 7] as number,
      lastSeq: flat[at + 8] as number,
      atMs: flat[at + 9] as number,
      events: flat[at + 10] as string,
    },
    status: flat[at + 3] as TurnCommit["status"],
    startedAtMs: flat[at + 4] as number | null,
    endedAtMs: flat[at + 5] as number | null,
    errorCode: flat[at + 6] as string | null,
    sends: ABSENT.sends,
    consumes: ABSENT.consumes,
    startKey: ABSENT.startKey,
    checkpoint: ABSENT.checkpoint,
  };
}
