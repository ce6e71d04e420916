/**
 * A simulated year of cron in five zones, fired by three hosts on one store, against a reference list
 * that is made without the library: it goes through the year minute by minute, and asks Intl what the
 * clock on the wall shows.
 */
import { expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { ScheduleFiring } from "#engine/triggers/fire-schedules.ts";
import { triggerTexts } from "#engine/triggers/trigger-text.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Store } from "#ports/store.ts";
import type { Triggers } from "#ports/triggers.ts";
import { SimulatedClock } from "../../simulation/simulated-clock.ts";
import { SimulatedDisk } from "../../simulation/simulated-store.ts";

const YEAR = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)] as const;
const MINUTE_MS = 60_000;
/** As far ahead as they arm, so that a year has few wakes. */
const HOUR_MS = 3_600_000;
const HOSTS = 3;
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "Africa/Casablanca",
];

/** Minutes, hours and weekdays that a pattern names; null: each. `isFixed`: no `*` and no step in minutes and hours. */
const PATTERNS = [
  { cron: "30 2 * * *", minutes: [30], hours: [2], weekday: null, isFixed: true },
  { cron: "15,45 1-2 * * SUN", minutes: [15, 45], hours: [1, 2], weekday: 0, isFixed: true },
  {
    cron: "*/30 1-3 * * SUN",
    minutes: [0, 30],
    hours: [1, 2, 3],
    weekday: 0,
    isFixed: false,
  },
] as const;

interface Wall {
  readonly day: string;
  readonly hour: number;
  readonly minute: number;
}

/** What the clock on the wall shows at each minute of the year, and a day before. */
function wallOf(timeZone: string): readonly (readonly [atMs: number, wall: Wall])[] {
  const format = new Intl.DateTimeFormat("en-CA", {
    ...{ timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit" },
  });
  const walls: (readonly [number, Wall])[] = [];
  // Zones change at whole quarters of an hour: between two of them the clock counts.
  for (let quarter = YEAR[0] - 86_400_000; quarter <= YEAR[1]; quarter += 15 * MINUTE_MS) {
    const [day = "", time = ""] = format.format(quarter).split(", ");
    const [hour = 0, minute = 0] = time.split(":").map(Number);
    for (let past = 0; past < 15; past += 1)
      walls.push([quarter + past * MINUTE_MS, { day, hour, minute: minute + past }]);
  }
  return walls;
}

type Walls = ReturnType<typeof wallOf>;

/** The rule of docs/triggers.md, from what the wall shows. */
function reference(walls: Walls, pattern: (typeof PATTERNS)[number]): readonly number[] {
  const minutes: readonly number[] = pattern.minutes;
  const hours: readonly number[] = pattern.hours;
  const fits = ({ day, hour, minute }: Wall) =>
    minutes.includes(minute) &&
    hours.includes(hour) &&
    (pattern.weekday === null || new Date(`${day}T00:00Z`).getUTCDay() === pattern.weekday);
  const isIn = (atMs: number) => atMs > YEAR[0] && atMs <= YEAR[1];
  const shown = walls.filter(([, wall]) => fits(wall));
  if (!pattern.isFixed) return shown.map(([atMs]) => atMs).filter(isIn);
  const first = new Map<string, number>();
  for (const [atMs, { day, hour, minute }] of shown) {
    const name = `${day} ${hour}:${minute}`;
    if (!first.has(name)) first.set(name, atMs);
  }
  const found = new Set(first.values());
  // Where the wall jumps ahead, what it skips fires at the first instant after.
  for (let at = 1; at < walls.length; at += 1) {
    const [, before] = walls[at - 1] ?? [0, { day: "", hour: 0, minute: 0 }];
    const [atMs, after] = walls[at] ?? [0, before];
    const from = before.hour * 60 + before.minute + 1;
    const to = after.hour * 60 + after.minute;
    if (before.day !== after.day || to <= from) continue;
    for (let skipped = from; skipped < to; skipped += 1)
      if (fits({ ...after, hour: Math.floor(skipped / 60), minute: skipped % 60 })) found.add(atMs);
  }
  return [...found].filter(isIn).toSorted((a, b) => a - b);
}

/** Runs of all hosts; starting one that is there says so, as an engine does. */
function sharedRuns() {
  const started: { readonly id: string; readonly host: number; readonly atMs: number }[] = [];
  const ids = new Set<string>();
  const engineOf = (host: number, clock: SimulatedClock): Pick<Engine, "start"> => ({
    async start(_context, { id = "" }) {
      await null;
      if (ids.has(id)) throw new LockstitchError("run_exists", `Run ${id} exists already.`);
      ids.add(id);
      started.push({ id, host, atMs: clock.nowMs() });
      return { run: { id }, created: true } as never;
    },
  });
  return { started, engineOf };
}

/** Whose reading takes longest changes from look to look, so that each host decides now and then. */
function laterByTurns(triggers: Triggers, host: number): Triggers {
  let chance = host + 1;
  return {
    ...triggers,
    async due(...call) {
      chance = (chance * 48_271) % 0x7fff_ffff;
      for (let wait = (chance % 7) * 10; wait > 0; wait -= 1) await null;
      return await triggers.due(...call);
    },
  };
}

test("a year of cron in five zones on three hosts equals the reference list", async () => {
  const clock = new SimulatedClock(YEAR[0]);
  const disk = new SimulatedDisk(clock);
  const store: Store = disk.open();
  for (const [at, timeZone] of ZONES.entries()) {
    const schedules = PATTERNS.map(({ cron }, number) => ({
      schedule: { id: `p${number}`, cron, timeZone, overlap: "allow" as const },
    }));
    const name = `zone-${at}`;
    const triggers = triggerTexts("default", { name, triggers: schedules }, YEAR[0]);
    const workflow = { name, hash: name, definition: "{}", atMs: YEAR[0], triggers };
    await store.catalogue.save(LOCAL_CONTEXT, workflow);
  }
  const { started, engineOf } = sharedRuns();
  const hosts = Array.from({ length: HOSTS }, (_, host) => {
    const engine = engineOf(host, clock) as Engine;
    const triggers = laterByTurns(store.triggers, host);
    return new ScheduleFiring({ triggers, clock, logger: QUIET, engine, pollMs: HOUR_MS });
  });
  for (const host of hosts) host.look();
  for (;;) {
    await clock.settle();
    const next = clock.nextDueAtMs;
    if (next === null || next > YEAR[1]) break;
    // All hosts wake at the same instant, and race.
    while (clock.nextDueAtMs === next) clock.wakeNext();
  }
  await Promise.all(hosts.map((host) => host.stop()));

  const fired = new Map<string, number[]>();
  for (const { id, atMs } of started) {
    const [workflow = "", schedule = ""] = id.split(".");
    const name = `${workflow}.${schedule}`;
    fired.set(name, [...(fired.get(name) ?? []), atMs]);
  }
  let instants = 0;
  for (const [at, timeZone] of ZONES.entries()) {
    const walls = wallOf(timeZone);
    for (const [number, pattern] of PATTERNS.entries()) {
      const expected = reference(walls, pattern);
      const of = `${timeZone} ${pattern.cron}`;
      const seen = fired.get(`zone-${at}.p${number}`) ?? [];
      expect([of, seen.map(iso)]).toEqual([of, expected.map(iso)]);
      instants += expected.length;
    }
  }
  expect(instants).toBeGreaterThan(4_000);
  expect(started).toHaveLength(instants);
  expect(new Set(started.map(({ id }) => id)).size).toBe(instants);
  // The work was shared, and not one host's alone.
  expect(new Set(started.map(({ host }) => host)).size).toBe(HOSTS);
});

const iso = (atMs: number) => new Date(atMs).toISOString();
