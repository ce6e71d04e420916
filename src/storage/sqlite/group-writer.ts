/**
 * The one writer of a store: each call is one transaction on one connection, synchronous. Where it
 * runs (worker or calling thread) is open-sqlite-store.ts's business.
 *
 *   1. A group commits whole or not at all (J1); a fenced turn leaves no trace (J3, J7).
 *   2. A turn that can never be stored is found before the transaction or fails it with
 *      journal_refused and details.runId, so that the caller can go on without that run.
 *   3. A writer whose epoch is not the store's newest writes nothing.
 *   4. WAL checkpoints happen in tidy(), which the host calls when nothing waits, and past
 *      WAL_PAGES_MAX between two calls.
 */
import { constants, deflateSync } from "node:zlib";
import type { TurnCommit } from "#ports/journal.ts";
import { USAGE_KEPT_MS } from "#ports/usage.ts";
import { MEMO_LIMITS, type MemoLimits } from "../memo-limits.ts";
import { MEMORY_MS } from "../storable-turn.ts";
import { appendGroup } from "./append-group.ts";
import { Connection } from "./connection.ts";
import { KnownRuns } from "./known-runs.ts";
import { MemoWriter } from "./memo-writer.ts";
import { FRESH_RUNS_IDLE_MIN, FRESH_RUNS_MAX, RunLists } from "./run-lists.ts";
import { changeShared } from "./shared-writer.ts";
import { BEGIN_GROUP } from "./sql/begin.ts";
import { COMMIT_GROUP } from "./sql/commit.ts";
import { FORGET_BREAKERS } from "./sql/forget-breakers.ts";
import { FORGET_MESSAGES } from "./sql/forget-messages.ts";
import { FORGET_RATE_STARTS } from "./sql/forget-rate-starts.ts";
import { FORGET_START_KEYS } from "./sql/forget-start-keys.ts";
import { FORGET_USAGE } from "./sql/forget-usage.ts";
import { HAS_BLOB } from "./sql/has-blob.ts";
import { LAST_COMMIT_NUMBER } from "./sql/last-commit-number.ts";
import { NEWEST_WORKFLOW } from "./sql/newest-workflow.ts";
import { RELEASE_STORE } from "./sql/release-store.ts";
import { ROLLBACK_GROUP } from "./sql/rollback.ts";
import { SAVE_BLOB } from "./sql/save-blob.ts";
import { SAVE_COMMIT_ID } from "./sql/save-commit-id.ts";
import { SAVE_NEWEST_VERSION } from "./sql/save-newest-version.ts";
import { SAVE_WORKFLOW_VERSION } from "./sql/save-workflow-version.ts";
import { toStoreError } from "./sqlite-error.ts";
import { bringTriggers, saveTrigger } from "./trigger-writer.ts";
import { isTouchDue, purgeRows, removeRun, sweepBlobs, touchBlob } from "./upkeep-writer.ts";
import { setStored } from "./usage-writer.ts";
import { giveWalRoom } from "./wal-room.ts";
import type { BlobInput, WriterCall, WriterCalls } from "./writer-calls.ts";

/** How a blob is compressed, here or by who sends it. */
export const BLOB_DEFLATE = { level: constants.Z_BEST_SPEED };

/** Commit ids kept for committed(): far more than can ever be in doubt at once. */
export const COMMIT_IDS_KEPT = 1_000;
/** 32 MiB: a WAL of this size is checkpointed even under load, before reads slow down with it. */
const WAL_PAGES_MAX = 8_192;
/** Asking for the length of the WAL takes as long as a row: not with each lone commit. */
const WAL_SIZE_UNASKED = 2 * 1_048_576;
/** Pages that a turn writes beside its text, about. */
const TURN_SIZE = 8_192;
/** Bytes that a line of a log writes, with its indexes, about. */
const LINE_SIZE = 512;
/** Rows that one tidying transaction forgets at most, so that a commit never waits long behind it. */
const FORGET_ROWS_MAX = 1_000;
const FORGET_EVERY_MS = 60_000;
/** So long such transactions follow each other; where more is left they go on after the second time. */
const FORGET_MS = 20;
const FORGET_SOON_MS = 1_000;
/** Admission counts a start a minute longer after a restart; rows of a busy limit go in larger lots. */
const RATE_START_SLACK_MS = 120_000;
const RATE_STARTS_FORGOTTEN_MAX = 20_000;

function sizeOf(turns: readonly TurnCommit[]): number {
  let size = turns.length * TURN_SIZE;
  for (const { record, checkpoint, logs } of turns) {
    size += (record?.events.length ?? 0) + (checkpoint?.state.length ?? 0);
    if (logs !== undefined) size += logs.length * LINE_SIZE;
  }
  return size;
}

type Handlers = {
  readonly [Kind in WriterCall]: (input: WriterCalls[Kind]["input"]) => WriterCalls[Kind]["output"];
};

export interface GroupWriterOptions {
  /** How long a call waits for another program's lock. */
  readonly busyTimeoutMs?: number | undefined;
  readonly memoLimits?: MemoLimits | undefined;
  /** With more than so many fresh runs a commit lists them itself; FRESH_RUNS_MAX by default. */
  readonly freshRunsMax?: number | undefined;
}

export class GroupWriter {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #epoch: number;
  readonly #knownRuns = new KnownRuns();
  readonly #memos: MemoWriter;
  readonly #lists: RunLists;
  /** null: to be read. */
  #commitNumber: number | null = null;
  #lastNowMs = 0;
  #forgottenAtMs = 0;
  #isTidy = true;
  /** Whether the WAL has got its first length; asked for once. */
  #hasRoom = false;
  /** Bytes of the WAL, about, since its length was asked for. */
  #sizeUnasked = 0;
  readonly #handlers: Handlers = {
    commit: (input) => this.#commit(input),
    saveWorkflow: (input) => this.#saveWorkflow(input),
    putBlob: (input) => {
      this.#putBlobs([input]);
      return null;
    },
    removeRun: (input) => {
      this.#knownRuns.forget(input.tenant, input.runId);
      return this.#transaction(() => removeRun(this.#connection, this.#lists, input));
    },
    purge: (input) => this.#transaction(() => purgeRows(this.#connection, this.#lists, input)),
    sweepBlobs: (input) => this.#transaction(() => sweepBlobs(this.#connection, input)),
    tidy: ({ nowMs }) => {
      this.#lastNowMs = Math.max(this.#lastNowMs, nowMs);
      this.tidy();
      return null;
    },
    forgetRows: () => {
      this.forgetRows();
      return null;
    },
    enlistRuns: () => {
      if (this.#lists.areWaiting(1)) this.#enlist();
      return null;
    },
    releaseStore: () =>
      this.#transaction(() => {
        this.#connection.run(RELEASE_STORE);
        return null;
      }),
    setStored: (input) =>
      this.#transaction(() => {
        setStored(this.#connection, input, this.#epoch);
        return null;
      }),
    useMemo: ({ number, atMs }) => {
      this.#memos.used(number, atMs);
      return null;
    },
    clearMemos: ({ tenant, workflow, key }) =>
      this.#transaction(() => this.#memos.clear(tenant, workflow, key)),
    changeState: (input) =>
      this.#transaction(() => {
        const before = changeShared(this.#connection, input);
        return before === null ? null : { ...before };
      }),
    saveTrigger: (input) => this.#transaction(() => saveTrigger(this.#connection, input)),
    describe: () => this.#describe(),
  };

  constructor(path: string, epoch: number, options: GroupWriterOptions = {}) {
    this.#path = path;
    this.#connection = new Connection(path, "write", options.busyTimeoutMs);
    this.#memos = new MemoWriter(this.#connection, options.memoLimits ?? MEMO_LIMITS);
    this.#lists = new RunLists(this.#connection, options.freshRunsMax ?? FRESH_RUNS_MAX);
    this.#epoch = epoch;
  }

  /** Somebody else has written: what is known of rows is out of date. */
  forgetRows(): void {
    this.#knownRuns.clear();
    this.#lists.forget();
    this.#memos.changed();
    this.#commitNumber = null;
    // Whatever was written waits in the WAL.
    this.#isTidy = false;
  }

  /** Does one call; throws LockstitchError. */
  handle<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): WriterCalls[Kind]["output"] {
    try {
      return this.#handlers[kind](input);
    } catch (error) {
      throw toStoreError(error, kind);
    }
  }

  /** Several blobs for one fsync; all or none. Throws LockstitchError. */
  putBlobs(blobs: readonly BlobInput[]): void {
    try {
      this.#putBlobs(blobs);
    } catch (error) {
      throw toStoreError(error, "putBlob");
    }
  }

  /** True while more runs are fresh than lists should have to merge, as far as this writer knows. */
  get hasManyFreshRuns(): boolean {
    return this.#lists.areMany;
  }

  /** True while more of the WAL waits to be copied than should wait for idle time. */
  get isWalLarge(): boolean {
    if (this.#isTidy || this.#sizeUnasked < WAL_SIZE_UNASKED) return false;
    this.#sizeUnasked = 0;
    // NOOP only reports: all frames of the log, and those that are in the main file already.
    const wal = this.#connection.get<{ log: number; checkpointed: number }>(
      "PRAGMA wal_checkpoint(NOOP)",
    );
    return wal !== undefined && wal.log - wal.checkpointed > WAL_PAGES_MAX;
  }

  /**
   * Housekeeping: lists fresh runs, copies the WAL into the main file and forgets what is older than
   * MEMORY_MS.
   * The first time it also gives the WAL its length.
   * A failure is kept for the next commit to meet: nothing that was promised depends on it.
   */
  tidy(): void {
    try {
      if (this.#lists.areWaiting(FRESH_RUNS_IDLE_MIN)) this.#enlist();
      // Also after the clock went back.
      if (Math.abs(this.#lastNowMs - this.#forgottenAtMs) >= FORGET_EVERY_MS) this.#forget();
      if (!this.#isTidy) this.#connection.database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      this.#isTidy = true;
      if (!this.#hasRoom) giveWalRoom(this.#connection, this.#path);
      this.#hasRoom = true;
    } catch {
      // What keeps it from tidying keeps the next commit from writing, and that one tells.
      this.#isTidy = false;
    }
  }

  close(): void {
    this.#connection.close();
  }

  #commit(input: WriterCalls["commit"]["input"]): WriterCalls["commit"]["output"] {
    this.#lastNowMs = input.nowMs;
    this.#sizeUnasked += sizeOf(input.turns);
    const startedMs = performance.now();
    const { fenced, stale } = this.#transaction(() => {
      const result = appendGroup(this.#connection, this.#knownRuns, {
        commitId: input.commitId,
        turns: input.turns,
        epoch: this.#epoch,
        nowMs: input.nowMs,
        memoryMs: MEMORY_MS,
        memos: this.#memos,
        lists: this.#lists,
      });
      // A journal row carries the id, where there is one: the ring would cost a page more.
      if (result.isOwner && !result.hasRecord) {
        const number = 1 + (this.#commitNumber ?? this.#readCommitNumber());
        this.#connection.run(SAVE_COMMIT_ID, number % COMMIT_IDS_KEPT, number, input.commitId);
        this.#commitNumber = number;
      }
      return result;
    });
    return { fenced, stale, tookMs: performance.now() - startedMs };
  }

  #readCommitNumber(): number {
    return this.#connection.get<{ number: number }>(LAST_COMMIT_NUMBER)?.number ?? 0;
  }

  #saveWorkflow(
    input: WriterCalls["saveWorkflow"]["input"],
  ): WriterCalls["saveWorkflow"]["output"] {
    const { tenant, name, hash, definition, atMs, triggers } = input;
    return this.#transaction(() => {
      const newest = this.#connection.get<{ version: number; hash: string; createdAtMs: number }>(
        NEWEST_WORKFLOW,
        tenant,
        name,
      );
      if (newest !== undefined && newest.hash === hash) {
        return {
          name,
          version: newest.version,
          hash,
          createdAtMs: newest.createdAtMs,
          created: false,
        };
      }
      const version = (newest?.version ?? 0) + 1;
      this.#connection.run(SAVE_WORKFLOW_VERSION, tenant, name, version, hash, atMs, definition);
      this.#connection.run(SAVE_NEWEST_VERSION, tenant, name, version);
      bringTriggers(this.#connection, { tenant, workflow: name, nowMs: atMs }, triggers);
      return { name, version, hash, createdAtMs: atMs, created: true };
    });
  }

  #putBlobs(blobs: readonly BlobInput[]): void {
    const packed = blobs
      .filter(({ tenant, hash }) => this.#connection.get(HAS_BLOB, tenant, hash) === undefined)
      .map((blob) => ({
        ...blob,
        size: blob.size ?? blob.bytes.byteLength,
        body: blob.size === undefined ? deflateSync(blob.bytes, BLOB_DEFLATE) : blob.bytes,
      }));
    const touched = blobs.filter((blob) => isTouchDue(this.#connection, blob));
    if (packed.length === 0 && touched.length === 0) return;
    this.#transaction(() => {
      for (const blob of touched) touchBlob(this.#connection, blob);
      for (const { tenant, hash, bytes, nowMs, size, body } of packed) {
        const isSmaller = body.byteLength < size;
        const stored = isSmaller ? body : bytes;
        this.#connection.run(SAVE_BLOB, tenant, hash, isSmaller ? 1 : 0, size, nowMs, stored);
      }
    });
  }

  #describe(): Readonly<Record<string, string | number>> {
    return {
      journalMode: this.#connection.pragma("journal_mode"),
      synchronous: this.#connection.pragma("synchronous") === 2 ? "full" : "not full",
      foreignKeys: this.#connection.pragma("foreign_keys"),
      pageBytes: this.#connection.pragma("page_size"),
    };
  }

  #forget(): void {
    const untilMs = performance.now() + FORGET_MS;
    let isMore = true;
    while (isMore && performance.now() < untilMs)
      isMore = this.#transaction(() => this.#forgetSome());
    this.#forgottenAtMs = this.#lastNowMs - (isMore ? FORGET_EVERY_MS - FORGET_SOON_MS : 0);
  }

  /** Whether there may be more. */
  #forgetSome(): boolean {
    const connection = this.#connection;
    const beforeMs = this.#lastNowMs - MEMORY_MS;
    const messages = connection.change(FORGET_MESSAGES, beforeMs, FORGET_ROWS_MAX);
    const keys = connection.change(FORGET_START_KEYS, beforeMs, FORGET_ROWS_MAX);
    if (this.#memos.isUsed) this.#memos.forget(this.#lastNowMs);
    const countedMs = this.#lastNowMs - RATE_START_SLACK_MS;
    const starts = connection.change(FORGET_RATE_STARTS, countedMs, RATE_STARTS_FORGOTTEN_MAX);
    const breakers = connection.change(FORGET_BREAKERS, countedMs, RATE_STARTS_FORGOTTEN_MAX);
    const minutes = connection.change(
      ...([FORGET_USAGE, this.#lastNowMs - USAGE_KEPT_MS, FORGET_ROWS_MAX] as const),
    );
    return (
      Math.max(messages, keys, minutes) >= FORGET_ROWS_MAX ||
      Math.max(starts, breakers) >= RATE_STARTS_FORGOTTEN_MAX
    );
  }

  #enlist(): void {
    this.#transaction(() => this.#lists.enlist());
  }

  #transaction<Result>(work: () => Result): Result {
    this.#isTidy = false;
    this.#connection.run(BEGIN_GROUP);
    this.#lists.begin(null);
    try {
      const result = work();
      this.#connection.run(COMMIT_GROUP);
      return result;
    } catch (error) {
      this.#knownRuns.clear();
      this.#lists.forget();
      this.#memos.changed();
      // A full disk or an I/O error may have rolled back already.
      if (this.#connection.database.isTransaction) this.#connection.run(ROLLBACK_GROUP);
      throw error;
    }
  }
}
