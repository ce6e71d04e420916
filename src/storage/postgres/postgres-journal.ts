/**
 * The Journal port: commits go to the queue of the writer's session, reads to the pool. A read sees
 * every commit that was answered before it began.
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
import { checkpointChecksum } from "../checkpoint-checksum.ts";
import { countsByStatus } from "../run-statuses.ts";
import { MEMORY_MS } from "../storable-turn.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { listRuns } from "./list-runs.ts";
import { type RunReads, runReads, type TurnRow } from "./run-reads.ts";
import { type RunRow, toOwnedHead, toRunHead } from "./run-row.ts";
import { COUNT_RUNS } from "./sql/count-runs.ts";
import { FIND_START_KEY } from "./sql/find-start-key.ts";
import { FIND_TURN } from "./sql/find-turn.ts";
import { LIST_BREAKERS } from "./sql/list-breakers.ts";
import { LIST_CHECKPOINT_MARKS } from "./sql/list-checkpoint-marks.ts";
import { LIST_RATE_STARTS } from "./sql/list-rate-starts.ts";
import { OPEN_RUNS } from "./sql/open-runs.ts";
import { WAITING_MESSAGES } from "./sql/waiting-messages.ts";
import { WAITING_MESSAGES_OF_OWNER } from "./sql/waiting-messages-of-owner.ts";
import type { StoreParts } from "./store-parts.ts";

const READING = "reading the journal";

type MessageRow = Omit<Message, "body"> & { readonly body: Buffer };

export class PostgresJournal implements Journal {
  readonly #parts: StoreParts;
  readonly #queue: CommitQueue;
  readonly #reads: RunReads;

  constructor(parts: StoreParts, queue: CommitQueue) {
    this.#parts = parts;
    this.#reads = runReads(parts.sessions);
    this.#queue = queue;
  }

  async commit(
    commitId: string,
    turns: readonly TurnCommit[],
  ): Promise<{ readonly fenced: readonly string[]; readonly stale?: readonly string[] }> {
    const { fenced, stale } = await this.#queue.commit(commitId, turns);
    return stale.length === 0 ? { fenced } : { fenced, stale };
  }

  committed(commitId: string): Promise<boolean> {
    return this.#queue.committed(commitId);
  }

  async admission(afterMs: number): Promise<AdmissionState> {
    const [starts, breakers] = await Promise.all([
      this.#all<AdmissionState["starts"][number]>(LIST_RATE_STARTS, afterMs),
      this.#all<AdmissionState["breakers"][number]>(LIST_BREAKERS, afterMs),
    ]);
    return { starts, breakers };
  }

  async head({ tenant }: CallContext, runId: string): Promise<RunHead | null> {
    const [row] = await this.#reads.heads.read({ tenant, runId });
    return row === undefined ? null : this.#head(row);
  }

  async heads(
    { tenant }: CallContext,
    filter: RunFilter,
  ): Promise<{ readonly items: readonly RunHead[]; readonly cursor: string | null }> {
    const { rows, cursor } = await listRuns(this.#parts.sessions, tenant, filter);
    return { items: rows.map((row) => this.#head(row)), cursor };
  }

  async counts(context: CallContext | null): Promise<Readonly<Record<RunStatus, number>>> {
    return countsByStatus(await this.#all(COUNT_RUNS, context?.tenant ?? null));
  }

  async openRuns(after: RunHead | null, limit: number): Promise<readonly RunHead[]> {
    const { tenant = null, runId = null } = after ?? {};
    const rows = await this.#all<RunRow>(OPEN_RUNS, tenant, runId, limit);
    return rows.map((row) => this.#head(row));
  }

  async turns(
    { tenant }: CallContext,
    runId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly TurnRecord[]> {
    const rows = await this.#reads.turns.read({ tenant, runId, afterSeq, limit });
    return rows.map((row) => turnOf(runId, row));
  }

  async turnAt({ tenant }: CallContext, runId: string, seq: number): Promise<TurnRecord | null> {
    const row = await this.#get<TurnRow>(FIND_TURN, tenant, runId, seq);
    return row === undefined || row.firstSeq > seq ? null : turnOf(runId, row);
  }

  async checkpoints(
    { tenant }: CallContext,
    runId: string,
    onCorrupt: (seq: number) => void,
  ): Promise<readonly CheckpointRecord[]> {
    const valid: CheckpointRecord[] = [];
    for (const row of await this.#reads.checkpoints.read({ tenant, runId })) {
      const { seq, stateVersion, state } = row;
      if (checkpointChecksum(stateVersion, state).equals(row.checksum))
        valid.push({ seq, stateVersion, state: state.toString("utf8") });
      else onCorrupt(seq);
    }
    return valid;
  }

  checkpointMarks({ tenant }: CallContext, runId: string): Promise<readonly CheckpointMark[]> {
    return this.#all<CheckpointMark>(LIST_CHECKPOINT_MARKS, tenant, runId);
  }

  async messages(limit: number, after?: Message): Promise<readonly Message[]> {
    const { tenant = null, id = null } = after ?? {};
    const { owner } = this.#parts;
    const rows =
      owner === null
        ? await this.#all<MessageRow>(WAITING_MESSAGES, limit, tenant, id)
        : await this.#all<MessageRow>(WAITING_MESSAGES_OF_OWNER, limit, tenant, id, owner);
    return rows.map(({ body, ...rest }) => ({ ...rest, body: body.toString("utf8") }));
  }

  async startKey(
    { tenant }: CallContext,
    key: string,
  ): Promise<{ readonly runId: string; readonly bodyHash: string } | null> {
    const expiredMs = this.#parts.nowMs() - MEMORY_MS;
    return (await this.#get(FIND_START_KEY, tenant, key, expiredMs)) ?? null;
  }

  #head(row: RunRow): RunHead {
    return this.#parts.owner === null ? toRunHead(row) : toOwnedHead(row);
  }

  #all<Row>(sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#parts.sessions.all<Row>(READING, sql, ...values);
  }

  #get<Row>(sql: string, ...values: readonly unknown[]): Promise<Row | undefined> {
    return this.#parts.sessions.get<Row>(READING, sql, ...values);
  }
}

function turnOf(runId: string, { events, ...row }: TurnRow): TurnRecord {
  return { runId, ...row, events: events.toString("utf8") };
}
