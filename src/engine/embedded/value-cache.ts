/**
 * Values of runs that were read or written lately, for the whole engine: bounded by size and
 * number, least recently used go first. A miss costs a read of the journal, never a value.
 *
 * Values are shared and never changed. Sizes are characters of JSON, counted up to a cap.
 */
import { jsonSizeUpTo } from "#workflow/json.ts";

/**
 * A value larger than this part of the cache is not kept. By default that is 16 MiB: any one input
 * or output fits, else every turn that looks at it would read it again.
 */
const SHARE_MAX = 4;

interface Entry {
  readonly value: unknown;
  readonly size: number;
}

export class ValueCache {
  readonly #sizeMax: number;
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry>();
  #size = 0;

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

  put(runId: string, key: string, value: unknown): void {
    const name = `${runId} ${key}`;
    const present = this.#entries.get(name);
    if (present !== undefined) {
      this.#size -= present.size;
      this.#entries.delete(name);
    }
    const cap = Math.floor(this.#sizeMax / SHARE_MAX);
    const size = jsonSizeUpTo(value, cap);
    if (size > cap) return;
    this.#entries.set(name, { value, size });
    this.#size += size;
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= this.#sizeMax && this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
      this.#size -= entry.size;
    }
  }
}
