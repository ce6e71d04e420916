/**
 * Versions of events. A journal is never rewritten: where the shape of an event type has changed, its
 * old events are brought into the shape of today as they are read, so that fold, history, archive
 * and callers know one shape only.
 *
 *   V1. The version is the field `v` of the stored event, and absent it is 1: a type that never
 *       changed pays neither bytes nor time. Outside of the store no event has it.
 *   V2. A type with n entries in the table is at version n + 1; entry i makes version i + 2 of i + 1.
 *   V3. Unknown fields are kept. An unknown version or type is refused, never guessed at.
 *   V4. What is read is the stored form: of a field that was moved to the blob store there is
 *       `<field>Blob`. An entry that renames a field renames both.
 *   V5. Whoever adds an entry raises STATE_VERSION: references of older checkpoints name fields of
 *       the old shape, and an older host must not go on from a checkpoint behind events that it
 *       cannot read.
 */
import { VALUE_FIELDS_OF } from "./value-fields.ts";

export type AnyEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** From one version of an event type to the next. */
type Upcast = (old: AnyEvent) => AnyEvent;

export type Upcasts = Readonly<Record<string, readonly Upcast[]>>;

/** No event type has changed since the first release. */
export const UPCASTS: Upcasts = {};

/** Of an event that a newer Lockstitch has written. */
export class NewerEvent extends Error {
  override readonly name = "NewerEvent";
}

/** `stored` in the shape of today, without `v`. Throws NewerEvent. */
export function upcast<Event extends AnyEvent>(stored: Event, table: Upcasts = UPCASTS): Event {
  const { type } = stored;
  if (
    stored["v"] === undefined &&
    table[type] === undefined &&
    Object.hasOwn(VALUE_FIELDS_OF, type)
  )
    return stored;
  return raised(stored, table);
}

function raised<Event extends AnyEvent>(stored: Event, table: Upcasts): Event {
  const { v: version = 1, ...event } = stored;
  const { type } = stored;
  const newest = versionOf(type, table);
  if (newest === 0)
    throw new NewerEvent(`"${type}" is an event that this version of Lockstitch does not know`);
  if (!Number.isInteger(version) || (version as number) < 1 || (version as number) > newest)
    throw new NewerEvent(
      `"${type}" is of version ${JSON.stringify(version)}, and this version of Lockstitch reads up to ${newest}`,
    );
  let raisedEvent: AnyEvent = event as unknown as AnyEvent;
  for (const next of (table[type] ?? []).slice((version as number) - 1))
    raisedEvent = next(raisedEvent);
  return raisedEvent as Event;
}

/** The version in which events of `type` are written; 0: there is no such type. */
function versionOf(type: string, table: Upcasts): number {
  return Object.hasOwn(VALUE_FIELDS_OF, type) ? (table[type]?.length ?? 0) + 1 : 0;
}

/** Events as they are stored: with `v` where their type has changed; the same array where none has. */
export function versioned<Event extends { readonly type: string }>(
  events: readonly Event[],
  table: Upcasts = UPCASTS,
): readonly Event[] {
  if (table === UPCASTS && !HAS_CHANGED) return events;
  return events.map((event) => {
    const v = versionOf(event.type, table);
    return v > 1 ? { ...event, v } : event;
  });
}

const HAS_CHANGED = Object.keys(UPCASTS).length > 0;
