/**
 * The Journal port: commits go to the writer, point reads (some microseconds) are answered by a
 * reading connection in the calling thread, what may be long by the reader's own thread. In WAL
 * mode a reader sees the last commit that returned and never waits for the writer.
 *
 * Turns begin where they are asked for and go on in the reader's thread when they are many: the
 * tail of an ordinary run is there without a hop, and a long journal holds up nobody.
 */
import type { CallContext } from "#ports/call-context.ts";
import type {
  AdmissionState,
  CheckpointMark,
  CheckpointRecord,
  Journal,
  Message,
  RunFilter,
  RunHead,
  RunStatus,
  TurnCommit,
  TurnRecord,
} from "#ports/journal.ts";
import { countsByStatus } from "../run-statuses.ts";
import { MEMORY_MS } from "../storable-turn.ts";
import type { Connection } from "./connection.ts";
import { READER_QUERIES } from "./reader-queries.ts";
import { type RunRow, toRunHead } from "./run-row.ts";
import { CHECKPOINT_SIZES } from "./sql/checkpoint-sizes.ts";
import { COUNT_ALL_RUNS } from "./sql/count-all-runs.ts";
import { COUNT_RUNS } from "./sql/count-runs.ts";
import { FIND_COMMIT_ID } from "./sql/find-commit-id.ts";
import { FIND_START_KEY } from "./sql/find-start-key.ts";
import { FIND_TURN } from "./sql/find-turn.ts";
import { LIST_BREAKERS } from "./sql/list-breakers.ts";
import { LIST_CHECKPOINT_MARKS } from "./sql/list-checkpoint-marks.ts";
import { LIST_RATE_STARTS } from "./sql/list-rate-starts.ts";
import { LIST_TURNS } from "./sql/list-turns.ts";
import { OPEN_RUNS } from "./sql/open-runs.ts";
import { READ_HEAD } from "./sql/read-head.ts";
import { WAITING_MESSAGES } from "./sql/waiting-messages.ts";
import type { StoreParts } from "./store-parts.ts";

type TurnRow = Omit<TurnRecord, "runId">;

/** What the calling thread reads by itself: about 1 ms. */
const TURNS_HERE = 64;
const TURNS_LENGTH_HERE = 128 * 1024;
const CHECKPOINT_BYTES_HERE = 256 * 1024;

export class SqliteJournal implements Journal {
  readonly #parts: StoreParts;
  /** Commits under way: committed() tells the truth only after them. */
  readonly #inFlight = new Set<Promise<unknown>>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async commit(
    commitId: string,
    turns: readonly TurnCommit[],
  ): Promise<{ readonly fenced: readonly string[]; readonly stale?: readonly string[] }> {
    const nowMs = this.#parts.nowMs();
    const commit = this.#parts.writer.call("commit", { commitId, turns, nowMs });
    this.#inFlight.add(commit);
    try {
      const { fenced, stale } = await commit;
      return stale.length === 0 ? { fenced } : { fenced, stale };
    } finally {
      this.#inFlight.delete(commit);
    }
  }

  async committed(commitId: string): Promise<boolean> {
    // Whoever made a commit is told how it ended; here it only has to have ended.
    await Promise.allSettled([...this.#inFlight]);
    return this.#read((reader) => reader.get(FIND_COMMIT_ID, commitId) !== undefined);
  }

  async admission(afterMs: number): Promise<AdmissionState> {
    return this.#read((reader) => ({
      starts: reader.all<AdmissionState["starts"][number]>(LIST_RATE_STARTS, afterMs),
      breakers: reader.all<AdmissionState["breakers"][number]>(LIST_BREAKERS, afterMs),
    }));
  }

  async head(context: CallContext, runId: string): Promise<RunHead | null> {
    return this.#read((reader) => {
      const row = reader.get<RunRow>(READ_HEAD, context.tenant, runId);
      return row === undefined ? null : toRunHead(row, this.#parts.epoch);
    });
  }

  heads(
    context: CallContext,
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunHead[]; readonly cursor: string | null }> {
    const { reader, epoch } = this.#parts;
    return reader.call("heads", { tenant: context.tenant, filter, epoch });
  }

  async counts(context: CallContext | null): Promise<Readonly<Record<RunStatus, number>>> {
    return this.#read((reader) => {
      type CountRow = { readonly status: number; readonly count: number };
      const rows =
        context === null
          ? reader.all<CountRow>(COUNT_ALL_RUNS)
          : reader.all<CountRow>(COUNT_RUNS, context.tenant);
      return countsByStatus(rows);
    });
  }

  async openRuns(after: RunHead | null, limit: number): Promise<readonly RunHead[]> {
    return this.#read((reader) => {
      const last = after === null ? 0 : reader.get<RunRow>(READ_HEAD, after.tenant, after.runId);
      const afterNumber = typeof last === "object" ? last.number : 0;
      const rows = reader.all<RunRow>(OPEN_RUNS, afterNumber, limit);
      return rows.map((row) => toRunHead(row, this.#parts.epoch));
    });
  }

  async turns(
    context: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly TurnRecord[]> {
    const { tenant } = context;
    const { turns, isCut } = this.#read((reader) =>
      firstTurns(reader, { tenant, runId, afterSeq, limit }),
    );
    if (!isCut) return turns;
    const rest = { tenant, runId, afterSeq: turns.at(-1)?.lastSeq ?? afterSeq };
    return [
      ...turns,
      ...(await this.#parts.reader.call("turns", { ...rest, limit: limit - turns.length })),
    ];
  }

  async turnAt(context: CallContext, runId: string, seq: number): Promise<TurnRecord | null> {
    return this.#read((reader) => {
      const row = reader.get<TurnRow>(FIND_TURN, context.tenant, runId, seq);
      return row === undefined || row.firstSeq > seq ? null : { runId, ...row };
    });
  }

  async checkpoints(
    context: CallContext,
    runId: string,
    onCorrupt: (seq: number) => void,
  ): Promise<readonly CheckpointRecord[]> {
    const run = { tenant: context.tenant, runId };
    const found = this.#read((reader) => {
      const bytes = reader.get<{ bytes: number }>(CHECKPOINT_SIZES, run.tenant, runId)?.bytes ?? 0;
      return bytes <= CHECKPOINT_BYTES_HERE ? READER_QUERIES.checkpoints(reader, run) : null;
    });
    const { valid, corrupt } = found ?? (await this.#parts.reader.call("checkpoints", run));
    for (const seq of corrupt) onCorrupt(seq);
    return valid;
  }

  async checkpointMarks(
    { tenant }: CallContext,
    runId: string,
  ): Promise<readonly CheckpointMark[]> {
    const rows = this.#read((reader) =>
      reader.all<Omit<CheckpointMark, "isPinned"> & { readonly isPinned: number }>(
        ...([LIST_CHECKPOINT_MARKS, tenant, runId] as const),
      ),
    );
    return rows.map((row) => ({ ...row, isPinned: row.isPinned !== 0 }));
  }

  async messages(limit: number, after?: Message): Promise<readonly Message[]> {
    const { tenant = null, id = null } = after ?? {};
    return this.#read((reader) => reader.all<Message>(WAITING_MESSAGES, limit, tenant, id));
  }

  async startKey(
    context: CallContext,
    key: string,
  ): Promise<{ readonly runId: string; readonly bodyHash: string } | null> {
    const expiredMs = this.#parts.nowMs() - MEMORY_MS;
    return this.#read(
      (reader) =>
        reader.get<{ runId: string; bodyHash: string }>(
          FIND_START_KEY,
          context.tenant,
          key,
          expiredMs,
        ) ?? null,
    );
  }

  #read<Result>(query: (reader: Connection) => Result): Result {
    return this.#parts.read("reading the journal", query);
  }
}

/** The first turns, as many as may be read here; `isCut`: there may be more. */
function firstTurns(
  reader: Connection,
  from: {
    readonly tenant: string;
    readonly runId: string;
    readonly afterSeq: number;
    readonly limit: number;
  },
): { readonly turns: TurnRecord[]; readonly isCut: boolean } {
  const { tenant, runId, afterSeq, limit } = from;
  const turns: TurnRecord[] = [];
  let length = 0;
  for (const row of reader.each<TurnRow>(LIST_TURNS, tenant, runId, afterSeq, limit)) {
    turns.push({ runId, ...row });
    length += row.events.length;
    if (turns.length === TURNS_HERE || length >= TURNS_LENGTH_HERE)
      return { turns, isCut: turns.length < limit };
  }
  return { turns, isCut: false };
}
