/** When schedules are due: cron in time zones, intervals, lists, bounds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScheduleFault, scheduleTimes } from "#workflow/schedule-times.ts";
import type { ScheduleTrigger } from "#workflow/trigger-definition.ts";

function next(schedule: ScheduleTrigger, after: string, count = 3): string[] {
  const times = scheduleTimes(schedule);
  const found: string[] = [];
  let atMs = times.next(Date.parse(after));
  while (atMs !== null && found.length < count) {
    found.push(new Date(atMs).toISOString().replace(".000Z", "Z"));
    atMs = times.next(atMs);
  }
  return found;
}

const berlin = { timeZone: "Europe/Berlin" };

describe("cron", () => {
  test.each([
    // Without a zone it is UTC, wherever the host is.
    [{ cron: "0 6 * * *" }, "2026-03-28T12:00Z", ["2026-03-29T06:00:00Z", "2026-03-30T06:00:00Z"]],
    [
      { cron: "0 6 * * *", ...berlin },
      "2026-03-28T04:59:59Z",
      ["2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z"],
    ],
    // The 29th of March 2026 has no 02:30 in Berlin: the first instant after the gap.
    [
      { cron: "30 2 * * *", ...berlin },
      "2026-03-28T12:00Z",
      ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    ],
    // Several fixed times of one gap meet at its end, and are one instant.
    [
      { cron: "15,45 2 * * *", ...berlin },
      "2026-03-28T12:00Z",
      ["2026-03-29T01:00:00Z", "2026-03-30T00:15:00Z"],
    ],
    // The 25th of October has 02:30 twice: a fixed time fires the first time.
    [
      { cron: "30 2 * * *", ...berlin },
      "2026-10-24T12:00Z",
      ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ],
    // A step goes on through both hours.
    [
      { cron: "*/30 * * * *", ...berlin },
      "2026-10-25T00:00Z",
      ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"],
    ],
    // Half an hour on Lord Howe Island.
    [
      { cron: "15 2 * * *", timeZone: "Australia/Lord_Howe" },
      "2026-10-02T23:00Z",
      ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    ],
    [{ cron: "@daily" }, "2026-01-01T00:00Z", ["2026-01-02T00:00:00Z"]],
    [{ cron: "30 0 6 * * *" }, "2026-01-01T00:00Z", ["2026-01-01T06:00:30Z"]],
    [{ cron: "0 0 L 2 *" }, "2026-01-01T00:00Z", ["2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z"]],
  ])("%o after %s", (schedule, after, expected) => {
    expect(next(schedule, after, expected.length)).toEqual(expected);
  });
});

describe("intervals, lists and bounds", () => {
  test.each([
    [{ every: "15m" }, "2026-01-01T00:00Z", ["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"]],
    [{ every: "1d", offset: "6h" }, "2026-01-01T07:00Z", ["2026-01-02T06:00:00Z"]],
    [{ every: 7_000 }, "1970-01-01T00:00:06.999Z", ["1970-01-01T00:00:07Z"]],
    [
      { at: ["2026-12-24T18:00:00+01:00", "2026-07-01T08:00"], ...berlin },
      "2026-01-01T00:00Z",
      ["2026-07-01T06:00:00Z", "2026-12-24T17:00:00Z"],
    ],
    [{ at: "2026-12-24" }, "2026-12-24T00:00Z", []],
    [
      { every: "1h", from: "2026-01-01T02:00:00Z", until: "2026-01-01T04:00:00Z" },
      "2026-01-01T00:00Z",
      ["2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"],
    ],
  ] as const)("%o after %s", (schedule, after, expected) => {
    expect(next(schedule as ScheduleTrigger, after, 3).slice(0, expected.length || 1)).toEqual([
      ...expected,
    ]);
  });

  test("an interval's instants are multiples of it, and none lies between two", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 1e9 }),
        fc.integer({ min: 0, max: 2e9 }),
        fc.integer({ min: 0, max: 4e12 }),
        (every, offset, afterMs) => {
          const atMs = scheduleTimes({ every, offset }).next(afterMs) ?? 0;
          expect(Math.abs((atMs - offset) % every)).toBe(0);
          expect(atMs).toBeGreaterThan(afterMs);
          expect(atMs - every).toBeLessThanOrEqual(afterMs);
        },
      ),
    );
  });
});

test.each([
  [{}, "cron"],
  [{ cron: "0 6 * * *", every: "1h" }, "every"],
  [{ cron: "0 6 * *" }, "cron"],
  [{ cron: "61 6 * * *" }, "cron"],
  [{ cron: "0 0 31 2 *" }, "cron"],
  [{ cron: "0 0 1 1 * * 2030" }, "cron"],
  [{ cron: "@reboot" }, "cron"],
  [{ cron: "2026-01-01T00:00:00" }, "cron"],
  [{ every: "500ms" }, "every"],
  // No store could keep when it is due, nor read it again.
  [{ every: "9999999999d" }, "every"],
  [{ every: "1h", offset: "36526d" }, "offset"],
  [{ every: "1h", jitter: "99999999999d" }, "jitter"],
  [{ every: "1h", catchUp: "36526d" }, "catchUp"],
  [{ every: "1h", catchUp: "0s" }, "catchUp"],
  [{ cron: "0 6 * * *", offset: "1h" }, "offset"],
  [{ at: "tomorrow" }, "at"],
  [{ at: "2026-02-30T00:00" }, "at"],
  [{ at: "2026-13-01T00:00:00Z" }, "at"],
  [{ cron: "0 6 * * *", timeZone: "Europe/Bonn" }, "timeZone"],
  [{ every: "1h", from: "2026-01-02", until: "2026-01-01" }, "until"],
])("%o is refused at %s", (schedule, field) => {
  let fault: unknown;
  try {
    scheduleTimes(schedule);
  } catch (error) {
    fault = error;
  }
  expect(fault).toBeInstanceOf(ScheduleFault);
  expect((fault as ScheduleFault).field).toBe(field);
});
