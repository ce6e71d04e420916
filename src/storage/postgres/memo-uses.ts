/**
 * Which remembered results this host has used lately, by number, until a transaction writes it.
 * What is lost of it costs an entry its place in the order of eviction, and nothing else.
 */

/** A use is noted when the last one that is known is older than this. */
const USE_GRAIN_MS = 60_000;
/** Entries whose last use is remembered, written or not. */
const USES_MAX = 10_000;

export class MemoUses {
  /** Last use of each entry, as far as it was this host's. */
  readonly #known = new Map<number, number>();
  #unwritten = new Map<number, number>();

  /** `knownAtMs`: the last use that the store knows. */
  use(number: number, knownAtMs: number, nowMs: number): void {
    const lastMs = Math.max(knownAtMs, this.#known.get(number) ?? 0);
    if (nowMs - lastMs < USE_GRAIN_MS) return;
    if (this.#known.size >= USES_MAX) this.#known.clear();
    this.#known.set(number, nowMs);
    this.#unwritten.set(number, nowMs);
  }

  /** What is to be written now; from here on it counts as written. */
  take(): readonly (readonly [number: number, atMs: number])[] {
    const taken = [...this.#unwritten].sort(([a], [b]) => a - b);
    this.#unwritten = new Map();
    return taken;
  }
}
