/**
 * The writer of an embedded store by default: a worker thread, and beside it the calling thread for
 * lone commits while the disk is fast. A run that goes on alone then waits for the disk and for
 * nothing else; under load, and on a slow disk, no fsync is ever on the event loop.
 *
 *   1. One of the two writes at a time: the calling thread only while nothing is under way in the
 *      worker. So calls take effect in the order in which they were made.
 *   2. Who writes after the other first forgets what it knew of the rows.
 *   3. The calling thread never waits for a lock: where another program holds it, the worker waits.
 *   4. Housekeeping is the worker's, asked for when no call has come for a moment, or when the
 *      calling thread has made the WAL large or many runs.
 *
 *              lone groups in a row, and the disk is fast (CommitPace)
 *     worker ------------------------------------------------------------> calling thread
 *            <------------------------------------------------------------
 *              a group that is not lone, any other call, a slow disk, a lock
 */
import { LockstitchError } from "#errors/errors.ts";
import type { MemoLimits } from "../memo-limits.ts";
import { CommitPace } from "./commit-pace.ts";
import { GroupWriter, type GroupWriterOptions } from "./group-writer.ts";
import { IdleTidying } from "./idle-tidying.ts";
import { FRESH_RUNS_MAX } from "./run-lists.ts";
import { WorkerWriter } from "./worker-writer.ts";
import type { Writer, WriterCall, WriterCalls } from "./writer-calls.ts";

/** With more, the next ones are worth computing while these are written. */
const LONE_TURNS_MAX = 1;
/** Characters; longer ones take longer to write than the way to the worker does. */
const LONE_SIZE_MAX = 32_768;
const SQLITE_BUSY = 5;
/** The worker lists runs long before the calling thread would have to. */
const HERE: GroupWriterOptions = { busyTimeoutMs: 0, freshRunsMax: 2 * FRESH_RUNS_MAX };

type Commit = WriterCalls["commit"];

export type Pace = Pick<CommitPace, "judge" | "note">;

export class AdaptiveWriter implements Writer {
  readonly #path: string;
  readonly #epoch: number;
  readonly #worker: WorkerWriter;
  readonly #pace: Pace;
  readonly #tidying: IdleTidying;
  #direct: GroupWriter | null = null;
  /** Who wrote last. */
  #last: "worker" | "direct" = "worker";
  #underWay = 0;
  #lastNowMs = 0;
  #isClosed = false;
  /** Commits by the calling thread, for tests and describe(). */
  directCommits = 0;

  /** `pace` judges when the calling thread may wait for the disk. */
  constructor(
    path: string,
    epoch: number,
    options: {
      readonly pace?: Pace | undefined;
      readonly memoLimits?: MemoLimits | undefined;
    } = {},
  ) {
    const { pace = new CommitPace(), memoLimits } = options;
    this.#pace = pace;
    this.#path = path;
    this.#epoch = epoch;
    this.#worker = new WorkerWriter(path, epoch, { memoLimits });
    this.#tidying = new IdleTidying(() => this.#tidy());
  }

  async call<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    if (this.#isClosed) throw new LockstitchError("store_unavailable", "the store is closed");
    this.#tidying.called();
    // It writes nothing, so that nobody has to forget anything.
    if (kind === "describe") return await this.#post(kind, input);
    if (kind !== "commit") return await this.#inWorker(kind, input);
    const commit = input as Commit["input"];
    const isLone = isLoneGroup(commit);
    this.#lastNowMs = commit.nowMs;
    if (this.#pace.judge(isLone) && this.#underWay === 0 && !remembers(commit)) {
      const output = this.#commitHere(commit);
      if (output !== null) return output;
    }
    const output = await this.#inWorker("commit", commit);
    if (isLone) this.#pace.note(output.tookMs);
    return output;
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#tidying.stop();
      // The worker closes last: then it empties the WAL.
      this.#direct?.close();
    }
    await this.#worker.close();
  }

  /** A failure is for the next commit to meet. */
  #tidy(): void {
    void this.#inWorker("tidy", { nowMs: this.#lastNowMs }).catch(() => undefined);
  }

  /** null: another program holds the lock; nothing was written. */
  #commitHere(input: Commit["input"]): Commit["output"] | null {
    this.#direct ??= new GroupWriter(this.#path, this.#epoch, HERE);
    if (this.#last === "worker") this.#direct.forgetRows();
    this.#last = "direct";
    try {
      const output = this.#direct.handle("commit", input);
      this.directCommits += 1;
      this.#pace.note(output.tookMs);
      if (this.#direct.isWalLarge || this.#direct.hasManyFreshRuns) this.#tidy();
      return output;
    } catch (error) {
      if (error instanceof LockstitchError && error.details["sqliteCode"] === SQLITE_BUSY)
        return null;
      throw error;
    }
  }

  async #inWorker<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    // In the order of calls: the worker forgets before it writes.
    // If that fails, so does the worker, and with it the call that follows.
    if (this.#last === "direct") void this.#post("forgetRows", null).catch(() => undefined);
    this.#last = "worker";
    return await this.#post(kind, input);
  }

  async #post<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    this.#underWay += 1;
    try {
      return await this.#worker.call(kind, input);
    } finally {
      this.#underWay -= 1;
    }
  }
}

/** The worker alone knows how much is remembered, and what was used when. */
function remembers({ turns }: Commit["input"]): boolean {
  return turns.some(({ memos, forgets }) => memos !== undefined || forgets !== undefined);
}

function isLoneGroup({ turns }: Commit["input"]): boolean {
  if (turns.length > LONE_TURNS_MAX) return false;
  let size = 0;
  for (const { record, checkpoint } of turns)
    size += (record?.events.length ?? 0) + (checkpoint?.state.length ?? 0);
  return size <= LONE_SIZE_MAX;
}
