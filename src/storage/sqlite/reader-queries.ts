/** How each call of a reader is answered, on one reading connection, in whatever thread it lies. */
import { hash as digest } from "node:crypto";
import { inflateSync } from "node:zlib";
import type { WorkflowVersion } from "#ports/catalogue.ts";
import type { CheckpointRecord, TurnRecord } from "#ports/journal.ts";
import type { MinuteUsage, StoredUsage } from "#ports/usage.ts";
import { checkpointChecksum } from "../checkpoint-checksum.ts";
import type { Connection } from "./connection.ts";
import { dueRuns, oldestRuns } from "./due-runs.ts";
import { listLogs } from "./list-logs.ts";
import { listRuns } from "./list-runs.ts";
import type { ReaderCall, ReaderCalls } from "./reader-calls.ts";
import { toRunHead } from "./run-row.ts";
import { FIND_BLOB } from "./sql/find-blob.ts";
import { LIST_CHECKPOINTS } from "./sql/list-checkpoints.ts";
import { LIST_TURNS } from "./sql/list-turns.ts";
import { LIST_VERSIONS } from "./sql/list-versions.ts";
import { LIST_WORKFLOWS } from "./sql/list-workflows.ts";
import { MEASURE_STORED } from "./sql/measure-stored.ts";
import { READ_STORED } from "./sql/read-stored.ts";
import { READ_USAGE } from "./sql/read-usage.ts";

type Queries = {
  readonly [Kind in ReaderCall]: (
    reader: Connection,
    input: ReaderCalls[Kind]["input"],
  ) => ReaderCalls[Kind]["output"];
};

interface CheckpointRow {
  readonly seq: number;
  readonly stateVersion: number;
  readonly state: Uint8Array;
  readonly checksum: Uint8Array;
}

interface BlobRow {
  readonly isCompressed: number;
  /** Bytes before compression: bounds what inflating may take. */
  readonly size: number;
  readonly body: Uint8Array;
}

export const READER_QUERIES: Queries = {
  heads(reader, { tenant, filter, epoch }) {
    const { rows, cursor } = listRuns(reader, tenant, filter);
    return { items: rows.map((row) => toRunHead(row, epoch)), cursor };
  },
  turns(reader, { tenant, runId, afterSeq, limit }) {
    const rows = reader.all<Omit<TurnRecord, "runId">>(LIST_TURNS, tenant, runId, afterSeq, limit);
    return rows.map((row) => ({ runId, ...row }));
  },
  checkpoints(reader, { tenant, runId }) {
    const valid: CheckpointRecord[] = [];
    const corrupt: number[] = [];
    for (const row of reader.all<CheckpointRow>(LIST_CHECKPOINTS, tenant, runId)) {
      const { seq, stateVersion, state } = row;
      if (checkpointChecksum(stateVersion, state).equals(row.checksum))
        valid.push({ seq, stateVersion, state: Buffer.from(state).toString("utf8") });
      else corrupt.push(seq);
    }
    return { valid, corrupt };
  },
  blob(reader, { tenant, hash }) {
    const row = reader.get<BlobRow>(FIND_BLOB, tenant, hash);
    if (row === undefined) return { bytes: null, isCorrupt: false };
    const bytes = unpack(row);
    const isWhole = bytes !== null && digest("sha256", bytes) === hash;
    return isWhole ? { bytes, isCorrupt: false } : { bytes: null, isCorrupt: true };
  },
  logs: (reader, { tenant, runId, query }) => listLogs(reader, { tenant, runId }, query),
  due: (reader, { rules, limit, skip, epoch }) =>
    dueRuns(reader, rules, { limit, skip }).map((row) => toRunHead(row, epoch)),
  oldest: (reader, { limit, skip, epoch }) =>
    oldestRuns(reader, { limit, skip }).map((row) => toRunHead(row, epoch)),
  usage: (reader, { fromMs, epoch }) => reader.all<MinuteUsage>(READ_USAGE, fromMs, epoch),
  stored: (reader, { measuredBy }) =>
    measuredBy === null
      ? reader.all<StoredUsage>(READ_STORED)
      : reader.all<StoredUsage>(MEASURE_STORED, measuredBy),
  workflows: (reader, { tenant, afterName, limit }) =>
    reader.all<WorkflowVersion>(LIST_WORKFLOWS, tenant, afterName, limit),
  versions: (reader, { tenant, name }) => reader.all<WorkflowVersion>(LIST_VERSIONS, tenant, name),
};

function unpack(row: BlobRow): Uint8Array | null {
  if (row.isCompressed === 0) return row.body;
  try {
    return inflateSync(row.body, { maxOutputLength: row.size });
  } catch {
    // Damaged compression is damage like any other: the caller reports it.
    return null;
  }
}
