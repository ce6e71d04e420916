/**
 * When runs enter the lists: the indexes that lists are read from, and the counters. A run begins
 * *fresh*, in none of them, and fresh runs enter together, the oldest first: in idle time, or inside
 * a commit when they have become many. So a beginning and an end write the run's own row, and a run
 * that has ended meanwhile enters once instead of entering, leaving and entering again.
 *
 *   1. Whoever reads a list merges what stands in it with the fresh runs, in one snapshot.
 *   2. Fresh runs are those behind `listedTo`, at most some FRESH_RUNS_MAX: that bounds the merging.
 *   3. A number is used again when the greatest one's row is dropped. `listedTo` is therefore never
 *      above the greatest number in use, or a new run would stay out of the lists for ever.
 *   4. `listedTo` is read anew in each transaction: other writers, an older owner's too, list as well.
 */
import type { Connection } from "./connection.ts";
import { COUNT_ENLISTED } from "./sql/count-enlisted.ts";
import { ENLIST_RUNS } from "./sql/enlist-runs.ts";
import { NEWEST_RUN } from "./sql/newest-run.ts";
import { READ_LISTED_TO } from "./sql/read-listed-to.ts";
import { SAVE_LISTED_TO } from "./sql/save-listed-to.ts";

/** Reading so many beside a list takes less than a millisecond, listing them ten (in a store of 100,000). */
export const FRESH_RUNS_MAX = 1_000;
/** Fewer are not worth a transaction of their own. */
export const FRESH_RUNS_IDLE_MIN = 100;

export class RunLists {
  readonly #connection: Connection;
  readonly #freshMax: number;
  /** As of the transaction under way, or the last one; null: to be read. */
  #listedTo: number | null = null;
  /** Greatest number of a run that was made here; 0: unknown. */
  #newest = 0;

  constructor(connection: Connection, freshMax: number) {
    this.#connection = connection;
    this.#freshMax = freshMax;
  }

  /** A transaction begins. `listedTo`: where its owner has read it already. */
  begin(listedTo: number | null): void {
    this.#listedTo = listedTo;
  }

  /** Others have written, or what was written here is undone. */
  forget(): void {
    this.#listedTo = null;
    this.#newest = 0;
  }

  /** Whether lists and counters have the run of this number. */
  has(number: number): boolean {
    return number <= this.#greatest();
  }

  made(number: number): void {
    this.#newest = number;
  }

  /** Whether more are fresh than should be, as of the last group here. */
  get areMany(): boolean {
    return this.#newest > 0 && !this.has(this.#newest - FRESH_RUNS_MAX);
  }

  /** At the end of a group: an eighth of what may be fresh, which takes a millisecond or two. */
  enlistIfMany(): void {
    const max = this.#freshMax;
    if (this.#newest > 0 && !this.has(this.#newest - max))
      this.#enlistTo(this.#newest - max + (max >> 3));
  }

  /** Outside of a transaction: whether at least so many fresh ones wait for enlist(), about. */
  areWaiting(least: number): boolean {
    this.#listedTo = null;
    return !this.has(this.#read(NEWEST_RUN) + 1 - least);
  }

  /** All of them. */
  enlist(): void {
    this.#enlistTo(this.#read(NEWEST_RUN));
  }

  /** After a row of `runs` was dropped. */
  dropped(): void {
    const newest = this.#read(NEWEST_RUN);
    this.#newest = Math.min(this.#newest, newest);
    if (!this.has(newest + 1)) return;
    this.#connection.run(SAVE_LISTED_TO, newest);
    this.#listedTo = newest;
  }

  #enlistTo(number: number): void {
    if (this.has(number)) return;
    const from = this.#greatest();
    this.#connection.run(COUNT_ENLISTED, from, number);
    this.#connection.run(ENLIST_RUNS, from, number);
    this.#connection.run(SAVE_LISTED_TO, number);
    this.#listedTo = number;
  }

  #greatest(): number {
    this.#listedTo ??= this.#read(READ_LISTED_TO);
    return this.#listedTo;
  }

  #read(sql: string): number {
    return this.#connection.get<{ number: number }>(sql)?.number ?? 0;
  }
}
