/**
 * Local time in a time zone, from the zone data of the host's Intl with fixed options; "UTC" and
 * fixed offsets ("+02:00") need none. Times are epoch milliseconds, UTC or local.
 */
import { charge } from "../machine.ts";
import { valueError } from "../value.ts";

const FORMATS_MAX = 600;
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far local time in `zone` is ahead of UTC at an instant, in milliseconds. */
export function offsetAt(zone: string, instantMs: number): number {
  const fixed = fixedOffset(zone);
  if (fixed !== null) return fixed;
  charge(50);
  const parts: Record<string, number> = {};
  for (const { type, value } of formatFor(zone).formatToParts(instantMs))
    parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wholeSecond = Math.floor(instantMs / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond;
}

/** Local time in `zone` at an instant. */
export function toLocal(zone: string, instantMs: number): number {
  return instantMs + offsetAt(zone, instantMs);
}

/**
 * The instant at which clocks in `zone` show a local time. A time that a clock change skips is taken
 * with the offset before it; of one that occurs twice the first is taken (RFC 5545, section 3.3.5).
 */
export function fromLocal(zone: string, localMs: number): number {
  const before = offsetAt(zone, localMs - 86_400_000);
  const after = offsetAt(zone, localMs + 86_400_000);
  if (offsetAt(zone, localMs - before) === before) return localMs - before;
  if (offsetAt(zone, localMs - after) === after) return localMs - after;
  return localMs - before;
}

/** The offset as ISO 8601 writes it. */
export function offsetText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const hours = String(Math.floor(minutes / 60)).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${hours}:${String(minutes % 60).padStart(2, "0")}`;
}

function fixedOffset(zone: string): number | null {
  if (zone === "UTC" || zone === "Z") return 0;
  const match = /^([+-])([01]\d|2[0-3]):?([0-5]\d)$/.exec(zone);
  if (match === null) return null;
  const ms = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === "-" ? -ms : ms;
}

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    if (formats.size >= FORMATS_MAX) formats.clear();
    formats.set(zone, format);
    return format;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw valueError(
      `there is no time zone ${JSON.stringify(zone.slice(0, 60))}: write "UTC", "Europe/Berlin" or "+02:00"`,
    );
  }
}
