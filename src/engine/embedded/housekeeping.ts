/**
 * Retention: runs that have been over for long enough go, archived first where that is asked for,
 * then the blobs that nobody refers to. Every minute, when the committer has nothing to do, in
 * small steps with pauses of four times their length: a fifth of the writer's time at most.
 *
 *   K1. A run goes only after its archive is on the disk.
 *   K2. Whatever fails is logged and tried again a minute later; nothing here can stop a run.
 *   K3. Runs that cannot be archived keep no other: a round passes over so many of them, the next one
 *       goes on behind them, and after the last run it begins with the first again.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Archive } from "#ports/archive.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import type { RetentionRule, Upkeep } from "#ports/upkeep.ts";
import { ENDED_STATUSES, type EndedStatus } from "#workflow/statuses.ts";
import { archiveLines } from "./archive-lines.ts";
import type { RetentionOptions } from "./retention.ts";
import { engineContext } from "./run-facts.ts";

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
const RUNS_PER_STEP = 20;
const ROWS_PER_STEP = 200;
const BLOBS_PER_STEP = 50;
/** Blobs that nobody refers to stay this long: a turn that is about to refer to one has all day. */
const LOOSE_MS = DAY_MS;
const PAUSE_FACTOR = 4;
const PAUSE_MS_MIN = 5;
const IDLE_MS_MAX = 1_000;

/** Runs that a round finds it cannot archive; after so many, the archive itself may be away. */
const STAYING_PER_ROUND_MAX = 100;

/** Runs at the head of a list that had to stay. */
interface Passed {
  runs: number;
}

interface HousekeepingParts {
  readonly store: Store;
  readonly upkeep: Upkeep;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: RetentionOptions;
  readonly archive: Archive | null;
  /** Resolves when no commit is under way. */
  idle(): Promise<void>;
}

export class Housekeeping {
  readonly #parts: HousekeepingParts;
  /** Ends the pause under way. */
  #wake = () => {};
  #cancel = () => {};
  #isStopped = false;
  readonly #due: Passed = { runs: 0 };
  readonly #oldest: Passed = { runs: 0 };
  #round: Promise<void> | null = null;
  removedRuns = 0;
  archivedRuns = 0;
  sweptBlobs = 0;
  sweptBytes = 0;
  isPurging = false;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(EVERY_MS, () => {
      void this.round().then(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  /** Waits for the step under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    this.#wake();
    await this.#round;
  }

  /** Everything that is due now, once. Never rejects. */
  round(): Promise<void> {
    this.#round ??= this.#wholeRound().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  /** Gives back the rows of removed runs. */
  async purge(): Promise<void> {
    this.isPurging = true;
    try {
      await this.#steps(async () => (await this.#parts.upkeep.purge(ROWS_PER_STEP)).isDone);
    } finally {
      this.isPurging = false;
    }
  }

  async #wholeRound(): Promise<void> {
    const { upkeep, logger, clock, retention } = this.#parts;
    const before = this.removedRuns;
    try {
      await this.#removeListed(this.#due, "older than the retention", (skip) =>
        upkeep.due(this.#rules(), RUNS_PER_STEP, skip),
      );
      await this.purge();
      const { storeBytesMax } = retention;
      if (storeBytesMax !== null) await this.#shrink(storeBytesMax);
      await this.#steps(async () => {
        const swept = await upkeep.sweepBlobs(clock.nowMs() - LOOSE_MS, BLOBS_PER_STEP);
        this.sweptBlobs += swept.swept;
        this.sweptBytes += swept.bytes;
        return swept.isDone;
      });
    } catch (error) {
      logger.warn({ error: String(error) }, "housekeeping was cut short; it is tried again");
    }
    const removed = this.removedRuns - before;
    if (removed > 0) logger.info({ removed }, `removed ${removed} run(s) past their retention`);
  }

  async #shrink(bytesMax: number): Promise<void> {
    const { upkeep } = this.#parts;
    const isSmall = async () => (await upkeep.size()).usedBytes <= bytesMax;
    await this.#removeListed(this.#oldest, "the store is larger than its limit", async (skip) => {
      await this.purge();
      return (await isSmall()) ? [] : upkeep.oldest(RUNS_PER_STEP, skip);
    });
    await this.purge();
  }

  /** Removes what `list` answers, page by page, and passes over what has to stay (K3). */
  async #removeListed(
    passed: Passed,
    reason: string,
    list: (skip: number) => Promise<readonly RunHead[]>,
  ): Promise<void> {
    let staying = 0;
    await this.#steps(async () => {
      const heads = await list(passed.runs);
      const stay = await this.#removeAll(heads, reason);
      staying += stay;
      passed.runs += stay;
      const isEnd = heads.length < RUNS_PER_STEP;
      if (isEnd) passed.runs = 0;
      return isEnd || staying >= STAYING_PER_ROUND_MAX;
    });
  }

  /** Answers how many stay because they cannot be archived. */
  async #removeAll(heads: readonly RunHead[], reason: string): Promise<number> {
    const { upkeep } = this.#parts;
    let removed = 0;
    let stay = 0;
    for (const head of heads) {
      if (this.#isStopped) break;
      const context = { ...engineContext(head.tenant), principal: "retention" };
      if (!(await this.#archived(context, head))) {
        stay++;
        continue;
      }
      if ((await upkeep.remove(context, head.runId, reason)) === "removed") removed++;
    }
    this.removedRuns += removed;
    return stay;
  }

  /** Whether the run may go (K1). One that cannot be archived stays. */
  async #archived(context: CallContext, head: RunHead): Promise<boolean> {
    const { archive, store, retention, logger } = this.#parts;
    if (!retention.isArchived || archive === null) return true;
    try {
      await archive.save(context, head.runId, archiveLines(store, context, head));
    } catch (error) {
      // Another host has archived and removed it: there is nothing left to keep.
      if (error instanceof LockstitchError && error.code === "run_not_found") return true;
      logger.warn({ run: head.runId, error: String(error) }, "a run cannot be archived; it stays");
      return false;
    }
    this.archivedRuns++;
    return true;
  }

  #rules(): readonly RetentionRule[] {
    const { days, workflowDays } = this.#parts.retention;
    const nowMs = this.#parts.clock.nowMs();
    const rule = (workflow: string | null, status: EndedStatus, kept: number): RetentionRule => ({
      ...{ workflow, status },
      endedBeforeMs: kept === 0 ? Number.MIN_SAFE_INTEGER : nowMs - kept * DAY_MS,
    });
    return [
      ...ENDED_STATUSES.map((status) => rule(null, status, days[status])),
      ...Object.entries(workflowDays).flatMap(([name, kept]) =>
        ENDED_STATUSES.map((status) => rule(name, status, kept)),
      ),
    ];
  }

  /** Repeats `step` until it says that it is done, in idle moments. */
  async #steps(step: () => Promise<boolean>): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#isStopped) {
      await this.#idleMoment();
      const beganMs = clock.monotonicMs();
      if (await step()) return;
      const tookMs = clock.monotonicMs() - beganMs;
      await this.#pause(Math.max(PAUSE_MS_MIN, tookMs * PAUSE_FACTOR));
    }
  }

  /** At the latest after a second: a server that is never idle is to be kept small as well. */
  async #idleMoment(): Promise<void> {
    await this.#until(this.#parts.idle(), IDLE_MS_MAX);
  }

  async #pause(delayMs: number): Promise<void> {
    await this.#until(new Promise(() => {}), delayMs);
  }

  /** Resolves with `event`, after `limitMs` or when this is stopped. */
  async #until(event: Promise<void>, limitMs: number): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(limitMs, resolve);
    this.#wake = resolve;
    await Promise.race([event, promise]);
    cancel();
  }
}
