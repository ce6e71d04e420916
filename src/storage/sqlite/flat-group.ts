/**
 * A commit's turns on their way to the writer's thread: structured cloning writes the name of every
 * property of every object, so that a turn that has nothing but a record costs more to send than to
 * decide. Such plain turns travel as WIDTH values in a row, those that use something up as USED and
 * more values behind them, all others as they are.
 */
import type { TurnCommit } from "#ports/journal.ts";
import type { TurnUsage } from "#ports/usage.ts";
import { ABSENT, hasOnlyUsage } from "../plain-turn.ts";
import type { WriterCalls } from "./writer-calls.ts";

type CommitInput = WriterCalls["commit"]["input"];
/** Plain turns as primitives, others as one object each, in their order. */
export interface FlatGroup {
  readonly commitId: string;
  readonly nowMs: number;
  readonly flat: readonly unknown[];
}

const WIDTH = 11;
/** Stands before a plain turn with a usage, where others begin with a text. */
const USED = 1;
const USAGE_WIDTH = 6;

export function flattenGroup({ commitId, nowMs, turns }: CommitInput): FlatGroup {
  const flat: unknown[] = [];
  for (const turn of turns) {
    const { record, usage } = turn;
    if (record === null || record.runId !== turn.runId || !hasOnlyUsage(turn)) flat.push(turn);
    else {
      if (usage !== undefined) flat.push(USED);
      const { tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode } = turn;
      const { firstSeq, lastSeq, atMs, events } = record;
      flat.push(tenant, runId, epoch, status, startedAtMs, endedAtMs, errorCode);
      flat.push(firstSeq, lastSeq, atMs, events);
      if (usage === undefined) continue;
      flat.push(usage.workflow, usage.atMs, usage.steps, usage.attemptMs, usage.cpuMs, usage.bytes);
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
    } else if (first === USED) {
      const usage = usageAt(flat, index + 1 + WIDTH);
      turns.push({ ...plainTurn(flat, index + 1), usage });
      index += 1 + WIDTH + USAGE_WIDTH;
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

function usageAt(flat: readonly unknown[], at: number): TurnUsage {
  return {
    workflow: flat[at] as string,
    atMs: flat[at + 1] as number,
    steps: flat[at + 2] as number,
    attemptMs: flat[at + 3] as number,
    cpuMs: flat[at + 4] as number,
    bytes: flat[at + 5] as number,
  };
}
