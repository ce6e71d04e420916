/**
 * When a schedule is due, as pure arithmetic: the instants of a cron expression in a time zone, of
 * an interval, or of a list. The same on every host, whatever its own zone.
 *
 *   I1. next(after) is the first instant later than `after`; null: there is none.
 *   I2. Daylight saving, by the rules of Vixie cron. A fixed time (no `*` or step in seconds, minutes
 *       and hours) that the clock skips fires at the first instant after the gap, and one that the
 *       clock shows twice fires the first time only. Any other time fires whenever the clock shows it.
 *   I3. Intervals count from 1970 in real time, so no change of a clock moves them.
 *
 * Instants are epoch milliseconds.
 */
import { Cron } from "croner";
import { durationMs } from "./duration.ts";
import type { ScheduleTrigger } from "./trigger-definition.ts";

/** Shorter ones would be a loop, not a schedule. */
export const EVERY_MS_MIN = 1_000;

/** Every start is a little late: with less it would be missed. */
const CATCH_UP_MS_MIN = 1_000;
/** A hundred years: what lies further ahead is past what a store takes for an instant. */
const SPAN_MS_MAX = 36_525 * 86_400_000;

export interface ScheduleTimes {
  next(afterMs: number): number | null;
}

/** What is wrong with a schedule, and in which of its fields. */
export class ScheduleFault extends Error {
  override readonly name = "ScheduleFault";
  readonly field: keyof ScheduleTrigger;
  readonly suggestion: string | null;
  constructor(
    field: keyof ScheduleTrigger,
    message: string,
    {
      suggestion = null,
      cause,
    }: { readonly suggestion?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.field = field;
    this.suggestion = suggestion;
  }
}

/** Throws ScheduleFault. */
export function scheduleTimes(schedule: ScheduleTrigger): ScheduleTimes {
  for (const field of ["every", "offset", "jitter", "catchUp"] as const)
    if ((durationMs(schedule[field]) ?? 0) > SPAN_MS_MAX)
      throw new ScheduleFault(field, `\`${field}\` is more than a hundred years.`);
  if (schedule.catchUp !== undefined && (durationMs(schedule.catchUp) ?? 0) < CATCH_UP_MS_MIN)
    throw new ScheduleFault(
      "catchUp",
      "`catchUp` is less than a second, and no host is always as punctual as that.",
      { suggestion: "Write how late a start is still of use, such as 1m." },
    );
  const zone = zoneOf(schedule);
  const fromMs = schedule.from === undefined ? null : instantOf("from", schedule.from, zone);
  const untilMs = schedule.until === undefined ? null : instantOf("until", schedule.until, zone);
  if (fromMs !== null && untilMs !== null && untilMs <= fromMs)
    throw new ScheduleFault("until", "`until` is not later than `from`.");
  const times = plainTimes(schedule, zone);
  if (fromMs === null && untilMs === null) return times;
  return {
    next(afterMs) {
      const next = times.next(fromMs === null ? afterMs : Math.max(afterMs, fromMs - 1));
      return next === null || (untilMs !== null && next >= untilMs) ? null : next;
    },
  };
}

function plainTimes(schedule: ScheduleTrigger, zone: string): ScheduleTimes {
  const { cron, every, at } = schedule;
  const given = [cron, every, at].filter((field) => field !== undefined);
  if (given.length !== 1)
    throw new ScheduleFault(
      given.length === 0 ? "cron" : "every",
      "A schedule has one of `cron`, `every` and `at`.",
    );
  if (schedule.offset !== undefined && every === undefined)
    throw new ScheduleFault("offset", "`offset` moves the instants of `every` only.");
  if (cron !== undefined) return cronTimes(cron, zone);
  if (at !== undefined) return listedTimes([at].flat(), zone);
  return intervalTimes(durationMs(every) ?? 0, durationMs(schedule.offset ?? 0) ?? 0);
}

function cronTimes(pattern: string, zone: string): ScheduleTimes {
  const cron = parsedCron(pattern, zone);
  const next = (afterMs: number) => cron.nextRun(new Date(afterMs))?.getTime() ?? null;
  if (next(0) === null)
    throw new ScheduleFault("cron", `\`cron\` never comes: no day fits "${pattern}".`);
  return { next };
}

function parsedCron(pattern: string, timezone: string): Cron {
  // A date would be taken for a single run, and a year for a seventh field.
  if (!/^\s*(@[a-z]+|\S+(\s+\S+){4,5})\s*$/i.test(pattern))
    throw new ScheduleFault(
      "cron",
      `\`cron\` has five fields (minute, hour, day, month, weekday), or six with seconds first: "${pattern}".`,
    );
  try {
    return new Cron(pattern.trim(), {
      ...{ timezone, paused: true, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" },
    });
  } catch (error) {
    throw notCron(error);
  }
}

function notCron(cause: unknown): ScheduleFault {
  const reason = cause instanceof Error ? cause.message.replace(/^CronPattern: /, "") : "";
  return new ScheduleFault("cron", `\`cron\` is no cron expression: ${reason}`, { cause });
}

function intervalTimes(everyMs: number, offsetMs: number): ScheduleTimes {
  if (everyMs < EVERY_MS_MIN) throw new ScheduleFault("every", "`every` is less than a second.");
  const phaseMs = offsetMs % everyMs;
  return {
    next: (afterMs) => (Math.floor((afterMs - phaseMs) / everyMs) + 1) * everyMs + phaseMs,
  };
}

function listedTimes(texts: readonly string[], zone: string): ScheduleTimes {
  const instants = texts.map((text) => instantOf("at", text, zone)).toSorted((a, b) => a - b);
  return { next: (afterMs) => instants.find((atMs) => atMs > afterMs) ?? null };
}

const LOCAL = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/;
const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** An instant with its offset, or a local time of the schedule's zone. */
function instantOf(field: "at" | "from" | "until", text: string, zone: string): number {
  const fault = () =>
    new ScheduleFault(field, `\`${field}\` is no instant: "${text}".`, {
      suggestion:
        "Write 2026-12-24T18:00:00+01:00, or 2026-12-24T18:00 for the time of `timeZone`.",
    });
  if (WITH_OFFSET.test(text)) {
    const atMs = Date.parse(text);
    if (Number.isNaN(atMs)) throw fault();
    return atMs;
  }
  if (!LOCAL.test(text)) throw fault();
  const whole = text.includes("T")
    ? text.length === 16
      ? `${text}:00`
      : text
    : `${text}T00:00:00`;
  // Date.parse takes the 31st of February for a day in March.
  const asUtc = Date.parse(`${whole}Z`);
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 19) !== whole) throw fault();
  const once = new Cron(whole, { timezone: zone, paused: true });
  const found = once.nextRun(new Date(asUtc - 3 * 86_400_000));
  if (found === null) throw fault();
  return found.getTime();
}

function zoneOf({ timeZone = "UTC" }: ScheduleTrigger): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch (cause) {
    throw unknownZone(timeZone, cause);
  }
}

function unknownZone(timeZone: string, cause: unknown): ScheduleFault {
  return new ScheduleFault("timeZone", `\`timeZone\` is not known: "${timeZone}".`, {
    suggestion: "Write an IANA name, such as Europe/Berlin, America/New_York or UTC.",
    cause,
  });
}
