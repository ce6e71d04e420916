/**
 * Between events as the kernel makes them and as the journal keeps them: a field over 64 KiB is
 * moved to the blob store, and `<field>Blob: { hash, bytes }` stands in its place.
 *
 *   B1. A blob is durable before the commit that first refers to it.
 *   B2. `hash` is SHA-256 over the UTF-8 bytes of the field's JSON; equal values share one blob.
 *   B3. Folding a stored event gives the same state as folding the event that was stored.
 */
import { hash as digest } from "node:crypto";
import { LockstitchError } from "#errors/errors.ts";
import type { RunEvent } from "#kernel/events.ts";
import { NewerEvent, UPCASTS, type Upcasts, upcast, versioned } from "#kernel/upcast.ts";
import { VALUE_FIELDS } from "#kernel/value-fields.ts";
import type { BlobStore } from "#ports/blob-store.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { TurnRecord } from "#ports/journal.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { BLOB_BYTES } from "./options.ts";

export interface BlobLink {
  readonly hash: string;
  readonly bytes: number;
}

export interface StoredBlob extends BlobLink {
  readonly content: Uint8Array;
  /** What it was made of; null: of objects. */
  readonly packed: PackedJson | null;
}

/** An event as it lies in the journal. */
export type StoredEvent = Readonly<Record<string, unknown>> & { readonly type: RunEvent["type"] };

/** A UTF-8 byte takes at least a third of a UTF-16 unit: shorter text cannot be over the limit. */
const SURELY_SMALL = Math.floor(BLOB_BYTES / 3);

/**
 * JSON text of a turn's events, and the blobs that must be put before it is committed. With
 * `hasLarge` every field is looked at first, so that a large one is written once.
 */
export function encodeEvents(
  made: readonly RunEvent[],
  { hasLarge = false }: { readonly hasLarge?: boolean } = {},
): {
  readonly text: string;
  readonly blobs: readonly StoredBlob[];
} {
  const events = versioned(made);
  const blobs: StoredBlob[] = [];
  if (hasLarge) {
    const texts = events.map((event) => JSON.stringify(withBlobs(event, blobs)));
    return { text: `[${texts.join(",")}]`, blobs };
  }
  if (events.length <= CHUNK_EVENTS) return { text: `[${chunkText(events, blobs)}]`, blobs };
  const texts: string[] = [];
  for (let from = 0; from < events.length; from += CHUNK_EVENTS)
    texts.push(chunkText(events.slice(from, from + CHUNK_EVENTS), blobs));
  return { text: `[${texts.join(",")}]`, blobs };
}

/** Written at once, and one by one only where one of them may be too large. */
const CHUNK_EVENTS = 64;

function chunkText(events: readonly RunEvent[], blobs: StoredBlob[]): string {
  const text = JSON.stringify(events);
  if (text.length <= SURELY_SMALL) return text.slice(1, -1);
  return events.map((event) => eventText(event, blobs)).join(",");
}

function eventText(event: RunEvent, blobs: StoredBlob[]): string {
  const text = JSON.stringify(event);
  if (text.length <= SURELY_SMALL || Buffer.byteLength(text) <= BLOB_BYTES) return text;
  return JSON.stringify(withBlobs(event, blobs));
}

function withBlobs(event: RunEvent, blobs: StoredBlob[]): Record<string, unknown> {
  const stored: Record<string, unknown> = { ...event };
  for (const field of VALUE_FIELDS) {
    const value = stored[field];
    if (value === undefined || value === null) continue;
    const blob = blobOf(value);
    if (blob === null) continue;
    blobs.push(blob);
    delete stored[field];
    stored[`${field}Blob`] = { hash: blob.hash, bytes: blob.bytes } satisfies BlobLink;
  }
  return stored;
}

/** null: it is small enough to stand in its event. */
function blobOf(value: unknown): StoredBlob | null {
  if (value instanceof PackedJson) {
    const { content, hash } = value;
    return { hash, bytes: content.byteLength, content, packed: value };
  }
  const content = new TextEncoder().encode(JSON.stringify(value));
  if (content.byteLength <= BLOB_BYTES) return null;
  const bytes = content.byteLength;
  return { hash: digest("sha256", content), bytes, content, packed: null };
}

/** The value itself, of what may be packed. */
export function unpacked(value: unknown): unknown {
  return value instanceof PackedJson ? jsonOf(value.content) : value;
}

function jsonOf(content: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(content));
}

/** As they are stored, of whatever version. */
export function parseEvents(text: string): readonly StoredEvent[] {
  return JSON.parse(text) as StoredEvent[];
}

/**
 * The events of a turn as the journal gave it, of today's versions. Throws store_corrupt or
 * store_newer, naming the turn.
 */
export function eventsOf(turn: TurnRecord, upcasts: Upcasts = UPCASTS): readonly StoredEvent[] {
  let index = 0;
  try {
    const events = parseEvents(turn.events) as StoredEvent[];
    for (; index < events.length; index++)
      events[index] = upcast(events[index] as StoredEvent, upcasts);
    return events;
  } catch (fault) {
    throw fault instanceof NewerEvent ? newer(turn, index, fault) : unreadable(turn, fault);
  }
}

function newer({ runId, firstSeq }: TurnRecord, index: number, cause: NewerEvent): LockstitchError {
  const seq = firstSeq + index;
  return new LockstitchError(
    "store_newer",
    `Run ${runId}: event ${seq} of its journal, ${cause.message}; go on with the version that wrote it, or a newer one`,
    { details: { runId, seq }, cause },
  );
}

function unreadable({ runId, firstSeq, lastSeq }: TurnRecord, cause: unknown): LockstitchError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LockstitchError(
    "store_corrupt",
    `Run ${runId}: events ${firstSeq} to ${lastSeq} of its journal cannot be read (${why})`,
    { details: { runId, firstSeq, lastSeq }, cause },
  );
}

/** The link that stands for `field`, or null when the field is in the event itself. */
export function blobLink(event: StoredEvent, field: string): BlobLink | null {
  return (event[`${field}Blob`] as BlobLink | undefined) ?? null;
}

/** Fields that become references: the fold looks at their size alone. */
const BY_REFERENCE: ReadonlySet<string> = new Set([
  ...["input", "output", "payload", "value", "position"],
]);
/** Fields that the fold does not look at; whoever reads one meets its loss, not the whole run. */
const BY_ELEMENT: ReadonlySet<string> = new Set(["values", "keys", "results", "failed"]);
/** Stands for a value that is not inline, whatever it is: only its size matters to the fold. */
const LARGE = "x".repeat(1_024);

/** The event as the kernel made it, as far as the fold looks at it. */
export async function forFold(
  event: StoredEvent,
  blobs: BlobStore,
  context: CallContext,
): Promise<RunEvent> {
  let whole: Record<string, unknown> | null = null;
  for (const field of VALUE_FIELDS) {
    const link = blobLink(event, field);
    if (link === null || BY_ELEMENT.has(field)) continue;
    whole ??= { ...event };
    whole[field] = BY_REFERENCE.has(field) ? LARGE : await readBlob(blobs, context, link);
  }
  return (whole ?? event) as unknown as RunEvent;
}

/** Whether forFold has nothing to do. */
export function hasBlobs(event: StoredEvent): boolean {
  for (const field of VALUE_FIELDS) if (`${field}Blob` in event) return true;
  return false;
}

/** The value behind a link; undefined when it is missing or corrupt. */
export async function readBlob(
  blobs: BlobStore,
  context: CallContext,
  link: BlobLink,
): Promise<unknown> {
  const content = await blobs.get(context, link.hash);
  if (content === null) return undefined;
  return jsonOf(content);
}

/** As readBlob, but its bytes as they lie in the store. */
export async function packedBlob(
  blobs: BlobStore,
  context: CallContext,
  { hash }: BlobLink,
): Promise<PackedJson | null> {
  const content = await blobs.get(context, hash);
  return content === null ? null : new PackedJson(content, hash);
}
