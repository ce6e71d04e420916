/**
 * Whether the calling thread may wait for the disk itself: judged by how long lone commits took
 * lately, wherever they ran, and by how many groups in a row were lone. Pure counts.
 *
 *   1. Yes only after SAMPLES lone commits, most of them quick, at most STALLS_MAX of the last
 *      SAMPLES a stall. A disk that turns slow holds the event loop up STALLS_MAX + 1 times.
 *   2. Yes only for a lone group behind LONE_STREAK lone ones: changing sides costs a page cache.
 */

const SAMPLES = 32;
/** Lone commits leave the disk and the processor cold: 0.3 ms in a row are 1 ms at 20 a second. */
const QUICK_MS = 2;
/** What the event loop must not meet often. */
const STALL_MS = 8;
const STALLS_MAX = 1;
const LONE_STREAK = 4;

export class CommitPace {
  readonly #samples = new Float64Array(SAMPLES);
  #count = 0;
  #quick = 0;
  #stalls = 0;
  #loneInRow = 0;

  /** Asked once for each group: whether the calling thread may commit it. */
  judge(isLone: boolean): boolean {
    if (!isLone) {
      this.#loneInRow = 0;
      return false;
    }
    this.#loneInRow += 1;
    return this.#loneInRow > LONE_STREAK && this.#isFast;
  }

  /** A lone commit took so long. */
  note(tookMs: number): void {
    const slot = this.#count % SAMPLES;
    if (this.#count >= SAMPLES) this.#add(this.#samples[slot] ?? 0, -1);
    this.#samples[slot] = tookMs;
    this.#add(tookMs, 1);
    this.#count += 1;
  }

  get #isFast(): boolean {
    return this.#count >= SAMPLES && this.#quick * 2 > SAMPLES && this.#stalls <= STALLS_MAX;
  }

  #add(tookMs: number, by: 1 | -1): void {
    if (tookMs <= QUICK_MS) this.#quick += by;
    if (tookMs > STALL_MS) this.#stalls += by;
  }
}
