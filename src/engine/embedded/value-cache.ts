/**
 * Values of runs that were read or written lately, for the whole engine: bounded by size and
 * number, least recently used go first. A miss costs a read of the journal, never a value.
 *
 *   1. Of runs that have ended a small share is kept, for whoever waited for one and reads it at
 *      once; else every run that ever ran would stay until the cache is full.
 *   2. The run that ended last is kept whatever its size: its output is read next, if any is.
 *   3. A packed value is kept as it is: its readers mostly pass its bytes on. Handed on from step to
 *      step it is in many entries, and counts once.
 *   4. What is put is committed in its run: a packed value that was put need not be stored for that
 *      run again, also when it is not kept any more.
 *
 * Values are shared and never changed. Sizes are characters of JSON, counted up to a cap.
 */
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PackedJson } from "#workflow/packed-json.ts";

/**
 * A value larger than this part of the cache is not kept. By default that is 16 MiB: any one input
 * or output fits, else every turn that looks at it would read it again.
 */
const SHARE_MAX = 4;
/** The part of the cache that ended runs have; by default 2 MiB. */
const ENDED_SHARE_MAX = 32;
/** Runs that ended, some 1 KiB each with small values. */
const ENDED_RUNS_MAX = 500;

interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly size: number;
  /** What it takes: its size, or nothing where another entry of the same packed value takes it. */
  counted: number;
  readonly run: RunValues;
  /** Neighbours among the run's entries. */
  previous: Entry | null;
  next: Entry | null;
}

interface RunValues {
  readonly runId: string;
  first: Entry | null;
  size: number;
  hasEnded: boolean;
}

export class ValueCache {
  readonly #sizeMax: number;
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry>();
  readonly #runs = new Map<string, RunValues>();
  /** In the order in which they ended. */
  readonly #ended = new Set<RunValues>();
  /** Entries of one packed value; the first of them counts. */
  readonly #shared = new Map<PackedJson, Set<Entry>>();
  /** The run that a packed value was put for last. */
  readonly #storedFor = new WeakMap<PackedJson, string>();
  #size = 0;
  #endedSize = 0;

  constructor(sizeMax: number, entriesMax: number) {
    this.#sizeMax = sizeMax;
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#size;
  }

  get entries(): number {
    return this.#entries.size;
  }

  /** undefined: not here (JSON has no undefined). */
  get(runId: string, key: string): unknown {
    const name = `${runId} ${key}`;
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry.value;
  }

  /** Characters of JSON of what get() would answer; 0: it is not here. */
  sizeOf(runId: string, key: string): number {
    return this.#entries.get(`${runId} ${key}`)?.size ?? 0;
  }

  /** Whether the store surely has `packed`, for as long as it has the run. */
  isStored(runId: string, packed: PackedJson): boolean {
    return this.#storedFor.get(packed) === runId;
  }

  put(runId: string, key: string, value: unknown): void {
    // A carried value (`7/carry.rows`) is a part of its blob.
    if (value instanceof PackedJson && !key.includes(".")) this.#storedFor.set(value, runId);
    const name = `${runId} ${key}`;
    const present = this.#entries.get(name);
    if (present !== undefined) this.#remove(present);
    const cap = Math.floor(this.#sizeMax / SHARE_MAX);
    const size = jsonSizeUpTo(value, cap);
    if (size > cap) return;
    this.#add(name, value, size, this.#runOf(runId));
    for (const oldest of this.#entries.values()) {
      if (this.#size <= this.#sizeMax && this.#entries.size <= this.#entriesMax) break;
      this.#remove(oldest);
    }
    this.#trimEnded();
  }

  /** Nothing decides on the run's values any more. */
  ended(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined || run.hasEnded) return;
    run.hasEnded = true;
    this.#ended.add(run);
    this.#endedSize += run.size;
    this.#trimEnded();
  }

  #trimEnded(): void {
    const sizeMax = this.#sizeMax / ENDED_SHARE_MAX;
    for (const run of this.#ended) {
      if (this.#ended.size === 1) break;
      if (this.#ended.size <= ENDED_RUNS_MAX && this.#endedSize <= sizeMax) break;
      while (run.first !== null) this.#remove(run.first);
    }
  }

  #runOf(runId: string): RunValues {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      run = { runId, first: null, size: 0, hasEnded: false };
      this.#runs.set(runId, run);
    }
    return run;
  }

  #add(name: string, value: unknown, size: number, run: RunValues): void {
    const entry: Entry = { name, value, size, counted: size, run, previous: null, next: run.first };
    if (value instanceof PackedJson) this.#share(value, entry);
    if (run.first !== null) run.first.previous = entry;
    run.first = entry;
    this.#entries.set(name, entry);
    this.#grow(run, entry.counted);
  }

  #share(packed: PackedJson, entry: Entry): void {
    const entries = this.#shared.get(packed);
    if (entries === undefined) this.#shared.set(packed, new Set([entry]));
    else {
      entries.add(entry);
      entry.counted = 0;
    }
  }

  /** Another entry of the value takes over what this one counted. */
  #unshare(packed: PackedJson, entry: Entry): void {
    const entries = this.#shared.get(packed);
    entries?.delete(entry);
    const [heir] = entries ?? [];
    if (heir === undefined) this.#shared.delete(packed);
    else if (heir.counted === 0 && entry.counted > 0) {
      heir.counted = heir.size;
      this.#grow(heir.run, heir.counted);
    }
  }

  #remove(entry: Entry): void {
    const { name, value, run, previous, next } = entry;
    this.#entries.delete(name);
    if (previous === null) run.first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    this.#grow(run, -entry.counted);
    if (value instanceof PackedJson) this.#unshare(value, entry);
    if (run.first !== null) return;
    this.#runs.delete(run.runId);
    this.#ended.delete(run);
  }

  #grow(run: RunValues, size: number): void {
    run.size += size;
    this.#size += size;
    if (run.hasEnded) this.#endedSize += size;
  }
}
