/**
 * Finds the value behind a reference: in the cache at once, else in the journal and the blob store.
 *
 *   V1. `peek` never waits and answers NOT_LOADED for what would have to be read.
 *   V2. `load` answers the value, or VALUE_LOST when the event or its blob is missing or corrupt.
 *   V3. A for_each's output is put together from its result chunks; a lost part loses the whole.
 */
import { NOT_LOADED, refKey, VALUE_LOST, type ValueRef } from "#kernel/value-ref.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Journal, TurnRecord } from "#ports/journal.ts";
import { blobLink, eventsOf, readBlob, type StoredEvent, unpacked } from "./event-blobs.ts";
import type { ValueCache } from "./value-cache.ts";

/** Whose values are read. */
export interface ValueSource {
  readonly context: CallContext;
  readonly runId: string;
  /** The run's name in the cache. */
  readonly cacheId: string;
  /** The event if it belongs to the run's turn under way, else null. */
  uncommitted(seq: number): StoredEvent | null;
}

export type StoredRef = Exclude<ValueRef, { readonly v: unknown }>;
type FieldRef = Extract<StoredRef, { readonly at: number }>;
type EachRef = Extract<StoredRef, { readonly each: readonly number[] }>;

interface ResultChunk {
  readonly results: readonly ValueRef[] | null;
  readonly failed: readonly { readonly index: number; readonly error: unknown }[];
}

/** Turns that are kept parsed, and the longest one that is. */
const TURNS_KEPT = 8;
const TURN_LENGTH_MAX = 4 * 1_048_576;

interface ParsedTurn {
  readonly cacheId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly events: readonly StoredEvent[];
}

export class ValueLoader {
  readonly #journal: Journal;
  readonly #blobs: BlobStore;
  readonly #cache: ValueCache;
  /** Read last, newest first: neighbours are read one after another. What is committed never changes. */
  #parsed: readonly ParsedTurn[] = [];

  constructor(journal: Journal, blobs: BlobStore, cache: ValueCache) {
    this.#journal = journal;
    this.#blobs = blobs;
    this.#cache = cache;
  }

  /** The value if it is inline or cached, else NOT_LOADED. */
  peek(cacheId: string, ref: ValueRef): unknown {
    if ("v" in ref) return ref.v;
    if ("each" in ref) return this.#cache.get(cacheId, refKey(ref)) ?? NOT_LOADED;
    const field = this.#cache.get(cacheId, `${ref.at}/${ref.f}`);
    if (field === undefined) return NOT_LOADED;
    return elementOf(field, ref);
  }

  async load(source: ValueSource, ref: ValueRef): Promise<unknown> {
    const known = this.peek(source.cacheId, ref);
    if (known !== NOT_LOADED) return known;
    if ("v" in ref) return ref.v;
    if ("each" in ref) return this.#loadEach(source, ref);
    const dot = ref.f.indexOf(".");
    const name = dot < 0 ? ref.f : ref.f.slice(0, dot);
    const event = await this.#event(source, ref.at);
    if (event === null) return VALUE_LOST;
    const whole = await this.#field(source.context, event, name);
    const value = dot < 0 ? whole : (whole as Record<string, unknown>)?.[ref.f.slice(dot + 1)];
    if (value === undefined) return VALUE_LOST;
    this.#remember(source, [ref.at], `${ref.at}/${ref.f}`, value);
    return elementOf(value, ref);
  }

  /** What an uncommitted turn holds may still come to nothing: it is not cached. */
  #remember(source: ValueSource, seqs: readonly number[], key: string, value: unknown): void {
    if (seqs.every((seq) => source.uncommitted(seq) === null))
      this.#cache.put(source.cacheId, key, value);
  }

  /** A field of a stored event; undefined when it is lost. */
  async #field(context: CallContext, event: StoredEvent, name: string): Promise<unknown> {
    const link = blobLink(event, name);
    return link === null ? unpacked(event[name]) : readBlob(this.#blobs, context, link);
  }

  async #event(source: ValueSource, seq: number): Promise<StoredEvent | null> {
    const own = source.uncommitted(seq);
    if (own !== null) return own;
    const { cacheId, runId } = source;
    const known = this.#parsed.find(
      (turn) => turn.cacheId === cacheId && turn.firstSeq <= seq && seq <= turn.lastSeq,
    );
    if (known !== undefined) return known.events[seq - known.firstSeq] ?? null;
    const turn = await this.#journal.turnAt(source.context, runId, seq);
    if (turn === null) return null;
    const { firstSeq, lastSeq } = turn;
    const events = readableEvents(turn);
    if (turn.events.length <= TURN_LENGTH_MAX)
      this.#parsed = [
        { cacheId, firstSeq, lastSeq, events },
        ...this.#parsed.slice(0, TURNS_KEPT - 1),
      ];
    return events[seq - firstSeq] ?? null;
  }

  async #loadEach(source: ValueSource, ref: EachRef): Promise<unknown> {
    const wanted: { readonly at: number; readonly result: ValueRef }[] = [];
    const failed: unknown[] = [];
    for (const seq of ref.each) {
      const chunk = await this.#chunk(source, seq);
      if (chunk === null) return VALUE_LOST;
      for (const failure of chunk.failed) failed.push(failure);
      for (const result of chunk.results ?? []) wanted.push({ at: wanted.length, result });
    }
    const results: unknown[] = new Array(wanted.length);
    // In journal order, each turn is read once: 10,000 items took 30 s one by one.
    wanted.sort((a, b) => seqOf(a.result) - seqOf(b.result));
    for (const { at, result } of wanted) {
      const value = "v" in result ? result.v : await this.load(source, result);
      if (value === VALUE_LOST) return VALUE_LOST;
      results[at] = value;
    }
    const output = { results, succeeded: ref.succeeded, failed };
    this.#remember(source, ref.each, refKey(ref), output);
    return output;
  }

  async #chunk(source: ValueSource, seq: number): Promise<ResultChunk | null> {
    const event = await this.#event(source, seq);
    if (event === null) return null;
    const results = await this.#field(source.context, event, "results");
    const failed = await this.#field(source.context, event, "failed");
    if (results === undefined || failed === undefined) return null;
    return {
      results: results as ResultChunk["results"],
      failed: failed as ResultChunk["failed"],
    };
  }
}

/** The element that `ref` names, or the field itself. */
export function elementOf(field: unknown, ref: FieldRef): unknown {
  if (ref.i === undefined) return field;
  const element = Array.isArray(field) ? (field[ref.i] as unknown) : undefined;
  return element === undefined ? VALUE_LOST : element;
}

/** Of a turn that cannot be read, none: what it held is lost. */
function readableEvents(turn: TurnRecord): readonly StoredEvent[] {
  try {
    return eventsOf(turn);
  } catch {
    return [];
  }
}

/** Where in the journal a reference leads; what needs no reading comes first. */
function seqOf(ref: ValueRef): number {
  if ("at" in ref) return ref.at;
  return "each" in ref ? (ref.each[0] ?? 0) : 0;
}
