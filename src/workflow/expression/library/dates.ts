/**
 * Functions for dates. An instant is epoch milliseconds or an ISO 8601 text with its offset; what
 * depends on a calendar takes its time zone explicitly. Nothing here reads a clock: use `run.now`.
 */
import { charge, chargeText } from "../machine.ts";
import { describe, type PlainObject, shortened, typeError, valueError } from "../value.ts";
import { DURATION_UNIT_MS, type DurationUnit } from "./duration-units.ts";
import { type Args, type Native, numberArg, optionalText, textArg } from "./library.ts";
import { fromLocal, offsetAt, offsetText, toLocal } from "./time-zone.ts";

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Length of the units that always are equally long, in milliseconds. */
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["millisecond", 1],
  ["second", 1_000],
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000],
  ["week", 604_800_000],
]);

/** Functions for dates by name. */
export const DATE_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ["addTime", addTime],
  ["dateParts", (args) => dateParts(instantArg(args, "dateParts"), textArg(args, 1, "dateParts"))],
  ["durationMs", (args) => durationMs(textArg(args, 0, "durationMs"))],
  [
    "endOf",
    (args) => {
      const [instant, unit, zone] = [
        instantArg(args, "endOf"),
        unitArg(args, 1, "endOf"),
        textArg(args, 2, "endOf"),
      ];
      const start = startOfUnit(toLocal(zone, instant), unit);
      return checked(fromLocal(zone, addToLocal(start, 1, unit)) - 1);
    },
  ],
  ["formatDate", formatDate],
  [
    "isoDate",
    (args) => isoText(instantArg(args, "isoDate"), optionalText(args, 1, "isoDate") ?? "UTC"),
  ],
  [
    "parseDate",
    (args) => {
      const text = textArg(args, 0, "parseDate");
      return parseIso(text, optionalText(args, 1, "parseDate"));
    },
  ],
  [
    "startOf",
    (args) => {
      const zone = textArg(args, 2, "startOf");
      const local = toLocal(zone, instantArg(args, "startOf"));
      return checked(fromLocal(zone, startOfUnit(local, unitArg(args, 1, "startOf"))));
    },
  ],
  [
    "timeBetween",
    (args) => {
      const unit = unitArg(args, 2, "timeBetween");
      const length = UNIT_MS.get(unit);
      if (length === undefined)
        throw valueError(`timeBetween() counts milliseconds to weeks, not ${unit}s`);
      return (instantArg([args[1]], "timeBetween") - instantArg(args, "timeBetween")) / length;
    },
  ],
]);

function checked(instantMs: number): number {
  charge(8);
  if (!(Math.abs(instantMs) <= 8.64e15))
    throw valueError("this instant is outside the range of dates");
  return instantMs;
}

function instantArg(args: Args, name: string): number {
  const [instant] = args;
  if (typeof instant === "number") return checked(Math.trunc(instant));
  if (typeof instant === "string") return parseIso(instant, undefined);
  throw typeError(
    `${name}() needs an instant (epoch milliseconds or an ISO text), not ${describe(instant)}`,
  );
}

/** "day", "days": the unit without its plural. */
function unitArg(args: Args, index: number, name: string): string {
  const text = textArg(args, index, name);
  const unit = text.endsWith("s") ? text.slice(0, -1) : text;
  if (UNIT_MS.get(unit) !== undefined || unit === "month" || unit === "quarter" || unit === "year")
    return unit;
  throw valueError(
    `${name}() knows milliseconds, seconds, minutes, hours, days, weeks, months, quarters and years, not ${shortened(unit)}`,
  );
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Epoch milliseconds of an ISO 8601 text; one without an offset is local time in `zone`. */
function parseIso(text: string, zone: string | undefined): number {
  charge(8);
  const match = ISO.exec(text.trim().slice(0, 64));
  if (match === null)
    throw valueError(`${describe(text)} is no date: write 2026-03-01 or 2026-03-01T12:00:00Z`);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "", offset] = match;
  const local = utc(
    [year, month, day, hour, minute, second].map(Number),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
  if (local === null) throw valueError(`${describe(text)} is not a day and time that exists`);
  if (offset !== undefined) return local - offsetAt(offset, 0);
  if (zone === undefined)
    throw valueError(`${describe(text)} has no offset: add Z, or use parseDate(text, timeZone)`);
  return fromLocal(zone, local);
}

/** Epoch milliseconds of calendar fields, or null when there is no such time. */
function utc(fields: readonly number[], millisecond: number): number | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields;
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return null;
  return date.setUTCHours(hour, minute, second, millisecond);
}

/** addTime(instant, amount, unit, zone = "UTC"): days and more keep the local time; a month's end stays in the month. */
function addTime(args: Args): number {
  const instant = instantArg(args, "addTime");
  const amount = numberArg(args, 1, "addTime");
  const unit = unitArg(args, 2, "addTime");
  const zone = optionalText(args, 3, "addTime") ?? "UTC";
  const length = UNIT_MS.get(unit);
  if (length !== undefined && length < 86_400_000)
    return checked(Math.trunc(instant + amount * length));
  if (!Number.isInteger(amount)) throw valueError(`addTime() adds whole ${unit}s, not ${amount}`);
  return checked(fromLocal(zone, checked(addToLocal(toLocal(zone, instant), amount, unit))));
}

function addToLocal(localMs: number, amount: number, unit: string): number {
  const length = UNIT_MS.get(unit);
  if (length !== undefined) return localMs + amount * length;
  const date = new Date(localMs);
  const months = amount * (unit === "year" ? 12 : unit === "quarter" ? 3 : 1);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const daysInMonth = new Date(
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0),
  ).getUTCDate();
  return date.setUTCDate(Math.min(day, daysInMonth));
}

/** The start of the unit that holds a local time; weeks begin on Monday. */
function startOfUnit(localMs: number, unit: string): number {
  const date = new Date(localMs);
  const day = Math.floor(localMs / 86_400_000) * 86_400_000;
  switch (unit) {
    case "week":
      return day - ((date.getUTCDay() + 6) % 7) * 86_400_000;
    case "month":
    case "quarter":
    case "year": {
      const month = date.getUTCMonth();
      const first = unit === "year" ? 0 : unit === "quarter" ? month - (month % 3) : month;
      const start = new Date(day);
      return start.setUTCMonth(first, 1);
    }
    default: {
      const length = UNIT_MS.get(unit) ?? 1;
      return Math.floor(localMs / length) * length;
    }
  }
}

/** The calendar fields of an instant in a zone; `weekday` counts from 1 (Monday) to 7, `week` as ISO 8601. */
function dateParts(instantMs: number, zone: string): PlainObject {
  const local = toLocal(zone, instantMs);
  const date = new Date(local);
  const thursday = startOfUnit(local, "week") + 3 * 86_400_000;
  const dayOfYear = (ms: number): number =>
    Math.floor((ms - startOfUnit(ms, "year")) / 86_400_000) + 1;
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    weekday: ((date.getUTCDay() + 6) % 7) + 1,
    week: Math.ceil(dayOfYear(thursday) / 7),
    dayOfYear: dayOfYear(local),
    offset: offsetText(local - instantMs),
  };
}

function isoText(instantMs: number, zone: string): string {
  const offset = offsetAt(zone, instantMs);
  const text = new Date(instantMs + offset).toISOString();
  return zone === "UTC" || zone === "Z" ? text : text.replace("Z", offsetText(offset));
}

/** A token of formatDate's pattern: a run of one letter, or a text in single quotes. */
const TOKEN = /'(?:[^']|'')*'|([A-Za-z])\1*/g;

/** formatDate(instant, pattern, zone): Unicode date letters, English names. */
function formatDate(args: Args): string {
  const instant = instantArg(args, "formatDate");
  const pattern = textArg(args, 1, "formatDate");
  const zone = textArg(args, 2, "formatDate");
  chargeText(pattern.length * 12);
  charge(pattern.length);
  const local = toLocal(zone, instant);
  const date = new Date(local);
  return pattern.replace(TOKEN, (token) => {
    if (token === "''") return "'";
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    return field(token, date, local - instant);
  });
}

function field(token: string, date: Date, offsetMs: number): string {
  const padded = (value: number): string => String(value).padStart(token.length, "0");
  const hour = date.getUTCHours();
  switch (token) {
    case "yyyy":
    case "y":
      return padded(date.getUTCFullYear());
    case "yy":
      return padded(date.getUTCFullYear() % 100);
    case "MMMM":
      return MONTHS[date.getUTCMonth()] ?? "";
    case "MMM":
      return (MONTHS[date.getUTCMonth()] ?? "").slice(0, 3);
    case "MM":
    case "M":
      return padded(date.getUTCMonth() + 1);
    case "dd":
    case "d":
      return padded(date.getUTCDate());
    case "EEEE":
      return WEEKDAYS[date.getUTCDay()] ?? "";
    case "EEE":
      return (WEEKDAYS[date.getUTCDay()] ?? "").slice(0, 3);
    case "HH":
    case "H":
      return padded(hour);
    case "hh":
    case "h":
      return padded(hour % 12 === 0 ? 12 : hour % 12);
    case "mm":
    case "m":
      return padded(date.getUTCMinutes());
    case "ss":
    case "s":
      return padded(date.getUTCSeconds());
    case "SSS":
      return padded(date.getUTCMilliseconds());
    case "a":
      return hour < 12 ? "AM" : "PM";
    case "XXX":
      return offsetMs === 0 ? "Z" : offsetText(offsetMs);
    default:
      throw valueError(
        `formatDate() does not know ${shortened(token)}: put literal text in single quotes`,
      );
  }
}

const DURATION_TEXT_MAX = 100;

/** Milliseconds of a duration such as "1h30m", "2d" or "500ms". */
function durationMs(text: string): number {
  charge(8);
  const short = text.trim();
  // Cut short it would be another duration.
  if (short.length > DURATION_TEXT_MAX || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w)\s*)+$/.test(short))
    throw valueError(`${describe(text)} is no duration: write 90s, 1h30m or 2d`);
  let total = 0;
  for (const [, amount, unit] of short.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g))
    total += Number(amount) * DURATION_UNIT_MS[unit as DurationUnit];
  return total;
}
