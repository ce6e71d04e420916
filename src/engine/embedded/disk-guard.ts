/**
 * Watches the room on the store's disk. Below the limit new starts are refused while what runs goes
 * on: a run that cannot write is worse than one that is not taken. Looked at every ten seconds, so
 * that a start costs the reading of a flag.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { Clock } from "#ports/clock.ts";
import type { Disk } from "#ports/disk.ts";
import type { Logger } from "#ports/logger.ts";

const LOOK_EVERY_MS = 10_000;
/** What a caller of a refused start is told to wait. */
const RETRY_AFTER_S = 30;

export class DiskGuard {
  readonly #parts: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Of the whole, 0 to 1; 0 never refuses. */
    readonly freeMin: number;
  };
  #cancel = () => {};
  #isStopped = false;
  isLow = false;
  #freePercent = 100;

  constructor(parts: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly freeMin: number;
  }) {
    this.#parts = parts;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Throws disk_low. */
  refuseStart(): void {
    if (!this.isLow) return;
    const limit = Math.round(this.#parts.freeMin * 1_000) / 10;
    throw new LockstitchError(
      "disk_low",
      `The disk of the data directory is ${this.#freePercent} % free, less than ${limit} % (disk.freePercentMin): runs that are under way go on, new ones are not taken. Free some space.`,
      { details: { freePercent: this.#freePercent, retryAfterS: RETRY_AFTER_S } },
    );
  }

  async #look(): Promise<void> {
    const { disk, logger, freeMin } = this.#parts;
    try {
      const { freeBytes, totalBytes } = await disk.room();
      const free = totalBytes > 0 ? freeBytes / totalBytes : 1;
      this.#freePercent = Math.round(free * 1_000) / 10;
      const isLow = free < freeMin;
      if (isLow !== this.isLow) {
        const fields = { freePercent: this.#freePercent };
        if (isLow) logger.warn(fields, "the disk is nearly full: new starts are refused");
        else logger.info(fields, "the disk has room again: starts are taken");
      }
      this.isLow = isLow;
    } catch (error) {
      // Not knowing is no reason to refuse: a full disk refuses commits by itself.
      logger.warn({ error: String(error) }, "the room on the disk cannot be told");
    }
  }
}
