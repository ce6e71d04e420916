/**
 * A Store for deterministic simulation: plain data behind a log whose unsynced batches are lost
 * whole at a crash, with faults injected by hooks. Time passes only on the Clock that is handed in.
 *
 *            written (not visible)        synced (visible, durable)         answered
 *   call ───────────▶ log tail ──── delay ───────▶ data ──────────────────────▶ caller
 *                        │ crash(): lost, or kept whole by `keepUnsynced`
 *
 *   S1. A batch is all there or not at all, whatever happens when.
 *   S2. Writes are taken one at a time in the order of the calls; reads see synced batches only.
 *   S3. After crash() nothing of the stores opened before resolves or rejects ever again: their
 *       process is dead. A store opened without a crash fences the ones before it by its epoch.
 *   S4. The same calls, hooks and clock give the same result: no timer, no chance of its own.
 */
import { hash as digest } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { Catalogue } from "#ports/catalogue.ts";
import type { Clock } from "#ports/clock.ts";
import type { Journal, TurnCommit } from "#ports/journal.ts";
import type { MemoStore } from "#ports/memo-store.ts";
import type { StateStore } from "#ports/state-store.ts";
import type { Store } from "#ports/store.ts";
import type { Triggers } from "#ports/triggers.ts";
import type { Usage } from "#ports/usage.ts";
import { never } from "./never.ts";
import { SimulatedData } from "./simulated-data.ts";
import type { SimulatedHost } from "./simulated-hosts.ts";

/** What goes wrong with one commit. `delayMs` is how long it stays unsynced; 0 is the next microtask. */
export type CommitFault = { readonly delayMs?: number } & (
  | { readonly kind: "none" }
  /** Not committed, try again: store_unavailable. */
  | { readonly kind: "unavailable" }
  /** Not committed, and never will be: journal_refused, for one run if it is named. */
  | { readonly kind: "refused"; readonly runId: string | null }
  /** store_unavailable, but perhaps it has been committed: committed() knows. */
  | { readonly kind: "unknown"; readonly isCommitted: boolean }
  /** These runs' turns are fenced, as if another host had taken the runs. */
  | { readonly kind: "fenced"; readonly runIds: readonly string[] }
);

export interface StoreFaults {
  /** Asked once for each commit, when it is written. */
  readonly onCommit?: (commit: {
    readonly commitId: string;
    readonly turns: readonly TurnCommit[];
  }) => CommitFault;
  /**
   * How long a read is under way (it answers what was true when it began), or that it fails with
   * store_unavailable. What it throws is the answer.
   */
  readonly onRead?: (operation: string) => number | "unavailable";
  /** How long a blob or a workflow stays unsynced, or that it is refused with store_unavailable. */
  readonly onPut?: (operation: string) => number | "unavailable";
}

interface Batch {
  /** Makes the batch visible. */
  readonly apply: () => void;
}

/** What survives crashes; open() is a process that starts on it. */
export class SimulatedDisk {
  readonly data = new SimulatedData();
  readonly #clock: Clock;
  readonly #faults: StoreFaults;
  readonly #unsynced: Batch[] = [];
  #process = 0;

  constructor(clock: Clock, faults: StoreFaults = {}) {
    this.#clock = clock;
    this.#faults = faults;
  }

  /** How many batches a crash now would put at stake. */
  get unsyncedBatches(): number {
    return this.#unsynced.length;
  }

  /** kill -9 or power loss: unsynced batches are lost but for the first `keepUnsynced`. */
  crash(keepUnsynced = 0): void {
    this.#process++;
    for (const { apply } of this.#unsynced.splice(0).slice(0, keepUnsynced)) apply();
  }

  open(): Store {
    this.data.epoch++;
    const started = this.#process;
    return new SimulatedProcess({
      data: this.data,
      clock: this.#clock,
      faults: this.#faults,
      unsynced: this.#unsynced,
      isAlive: () => started === this.#process,
      host: null,
    }).store;
  }

  /** One more process beside those that are there, each of which dies alone (`host.isAlive`). */
  join(host: SimulatedHost, faults: StoreFaults): Store {
    return new SimulatedProcess({
      data: this.data,
      clock: this.#clock,
      faults,
      unsynced: [],
      isAlive: () => host.isAlive,
      host,
    }).store;
  }
}

class SimulatedProcess {
  readonly store: Store;
  readonly #data: SimulatedData;
  readonly #clock: Clock;
  readonly #faults: StoreFaults;
  readonly #unsynced: Batch[];
  readonly #isAlive: () => boolean;
  readonly #host: SimulatedHost | null;
  readonly #epoch: number;
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(disk: {
    readonly data: SimulatedData;
    readonly clock: Clock;
    readonly faults: StoreFaults;
    readonly unsynced: Batch[];
    readonly isAlive: () => boolean;
    readonly host: SimulatedHost | null;
  }) {
    this.#data = disk.data;
    this.#clock = disk.clock;
    this.#faults = disk.faults;
    this.#unsynced = disk.unsynced;
    this.#isAlive = disk.isAlive;
    this.#host = disk.host;
    this.#epoch = disk.host?.host ?? disk.data.epoch;
    this.store = {
      ...(disk.host === null ? {} : { hosts: disk.host }),
      epoch: this.#epoch,
      journal: this.#journal(),
      catalogue: this.#catalogue(),
      blobs: this.#blobs(),
      memos: this.#memos(),
      state: this.#state(),
      triggers: this.#triggers(),
      usage: this.#usage(),
      logs: {
        read: ({ tenant }, runId, query) =>
          this.#read("logs", () => this.#data.logs(tenant, runId, query)),
      },
      describe: () => this.#read("describe", () => ({ adapter: "simulated", schemaVersion: 1 })),
      close: async () => {
        this.#isClosed = true;
        await this.#tail;
      },
    };
  }

  /** Waits on the simulated clock; a process that died meanwhile never goes on. */
  async #pass(delayMs: number): Promise<void> {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    // The clock's delays end after an hour at most.
    while (this.#clock.monotonicMs() < dueMs) {
      const restMs = dueMs - this.#clock.monotonicMs();
      await new Promise<void>((resolve) => this.#clock.after(restMs, resolve));
    }
    await this.#host?.awake();
    if (!this.#isAlive()) await never();
  }

  async #onDisk(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.after(delayMs, resolve));
    if (!this.#isAlive()) await never();
  }

  async #read<Result>(operation: string, query: () => Result): Promise<Result> {
    if (!this.#isAlive()) return await never();
    if (this.#isClosed) throw unavailable("the store is closed");
    const answer = query();
    const fault = this.#faults.onRead?.(operation) ?? 0;
    await this.#pass(fault === "unavailable" ? 0 : fault);
    if (fault === "unavailable") throw unavailable(`reading ${operation} failed (simulated)`);
    return answer;
  }

  /** Takes its turn behind the writes before it; `work` then writes and syncs one batch. */
  async #write<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#isAlive()) return await never();
    if (this.#isClosed) throw unavailable("the store is closed");
    const turn = this.#tail.then(async () => {
      if (!this.#isAlive()) await never();
      return await work();
    });
    this.#tail = turn.catch(() => {});
    return await turn;
  }

  /** One batch: in the log at once, in the data after `delayMs`. */
  async #sync<Result>(apply: () => Result, delayMs: number): Promise<Result> {
    const batch = { apply };
    this.#unsynced.push(batch);
    // The disk is not asleep when the process that asked it is.
    await (this.#host === null ? this.#pass(delayMs) : this.#onDisk(delayMs));
    this.#unsynced.splice(this.#unsynced.indexOf(batch), 1);
    return apply();
  }

  async #commit(
    commitId: string,
    turns: readonly TurnCommit[],
  ): Promise<{ readonly fenced: readonly string[]; readonly stale?: readonly string[] }> {
    const fault: CommitFault = this.#faults.onCommit?.({ commitId, turns }) ?? { kind: "none" };
    const delayMs = fault.delayMs ?? 0;
    const nowMs = this.#clock.nowMs();
    const fence = fault.kind === "fenced" ? fault.runIds : [];
    const host = this.#host?.host ?? null;
    const by = { epoch: this.#epoch, nowMs, fence, host };
    const apply = () => this.#data.commit(commitId, turns, by);
    if (fault.kind === "unavailable" || (fault.kind === "unknown" && !fault.isCommitted)) {
      await this.#pass(delayMs);
      throw unavailable(`commit ${commitId} failed (simulated)`);
    }
    if (fault.kind === "refused") {
      await this.#pass(delayMs);
      throw new LockstitchError("journal_refused", `commit ${commitId} is refused (simulated)`, {
        details: fault.runId === null ? {} : { runId: fault.runId },
      });
    }
    const answer = await this.#sync(apply, delayMs);
    await this.#host?.awake();
    if (fault.kind === "unknown") throw unavailable(`commit ${commitId} got no answer (simulated)`);
    return answer;
  }

  #journal(): Journal {
    const data = this.#data;
    return {
      commit: (commitId, turns) => this.#write(() => this.#commit(commitId, turns)),
      // Behind the writes under way, so that it tells the truth about them.
      committed: (commitId) =>
        this.#write(() => this.#read("committed", () => data.isCommitted(commitId))),
      admission: (afterMs) => this.#read("admission", () => data.admission(afterMs)),
      head: (context, runId) => this.#read("head", () => data.head(context.tenant, runId)),
      heads: (context, filter) => this.#read("heads", () => data.heads(context.tenant, filter)),
      counts: (context) => this.#read("counts", () => data.counts(context?.tenant ?? null)),
      openRuns: (after, limit) => this.#read("openRuns", () => data.openRuns(after, limit)),
      turns: (context, runId, afterSeq, limit) =>
        this.#read("turns", () => data.turns(context.tenant, runId, afterSeq, limit)),
      turnAt: (context, runId, seq) =>
        this.#read("turnAt", () => data.turnAt(context.tenant, runId, seq)),
      checkpoints: (context, runId, onCorrupt) =>
        this.#read("checkpoints", () => data.checkpoints(context.tenant, runId, onCorrupt)),
      checkpointMarks: (context, runId) =>
        this.#read("checkpointMarks", () => data.checkpointMarks(context.tenant, runId)),
      messages: (limit, after) =>
        this.#read("messages", () => data.messages(limit, after, this.#host?.host)),
      startKey: (context, key) =>
        this.#read("startKey", () => data.startKey(context.tenant, key, this.#clock.nowMs())),
    };
  }

  #put<Result>(operation: string, apply: () => Result): Promise<Result> {
    return this.#write(async () => {
      const fault = this.#faults.onPut?.(operation) ?? 0;
      if (fault === "unavailable") throw unavailable(`${operation} failed (simulated)`);
      return await this.#sync(apply, fault);
    });
  }

  #catalogue(): Catalogue {
    const data = this.#data;
    return {
      save: (context, workflow) =>
        this.#put("saveWorkflow", () => data.saveWorkflow(context.tenant, workflow)),
      find: (context, name, version) =>
        this.#read("findWorkflow", () => data.findWorkflow(context.tenant, name, version)),
      list: (context, afterName, limit) =>
        this.#read("listWorkflows", () =>
          data.listWorkflows(context.tenant, afterName ?? "", limit),
        ),
      versions: (context, name) =>
        this.#read("workflowVersions", () => data.workflowVersions(context.tenant, name)),
    };
  }

  #memos(): MemoStore {
    const { memos } = this.#data;
    return {
      find: (context, key, nowMs) =>
        this.#read("findMemo", () => memos.find(context.tenant, key, nowMs, this.#clock.nowMs())),
      list: (context, filter, nowMs) =>
        this.#read("listMemos", () => memos.list(context.tenant, filter, nowMs)),
      clear: (context, filter) =>
        this.#put("clearMemos", () => memos.clear(context.tenant, filter)),
    };
  }

  #state(): StateStore {
    const { shared } = this.#data;
    return {
      find: (context, key) => this.#read("findShared", () => shared.find(context.tenant, key)),
      usage: (context, of) => this.#read("sharedUsage", () => shared.usage(context.tenant, of)),
      totals: () => this.#read("sharedTotals", () => shared.totals()),
      list: (context, filter) =>
        this.#read("listShared", () => shared.list(context.tenant, filter)),
      change: (context, change) =>
        this.#put("changeShared", () => shared.change(context, change, this.#clock.nowMs())),
      changes: (context, key, limit) =>
        this.#read("sharedChanges", () => shared.changes(context.tenant, key, limit)),
    };
  }

  #triggers(): Triggers {
    const { triggers } = this.#data;
    const nowMs = () => this.#clock.nowMs();
    return {
      find: (context, key) => this.#read("findTrigger", () => triggers.find(context.tenant, key)),
      list: (context, filter) =>
        this.#read("listTriggers", () => triggers.list(context.tenant, filter)),
      matching: (context, kind, lookup) =>
        this.#read("matchingTriggers", () => triggers.matching(context.tenant, kind, lookup)),
      due: (atMs, limit) => this.#read("dueTriggers", () => triggers.due(atMs, limit)),
      nextDueAtMs: () => this.#read("nextDueTrigger", () => triggers.nextDueAtMs()),
      save: (context, change) =>
        this.#put("saveTrigger", () => triggers.save(context.tenant, change, nowMs())),
      marks: (context, key, limit) =>
        this.#read("triggerMarks", () => triggers.marks(context.tenant, key, limit)),
    };
  }

  #usage(): Usage {
    const data = this.#data;
    return {
      read: (fromMs) => this.#read("usage", () => data.usage.read(fromMs, this.#epoch)),
      stored: () => this.#read("storedUsage", () => data.usage.stored()),
      measure: () => this.#put("measureUsage", () => data.measure()),
    };
  }

  #blobs(): BlobStore {
    const data = this.#data;
    return {
      put: async (context, hash, bytes) => {
        if (digest("sha256", bytes) !== hash) {
          throw new LockstitchError("request_invalid", `these bytes do not have the hash ${hash}`);
        }
        // The caller may reuse its buffer before the batch is synced.
        const copy = bytes.slice();
        await this.#put("putBlob", () => data.putBlob(context.tenant, hash, copy));
      },
      get: (context, hash) => this.#read("getBlob", () => data.blob(context.tenant, hash)),
    };
  }
}

function unavailable(message: string): LockstitchError {
  return new LockstitchError("store_unavailable", message);
}
