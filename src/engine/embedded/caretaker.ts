/** EngineCare over one store in this process; see the engine's own files for what each part does. */
import { LockstitchError } from "#errors/errors.ts";
import { pending } from "#kernel/pending.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { CheckpointMark, RunHead } from "#ports/journal.ts";
import type { BackupFacts, StoreHold, Upkeep } from "#ports/upkeep.ts";
import {
  type DoubtView,
  type EngineCare,
  type HoldView,
  PINNED_MAX,
  type UpkeepStats,
} from "../engine-care.ts";
import type { CheckpointRequest } from "../run-changes.ts";
import { archiveLines } from "./archive-lines.ts";
import { DiskGuard } from "./disk-guard.ts";
import type { EngineCore } from "./engine-core.ts";
import { Housekeeping } from "./housekeeping.ts";
import { quotaViews } from "./quota-views.ts";
import { KEEP_30_DAYS } from "./retention.ts";
import { isStoreAway, runTerminal } from "./run-errors.ts";
import { engineContext, isTerminal } from "./run-facts.ts";
import { runNotFound } from "./run-reader.ts";

const DOUBTS_MAX = 1_000;
const RUNS_PER_READ = 200;
/** How soon a host knows that another one has released the store. */
const HOLD_LOOK_MS = 1_000;

export class Caretaker implements EngineCare {
  readonly #core: EngineCore;
  readonly #housekeeping: Housekeeping | null;
  readonly #disk: DiskGuard | null;
  #hold: StoreHold | null = null;
  #cancelLook: (() => void) | null = null;
  /** Told when a held store may run. */
  released = (): void => {};

  constructor(core: EngineCore) {
    this.#core = core;
    const { store, clock, logger, disk, archive = null, retention } = core.options;
    this.#disk = disk === undefined ? null : new DiskGuard({ ...disk, clock, logger });
    const { upkeep } = store;
    const idle = () => core.services.committer.idle();
    this.#housekeeping =
      upkeep === undefined || retention === null
        ? null
        : new Housekeeping({
            ...{ store, upkeep, clock, logger, archive, idle },
            retention: retention ?? KEEP_30_DAYS,
          });
  }

  /** True: the store is held, and nothing may be started. */
  async open(): Promise<boolean> {
    await this.#disk?.start();
    this.#hold = (await this.#core.options.store.upkeep?.hold()) ?? null;
    if (this.#hold !== null) {
      this.#watchHold();
      return true;
    }
    this.#housekeeping?.start();
    return false;
  }

  /** Somebody may release it at another host. */
  #watchHold(): void {
    const { store, clock } = this.#core.options;
    if (store.hosts === undefined || this.#core.isClosing) return;
    this.#cancelLook = clock.after(HOLD_LOOK_MS, () => void this.#lookAtHold());
  }

  async #lookAtHold(): Promise<void> {
    const { store, logger } = this.#core.options;
    try {
      const hold = (await store.upkeep?.hold()) ?? null;
      if (this.#hold === null || this.#core.isClosing) return;
      if (hold === null) return this.#go("another host");
    } catch (error) {
      logger.warn({ error: String(error) }, "it is not known whether the store is released");
    }
    this.#watchHold();
  }

  async stop(): Promise<void> {
    this.#cancelLook?.();
    this.#disk?.stop();
    await this.#housekeeping?.stop();
  }

  get isHeld(): boolean {
    return this.#hold !== null;
  }

  /** Throws disk_low. */
  refuseStart(): void {
    this.#disk?.refuseStart();
  }

  /** Throws store_held. */
  refuseHeld(): void {
    if (this.#hold === null) return;
    const copied = new Date(this.#hold.backupAtMs).toISOString();
    throw new LockstitchError(
      "store_held",
      `This store is a copy of ${copied} and starts paused. See what is in doubt with "lockstitch release --show", then let it run with "lockstitch release".`,
      { details: { backupAtMs: this.#hold.backupAtMs } },
    );
  }

  stats(): UpkeepStats | undefined {
    const { store } = this.#core.options;
    if (store.upkeep === undefined) return undefined;
    return {
      removedRuns: this.#housekeeping?.removedRuns ?? 0,
      archivedRuns: this.#housekeeping?.archivedRuns ?? 0,
      sweptBlobs: this.#housekeeping?.sweptBlobs ?? 0,
      sweptBytes: this.#housekeeping?.sweptBytes ?? 0,
      isPurging: this.#housekeeping?.isPurging ?? false,
      isDiskLow: this.#disk?.isLow ?? false,
      isHeld: this.#hold !== null,
    };
  }

  async checkpoint(
    context: CallContext,
    runId: string,
    { pin = false, reason }: CheckpointRequest,
  ): Promise<CheckpointMark> {
    this.#refuseClosing();
    this.refuseHeld();
    if (pin) {
      const pinned = (await this.checkpoints(context, runId)).filter(({ isPinned }) => isPinned);
      if (pinned.length >= PINNED_MAX)
        throw new LockstitchError(
          "action_refused",
          `Run ${runId} has ${PINNED_MAX} pinned checkpoints; a run keeps no more.`,
        );
    }
    const { principal: by } = context;
    const input = { kind: "checkpoint", isPinned: pin, by, reason: reason ?? null } as const;
    const { seq } = await this.#head(context, runId);
    await this.#core.call(context, runId, input);
    const marks = await this.#core.options.store.journal.checkpointMarks(context, runId);
    const saved = marks.find((mark) => mark.seq > seq && (mark.isPinned || !pin));
    if (saved !== undefined) return saved;
    if (isTerminal((await this.#head(context, runId)).status)) throw runTerminal(runId, null);
    throw new LockstitchError(
      "action_refused",
      `The state of run ${runId} is too large for a checkpoint; a restart folds its journal instead.`,
    );
  }

  async checkpoints(context: CallContext, runId: string): Promise<readonly CheckpointMark[]> {
    await this.#head(context, runId);
    return await this.#core.options.store.journal.checkpointMarks(context, runId);
  }

  async deleteRun(context: CallContext, runId: string, reason?: string): Promise<void> {
    this.#refuseClosing();
    const outcome = await this.#upkeep().remove(context, runId, reason ?? null);
    if (outcome === "missing") throw runNotFound(runId);
    if (outcome === "open") throw runOpen(runId, "deleted");
    const { logger } = this.#core.options;
    logger.info(
      { tenant: context.tenant, run: runId, by: context.principal, reason: reason ?? null },
      "a run was deleted",
    );
    // Its rows follow in small steps; whoever asked need not wait for them.
    void this.#housekeeping
      ?.purge()
      .catch((error) => logger.warn({ error: String(error) }, "rows of deleted runs remain"));
  }

  async archiveRun(
    context: CallContext,
    runId: string,
  ): Promise<{ readonly file: string; readonly bytes: number }> {
    this.#refuseClosing();
    const { archive, store } = this.#core.options;
    if (archive === undefined)
      throw new LockstitchError("config_invalid", "This engine has no archive.");
    const head = await this.#head(context, runId);
    if (!isTerminal(head.status)) throw runOpen(runId, "archived");
    return await archive.save(context, runId, archiveLines(store, context, head));
  }

  async backup(_context: CallContext, path: string): Promise<BackupFacts> {
    this.#refuseClosing();
    return await this.#upkeep().backup(path);
  }

  readonly quotas: EngineCare["quotas"] = (context) => quotaViews(this.#core, context);

  async hold(_context: CallContext): Promise<HoldView | null> {
    if (this.#hold === null) return null;
    const doubts: DoubtView[] = [];
    let openRuns = 0;
    let after: RunHead | null = null;
    for (;;) {
      const heads: readonly RunHead[] = await this.#core.options.store.journal.openRuns(
        after,
        RUNS_PER_READ,
      );
      for (const head of heads) {
        after = head;
        openRuns++;
        const doubt = doubts.length < DOUBTS_MAX ? await this.#doubtOf(head) : null;
        if (doubt !== null) doubts.push(doubt);
      }
      if (heads.length < RUNS_PER_READ) break;
    }
    return { ...this.#hold, openRuns, doubts };
  }

  async release(context: CallContext): Promise<void> {
    this.#refuseClosing();
    await this.#upkeep().release();
    if (this.#hold !== null) this.#go(context.principal);
  }

  #go(by: string): void {
    this.#hold = null;
    this.#core.options.logger.warn({ by }, "the restored store was released");
    this.#housekeeping?.start();
    void this.#core.recovery.run();
    this.released();
  }

  async #doubtOf(head: RunHead): Promise<DoubtView | null> {
    const { loader, options } = this.#core;
    const { runId, workflow } = head;
    const loaded = await loader.load(engineContext(head.tenant), runId).catch((error: unknown) => {
      // A journal that cannot be read leaves the whole run in doubt; a store that is away says nothing.
      if (isStoreAway(error)) throw error;
      return null;
    });
    if (loaded === null) return { runId, workflow, attempts: [], overdueTimers: 0 };
    const attempts: string[] = [];
    let overdueTimers = 0;
    for (const effect of pending(loaded.state).effects) {
      if (effect.kind === "attempt" || effect.kind === "abort") attempts.push(effect.path);
      if (effect.kind === "timer" && effect.dueAtMs <= options.clock.nowMs()) overdueTimers++;
    }
    const isInDoubt = attempts.length > 0 || overdueTimers > 0;
    return isInDoubt ? { runId, workflow, attempts, overdueTimers } : null;
  }

  async #head(context: CallContext, runId: string): Promise<RunHead> {
    const head = await this.#core.options.store.journal.head(context, runId);
    if (head === null) throw runNotFound(runId);
    return head;
  }

  #upkeep(): Upkeep {
    const { upkeep } = this.#core.options.store;
    if (upkeep !== undefined) return upkeep;
    throw new LockstitchError("request_invalid", "This store keeps everything for ever.");
  }

  #refuseClosing(): void {
    if (this.#core.isClosing)
      throw new LockstitchError("shutting_down", "The engine is closing; try again soon.");
  }
}

function runOpen(runId: string, verb: string): LockstitchError {
  return new LockstitchError(
    "run_open",
    `Run ${runId} has not ended, so it cannot be ${verb}: cancel it first, or wait.`,
    { details: { runId } },
  );
}
