/**
 * Sorts more than fits into memory: what has gathered is sorted and spilled as a run, and runs are
 * merged when all is there. Stable, in the order that compareJson has.
 *
 *   E1. The result does not depend on where runs end: equal keys keep the order of add().
 *   E2. After save() everything added so far survives a crash.
 */
import { join } from "node:path";
import { compareJson } from "../pure/compare-json.ts";
import { readRun, writeRun } from "./run-file.ts";

/** Bytes by estimate that are held before a run is spilled. */
const HELD_SIZE_MAX = 12 * 1024 * 1024;
const ENTRY_SIZE = 80;
const KEY_SIZE = 40;
/** Runs that are merged at once: each holds a block. */
const FAN_IN_MAX = 64;

export interface Keyed {
  readonly keys: readonly unknown[];
  readonly value: unknown;
}

/** Names of run files in order. */
export interface SavedSort {
  readonly runs: readonly string[];
  /** Number of the next run file. */
  readonly next: number;
}

interface Held {
  readonly keys: readonly unknown[];
  /** JSON of `[keys, value]`. */
  readonly line: string;
}

export interface SortOptions {
  readonly folder: string;
  /** Begins the names of its files. */
  readonly name: string;
  readonly signs: readonly (1 | -1)[];
  readonly heldSizeMax?: number;
}

export class ExternalSort {
  readonly #options: SortOptions;
  readonly #heldSizeMax: number;
  #held: Held[] = [];
  #size = 0;
  #runs: string[];
  #next: number;

  constructor(options: SortOptions, saved: SavedSort | null) {
    this.#options = options;
    this.#heldSizeMax = options.heldSizeMax ?? HELD_SIZE_MAX;
    this.#runs = [...(saved?.runs ?? [])];
    this.#next = saved?.next ?? 0;
  }

  add(keys: readonly unknown[], value: unknown): void {
    const line = JSON.stringify([keys, value]);
    this.#held.push({ keys, line });
    // A held entry costs more than its text, and its keys are held beside it.
    this.#size += line.length + ENTRY_SIZE + KEY_SIZE * keys.length;
    if (this.#size > this.#heldSizeMax) this.#spill();
  }

  /** Spills what is held. */
  save(): SavedSort {
    this.#spill();
    return { runs: [...this.#runs], next: this.#next };
  }

  /**
   * Nothing comes any more: merges runs until few enough are left. The files of those merged stay,
   * for whoever has to begin again from an older save().
   */
  finish(): SavedSort {
    this.#spill();
    while (this.#runs.length > FAN_IN_MAX) this.#mergeFirst();
    return this.save();
  }

  /** All in order, after finish(). */
  sorted(): Iterable<Keyed> {
    return this.#merged(this.#runs);
  }

  #spill(): void {
    if (this.#held.length === 0) return;
    const held = this.#held.sort((left, right) => this.#compare(left.keys, right.keys));
    this.#write(
      held.map(({ line }) => line),
      this.#runs.length,
    );
    this.#held = [];
    this.#size = 0;
  }

  #write(lines: Iterable<string>, at: number): void {
    const name = `${this.#options.name}-${this.#next}.run`;
    this.#next += 1;
    writeRun(join(this.#options.folder, name), lines);
    this.#runs.splice(at, 0, name);
  }

  /** The oldest runs as one, in their place. */
  #mergeFirst(): void {
    const first = this.#runs.slice(0, FAN_IN_MAX);
    this.#runs = this.#runs.slice(FAN_IN_MAX);
    this.#write(linesOf(this.#merged(first)), 0);
  }

  *#merged(runs: readonly string[]): Iterable<Keyed> {
    const heads: Head[] = [];
    for (const [order, name] of runs.entries()) {
      const entries = readRun(join(this.#options.folder, name))[Symbol.iterator]();
      const head = nextHead(entries, order);
      if (head !== null) heads.push(head);
    }
    heads.sort((left, right) => this.#compareHeads(left, right));
    for (let first = heads[0]; first !== undefined; first = heads[0]) {
      yield first.entry;
      const next = nextHead(first.entries, first.order);
      heads.shift();
      if (next !== null) heads.splice(this.#placeOf(heads, next), 0, next);
    }
  }

  #placeOf(heads: readonly Head[], head: Head): number {
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = heads[middle];
      if (at !== undefined && this.#compareHeads(at, head) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareHeads(left: Head, right: Head): number {
    const compared = this.#compare(left.entry.keys, right.entry.keys);
    return compared === 0 ? left.order - right.order : compared;
  }

  #compare(left: readonly unknown[], right: readonly unknown[]): number {
    const { signs } = this.#options;
    for (let at = 0; at < signs.length; at += 1) {
      const compared = compareJson(left[at], right[at]);
      if (compared !== 0) return compared * (signs[at] ?? 1);
    }
    return 0;
  }
}

interface Head {
  readonly entry: Keyed;
  readonly entries: Iterator<unknown>;
  /** Of its run among those merged. */
  readonly order: number;
}

function nextHead(entries: Iterator<unknown>, order: number): Head | null {
  const { done, value } = entries.next();
  if (done === true) return null;
  const [keys, inner] = value as [readonly unknown[], unknown];
  return { entry: { keys, value: inner }, entries, order };
}

function* linesOf(entries: Iterable<Keyed>): Iterable<string> {
  for (const { keys, value } of entries) yield JSON.stringify([keys, value]);
}
