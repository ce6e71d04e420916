/**
 * Instants at the edge: epoch milliseconds inside, ISO 8601 text with milliseconds in UTC over HTTP.
 */
import { z } from "zod";

export const Instant = z.iso.datetime().meta({ description: "ISO 8601 in UTC, milliseconds." });

/** Epoch milliseconds as ISO text. */
export function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The same, null kept. */
export function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** ISO text as epoch milliseconds. */
export function msOf(instant: string): number {
  return Date.parse(instant);
}

/** The same, null kept. */
export function msOrNull(instant: string | null): number | null {
  return instant === null ? null : Date.parse(instant);
}
