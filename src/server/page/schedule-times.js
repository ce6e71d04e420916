/** Instants as people read them: in the schedule's zone, and in the visitor's where that differs. */

import { durationText } from "/assets/status.js";

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map();

function formatOf(timeZone) {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(undefined, {
      timeZone,
      weekday: "short",
      year: "numeric",
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** `Sun, Mar 29, 2026, 03:00:00 GMT+2`. */
export function zonedText(instant, timeZone) {
  return formatOf(timeZone).format(new Date(instant));
}

/** The same in the visitor's zone; null where that shows the same. */
export function ownText(instant, timeZone) {
  const own = zonedText(instant, OWN_ZONE);
  return own === zonedText(instant, timeZone) ? null : own;
}

/** `in 3 min`, `12 s ago`. */
export function fromNowText(instant, nowMs) {
  const ms = Date.parse(instant) - nowMs;
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const text = spanText(seconds);
  return ms >= 0 ? `in ${text}` : `${text} ago`;
}

function spanText(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** `cron 30 2 * * * · Europe/Berlin · overlap queue`. */
export function ruleText({ cron, every, at, offset, timeZone, overlap, jitter, from, until }) {
  const spanned = (value) => (typeof value === "number" ? durationText(value) : value);
  const first =
    cron !== undefined
      ? `cron ${cron}`
      : every !== undefined
        ? `every ${spanned(every)}`
        : `at ${[at].flat().slice(0, 3).join(", ")}${[at].flat().length > 3 ? ", …" : ""}`;
  return [
    first,
    offset === undefined ? null : `offset ${spanned(offset)}`,
    timeZone ?? "UTC",
    overlap === undefined ? null : `overlap ${overlap}`,
    jitter === undefined ? null : `jitter ${spanned(jitter)}`,
    from === undefined ? null : `from ${from}`,
    until === undefined ? null : `until ${until}`,
  ]
    .filter((part) => part !== null)
    .join(" · ");
}
