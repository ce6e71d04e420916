/** What loading a run reads of the journal, gathered with what the loading of others reads. */
import { bigints, ints, texts } from "./columns.ts";
import type { Sessions } from "./connection.ts";
import { GatheredReads } from "./gathered-reads.ts";
import type { RunRow } from "./run-row.ts";
import { LIST_CHECKPOINTS } from "./sql/list-checkpoints.ts";
import { LIST_CHECKPOINTS_OF_RUNS } from "./sql/list-checkpoints-of-runs.ts";
import { LIST_TURNS } from "./sql/list-turns.ts";
import { LIST_TURNS_OF_RUNS } from "./sql/list-turns-of-runs.ts";
import { READ_HEAD } from "./sql/read-head.ts";
import { READ_HEADS } from "./sql/read-heads.ts";

const READING = "reading the journal";

interface OfRun {
  readonly tenant: string;
  readonly runId: string;
}

interface TurnsOfRun extends OfRun {
  readonly afterSeq: number;
  readonly limit: number;
}

export interface TurnRow {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly atMs: number;
  readonly events: Buffer;
}

export interface CheckpointRow {
  readonly seq: number;
  readonly stateVersion: number;
  readonly state: Buffer;
  readonly checksum: Buffer;
}

export interface RunReads {
  readonly heads: GatheredReads<OfRun, RunRow>;
  readonly turns: GatheredReads<TurnsOfRun, TurnRow>;
  readonly checkpoints: GatheredReads<OfRun, CheckpointRow>;
}

export function runReads(sessions: Sessions): RunReads {
  return {
    heads: new GatheredReads({
      one: ({ tenant, runId }) => sessions.all<RunRow>(READING, READ_HEAD, tenant, runId),
      many: (asks) => sessions.all(READING, READ_HEADS, ...columnsOf(asks)),
    }),
    turns: new GatheredReads({
      one: ({ tenant, runId, afterSeq, limit }) =>
        sessions.all<TurnRow>(READING, LIST_TURNS, tenant, runId, afterSeq, limit),
      many: (asks) =>
        sessions.all(
          ...([READING, LIST_TURNS_OF_RUNS, ...columnsOf(asks)] as const),
          bigints(asks.map(({ afterSeq }) => afterSeq)),
          ints(asks.map(({ limit }) => limit)),
        ),
    }),
    checkpoints: new GatheredReads({
      one: ({ tenant, runId }) =>
        sessions.all<CheckpointRow>(READING, LIST_CHECKPOINTS, tenant, runId),
      many: (asks) => sessions.all(READING, LIST_CHECKPOINTS_OF_RUNS, ...columnsOf(asks)),
    }),
  };
}

function columnsOf(asks: readonly OfRun[]): readonly Buffer[] {
  return [
    ints(asks.map((_, at) => at)),
    texts(asks.map(({ tenant }) => tenant)),
    texts(asks.map(({ runId }) => runId)),
  ];
}
