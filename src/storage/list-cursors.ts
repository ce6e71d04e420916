/**
 * Cursors of lists: where a page has ended, as text that a client gives back. Each throws
 * request_invalid for what no list has given.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { SharedKey } from "#ports/state-store.ts";

/** Newest first: the number that the next page is below. */
export function numberBefore(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw noCursor();
}

/** Of shared values, whose names may hold anything. */
export function sharedCursor({ scope, workflow, name }: SharedKey): string {
  return Buffer.from(JSON.stringify([scope, workflow, name])).toString("base64url");
}

export function afterShared(
  cursor: string | undefined,
): readonly [scope: string, workflow: string, name: string] {
  if (cursor === undefined) return ["", "", ""];
  const [scope, workflow, name, ...more] = textsOf(cursor);
  if (scope === undefined || workflow === undefined || name === undefined || more.length > 0)
    throw noCursor();
  return [scope, workflow, name];
}

/** Of triggers: neither name has a slash. */
export function afterTrigger(cursor: string | undefined): readonly [workflow: string, id: string] {
  if (cursor === undefined) return ["", ""];
  const [workflow, id, ...more] = cursor.split("/");
  if (workflow === undefined || id === undefined || more.length > 0) throw noCursor();
  return [workflow, id];
}

function textsOf(cursor: string): readonly string[] {
  try {
    const parts = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown;
    return Array.isArray(parts) && parts.every((part) => typeof part === "string") ? parts : [];
  } catch {
    // Not ours: the caller says so.
    return [];
  }
}

function noCursor(): LockstitchError {
  return new LockstitchError("request_invalid", "not a cursor of this list");
}
