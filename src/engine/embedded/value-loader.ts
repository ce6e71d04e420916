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
import { PACKED_BYTES_MIN, PackedJson } from "#workflow/packed-json.ts";
import {
  blobLink,
  eventsOf,
  packedBlob,
  readBlob,
  type StoredEvent,
  unpacked,
} from "./event-blobs.ts";
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

/** A field itself: nothing inside of it. */
type WholeRef = FieldRef & { readonly i?: never };

function isWhole(ref: ValueRef): ref is WholeRef {
  return "at" in ref && ref.i === undefined && !ref.f.includes(".");
}

interface ResultChunk {
  readonly results: readonly ValueRef[] | null;
  readonly failed: readonly { readonly index: number; readonly error: unknown }[];
}

/** Turns that are kept parsed, and the longest one that is. */
const TURNS_KEPT = 8;
const TURN_LENGTH_MAX = 4 * 1_048_576;

/** A packed value of at most so many bytes (20 ms of parsing) is made objects once it was read so often. */
const PARSED_BYTES_MAX = 2 * 1_048_576;
const PACKED_READS_MAX = 4;

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
  /** How often a packed value was handed out from the cache. */
  readonly #reads = new WeakMap<PackedJson, number>();

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
    if (field === undefined || field instanceof PackedJson) return NOT_LOADED;
    return elementOf(field, ref);
  }

  /** As peek(), but what is cached packed is answered so. */
  peekPacked(cacheId: string, ref: ValueRef): unknown {
    if (!isWhole(ref)) return this.peek(cacheId, ref);
    const field = this.#cache.get(cacheId, `${ref.at}/${ref.f}`);
    if (!(field instanceof PackedJson)) return field ?? NOT_LOADED;
    if (this.#isWorthParsing(field)) return NOT_LOADED;
    this.#reads.set(field, (this.#reads.get(field) ?? 0) + 1);
    return field;
  }

  async load(source: ValueSource, ref: ValueRef): Promise<unknown> {
    const known = this.peek(source.cacheId, ref);
    if (known !== NOT_LOADED) return known;
    if ("v" in ref) return ref.v;
    if ("each" in ref) return this.#loadEach(source, ref);
    const packed = this.#cache.get(source.cacheId, `${ref.at}/${ref.f}`);
    if (packed instanceof PackedJson) return this.#remembered(source, ref, unpacked(packed));
    const dot = ref.f.indexOf(".");
    const name = dot < 0 ? ref.f : ref.f.slice(0, dot);
    const event = await this.#event(source, ref.at);
    if (event === null) return VALUE_LOST;
    const whole = await this.#field(source.context, event, name);
    const value = dot < 0 ? whole : (whole as Record<string, unknown>)?.[ref.f.slice(dot + 1)];
    if (value === undefined) return VALUE_LOST;
    return this.#remembered(source, ref, value);
  }

  #remembered(source: ValueSource, ref: FieldRef, value: unknown): unknown {
    this.#remember(source, [ref.at], `${ref.at}/${ref.f}`, value);
    return elementOf(value, ref);
  }

  /**
   * As load(), but a large value comes as PackedJson where its bytes lie in the store: nothing
   * parses it. An element of a list, or one carried value, is no blob of its own: it comes itself.
   */
  async loadPacked(source: ValueSource, ref: ValueRef): Promise<unknown> {
    const packed = isWhole(ref) ? await this.#packed(source, ref) : null;
    return packed === null || this.#isWorthParsing(packed) ? this.load(source, ref) : packed;
  }

  /** null: it is small, or no blob, or not to be read. */
  async #packed(source: ValueSource, ref: WholeRef): Promise<PackedJson | null> {
    const { cacheId, context } = source;
    const key = `${ref.at}/${ref.f}`;
    const cached = this.#cache.get(cacheId, key);
    if (cached instanceof PackedJson) return cached;
    if (cached !== undefined && this.#cache.sizeOf(cacheId, key) <= PACKED_BYTES_MIN) return null;
    const event = await this.#event(source, ref.at);
    const field = event?.[ref.f];
    if (field instanceof PackedJson) return field;
    const link = event === null ? null : blobLink(event, ref.f);
    if (link === null || link.bytes <= PACKED_BYTES_MIN) return null;
    const packed = await packedBlob(this.#blobs, context, link);
    if (packed !== null && cached === undefined) this.#remember(source, [ref.at], key, packed);
    return packed;
  }

  /** Of a value that steps read again and again: objects serve them within their turns. */
  #isWorthParsing(packed: PackedJson): boolean {
    return (
      packed.content.byteLength <= PARSED_BYTES_MAX &&
      (this.#reads.get(packed) ?? 0) >= PACKED_READS_MAX
    );
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
    // The caller makes VALUE_LOST of what is not found.
    return [];
  }
}

/** Where in the journal a reference leads; what needs no reading comes first. */
function seqOf(ref: ValueRef): number {
  if ("at" in ref) return ref.at;
  return "each" in ref ? (ref.each[0] ?? 0) : 0;
}
