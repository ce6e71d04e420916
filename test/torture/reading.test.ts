/** The reading finds what it is there to find: each promise is broken once, in an otherwise sound story. */
import { expect, test } from "vitest";
import type { EventOf, RunEvent } from "#kernel/events.ts";
import { Beats } from "./beats.ts";
import { Chains } from "./chains.ts";
import { Decisions } from "./decisions.ts";
import type { Journal } from "./journals.ts";
import { Limits } from "./limits.ts";
import { type Broken, Reading } from "./reading.ts";
import type { WitnessRecord } from "./witness-record.ts";

const ONE = "nonce-00000000-0000-4000-8000-000000000001";
const TWO = "nonce-00000000-0000-4000-8000-000000000002";

interface Story {
  events: RunEvent[];
  records: WitnessRecord[];
  signals: string[];
  starts: string[];
}

/** Two effects, the second given what the first gave; a crash repeats the second. */
function soundStory(): Story {
  const by = (path: string, key: string, attempt = 1) => ({ key, runId: "r", path, attempt });
  return {
    events: [
      { type: "signal.received", id: "s", name: "n", key: null, payload: null, by: "me" },
      { type: "step.started", path: "a", attempt: 1 },
      { type: "step.succeeded", path: "a", attempt: 1, output: { nonce: ONE } },
      { type: "step.started", path: "b", attempt: 1 },
      { type: "step.lost", path: "b", attempt: 1 },
      { type: "step.started", path: "b", attempt: 2 },
      { type: "step.succeeded", path: "b", attempt: 2, output: { nonce: TWO } },
      { type: "signal.consumed", id: "s", path: "c" },
      { type: "run.succeeded" },
    ],
    records: [
      { phase: "begin", ...by("a", "ka"), sees: [] },
      { phase: "end", ...by("a", "ka"), nonce: ONE },
      { phase: "begin", ...by("b", "kb"), sees: [ONE] },
      { phase: "begin", ...by("b", "kb", 2), sees: [ONE] },
      { phase: "end", ...by("b", "kb", 2), nonce: TWO },
    ],
    signals: ["r s"],
    starts: ["r"],
  };
}

async function read({ events, records, signals, starts }: Story): Promise<Reading> {
  const reading = new Reading();
  const run = { id: "r", status: "succeeded" } as Journal["run"];
  reading.addJournal({ run, events: events.map((event, at) => ({ seq: at + 1, event })) });
  reading.compareAcknowledged({
    starts: new Set(starts),
    signals: new Set(signals),
    approvals: new Set(),
    decisions: new Set(),
  });
  await reading.compareWitness(
    (async function* () {
      let life = 1;
      for (const record of records) {
        // The witness sees the connection of a killed host end before the next one speaks.
        if ((record.host ?? 1) > life) yield { phase: "gone" as const, host: life++ };
        yield record;
      }
    })(),
  );
  return reading;
}

function namesOf(reading: Reading): string[] {
  return Object.entries(reading.broken).flatMap(([name, lines]) =>
    lines.length > 0 ? [name] : [],
  );
}

test("a sound story breaks nothing, and its repeat is counted", async () => {
  const reading = await read(soundStory());
  expect(namesOf(reading)).toEqual([]);
  expect(reading.counts.repeats).toBe(1);
});

const LIES: readonly (readonly [string, Broken, (story: Story) => void])[] = [
  ["an answered run is gone", "lost", ({ starts }) => starts.push("other")],
  [
    "a step has two outcomes",
    "doubled",
    ({ events }) => events.push({ type: "step.blocked", path: "a" }),
  ],
  [
    "the results of a loop are stored twice",
    "doubled",
    ({ events }) => {
      const stored = {
        type: "step.results_stored",
        path: "e",
        from: 0,
        results: [],
        failed: [],
      } as const;
      events.push(stored, stored);
    },
  ],
  ["a run ends twice", "doubled", ({ events }) => events.push({ type: "run.cancelled" })],
  [
    "a dependent was given what is not the journaled output",
    "otherValue",
    ({ records }) =>
      records.push({
        phase: "begin",
        key: "kb",
        runId: "r",
        path: "b",
        attempt: 1,
        sees: ["nonce-x"],
      }),
  ],
  ["an answered signal is gone", "signals", ({ signals }) => signals.push("r other")],
  [
    "a signal is consumed twice",
    "signals",
    ({ events }) => events.push({ type: "signal.consumed", id: "s", path: "d" }),
  ],
  [
    "a repeat comes with another key",
    "otherKey",
    ({ records }) =>
      records.push({ phase: "begin", key: "new", runId: "r", path: "b", attempt: 3 }),
  ],
  [
    "two steps share a key",
    "otherKey",
    ({ records }) => records.push({ phase: "begin", key: "ka", runId: "r", path: "z", attempt: 1 }),
  ],
  [
    "an effect began before its start was durable",
    "undurable",
    ({ events }) => events.splice(1, 1, { type: "run.admitted" }),
  ],
  ["an output comes from nowhere", "unwitnessed", ({ records }) => records.splice(4, 1)],
];

test.each(LIES)("%s: found as %s", async (_what, name, lie) => {
  const story = soundStory();
  lie(story);
  expect(namesOf(await read(story))).toContain(name);
});

/** A saga of two effects of which the second is broken, a run that goes on, a limit, a result used twice. */
function ruledStory(): Story {
  const by = (path: string, key: string, attempt = 1) =>
    ({ key, runId: "r", path, attempt, host: 1 }) as const;
  const undo = (of: string) => `s.compensate["s.${of}"].undo`;
  const ran = (path: string, output: unknown): RunEvent[] => [
    { type: "step.started", path, attempt: 1 },
    { type: "step.succeeded", path, attempt: 1, output },
  ];
  const rate = { key: "bell", limit: 1, perMs: 1_000 };
  const slots = { key: "desk", limit: 1 };
  const nonce = ONE;
  return {
    events: [
      ...ran("s.a", null),
      ...ran("s.b", null),
      ...ran(undo("b"), null),
      ...ran(undo("a"), null),
      {
        type: "step.failed",
        path: "s",
        error: { code: "user.broken", message: "", retryable: false },
      },
      ...ran("m", { nonce }),
      { type: "step.memo_hit", path: "n", key: "k", from: { runId: "r", path: "m", atMs: 0 } },
      { type: "step.succeeded", path: "n", output: { nonce } },
      ...ran("d", null),
      { type: "step.started", path: "e", attempt: 1 },
    ],
    records: [
      { phase: "begin", ...by("s.a", "ka"), marks: { saga: "s" } },
      { phase: "end", ...by("s.a", "ka"), nonce: "nonce-a" },
      { phase: "begin", ...by("s.b", "kb"), marks: { saga: "s" } },
      { phase: "end", ...by("s.b", "kb"), nonce: "nonce-b" },
      { phase: "begin", ...by(undo("b"), "ub"), marks: { undoes: "kb" } },
      { phase: "begin", ...by(undo("a"), "ua"), marks: { undoes: "ka" } },
      { phase: "begin", ...by("m", "km"), marks: { memo: "topic" } },
      { phase: "end", ...by("m", "km"), nonce },
      { phase: "begin", ...by("d", "kd"), atMs: 0, marks: { slots, rate } },
      // Its host was killed: what it had running ended with it.
      { phase: "begin", ...by("e", "ke"), host: 2, atMs: 1_000, marks: { slots, rate } },
    ],
    signals: [],
    starts: ["r"],
  };
}

test("a story of sagas, limits and remembered results breaks nothing", async () => {
  const reading = await read(ruledStory());
  expect(namesOf(reading)).toEqual([]);
  expect(reading.rules).toMatchObject({
    undoing: { sagasFailed: 1, compensated: 2 },
    limits: { underLimit: 4, mostAtOnce: 1, mostInWindow: 1 },
    recall: { memoKeys: 1, memoHits: 1 },
  });
});

/** As if nobody had killed the victim in between. */
function sameHost({ records }: Story): void {
  for (const [at, record] of records.entries()) records[at] = { ...record, host: 1 };
}
function without<Item>(items: Item[], gone: (item: Item) => boolean): void {
  items.splice(0, items.length, ...items.filter((item) => !gone(item)));
}
const again = { key: "other", runId: "r", path: "z", attempt: 1, host: 2 } as const;
const started = { type: "step.started", path: "z", attempt: 1 } as const;

const BROKEN_RULES: readonly (readonly [string, Broken, (story: Story) => void])[] = [
  [
    "an effect of a failed saga is not undone",
    "undone",
    ({ records }) => without(records, ({ key }) => key === "ua"),
  ],
  [
    "the first is undone first",
    "undone",
    ({ records }) => {
      const [one, two] = records.splice(4, 2);
      if (one !== undefined && two !== undefined) records.splice(4, 0, two, one);
    },
  ],
  [
    "an effect is undone twice",
    "undone",
    ({ records, events }) => {
      events.push(started);
      records.push({ phase: "begin", ...again, marks: { undoes: "ka" } });
    },
  ],
  [
    "a saga that did not fail is undone",
    "undone",
    ({ events }) => without(events, ({ type }) => type === "step.failed"),
  ],
  [
    "what never began is undone",
    "undone",
    ({ records, events }) => {
      events.push(started);
      records.push({ phase: "begin", ...again, marks: { undoes: "nothing" } });
    },
  ],
  [
    "a run goes on in one that does not exist",
    "chains",
    ({ events }) => events.push({ type: "run.continued", toRunId: "gone", chainId: "r" }),
  ],
  ["two run where one may", "overrun", sameHost],
  [
    "a rate limit forgets what was before a restart",
    "overrun",
    ({ records }) => {
      const last = records.pop();
      if (last !== undefined) records.push({ ...last, atMs: 500 });
    },
  ],
  [
    "a remembered result is executed again",
    "recalled",
    ({ records, events }) => {
      events.push(started);
      records.push({ phase: "begin", ...again, marks: { memo: "topic" } });
    },
  ],
  [
    "two executions of one key at once",
    "recalled",
    ({ records, events }) => {
      events.push(started);
      records.splice(7, 0, { phase: "begin", ...again, host: 1, marks: { memo: "topic" } });
    },
  ],
  [
    "a remembered result is another when it is used",
    "recalled",
    ({ events }) => {
      const at = events.findIndex((event) => event.type === "step.succeeded" && event.path === "n");
      events[at] = { type: "step.succeeded", path: "n", output: { nonce: TWO } };
    },
  ],
];

test.each(BROKEN_RULES)("%s: found as %s", async (_what, name, lie) => {
  const story = ruledStory();
  lie(story);
  expect(namesOf(await read(story))).toContain(name);
});

test("a concurrency key is counted over all hosts, and what a host ran has ended with it", () => {
  const limits = new Limits();
  const begin = (path: string, host: number) =>
    limits.addRecord({
      ...{ phase: "begin", key: path, runId: "r", path, attempt: 1, host },
      marks: { slots: { key: "desk", limit: 1 } },
    });
  begin("a", 1);
  limits.addGone({ phase: "gone", host: 1 });
  begin("b", 2);
  expect(limits.broken).toEqual([]);

  begin("c", 3);
  expect(limits.broken).toEqual(['r c 1 is number 2 of 1 that "desk" lets run']);
});

test("a chain comes to one last link: not to none, and not to two", async () => {
  const queued = (continued?: { fromRunId: string }): RunEvent =>
    ({
      type: "run.queued",
      ...(continued === undefined ? {} : { continued: { ...continued, chainId: "one" } }),
    }) as RunEvent;
  const to = (toRunId: string): RunEvent => ({ type: "run.continued", toRunId, chainId: "one" });
  const brokenBy = (journals: Readonly<Record<string, readonly RunEvent[]>>) => {
    const chains = new Chains();
    for (const [runId, events] of Object.entries(journals))
      for (const event of events) chains.addEvent(runId, event);
    chains.compare();
    return chains.broken;
  };
  const one = [queued(), to("two")];
  expect(brokenBy({ one, two: [queued({ fromRunId: "one" })] })).toEqual([]);
  expect(brokenBy({ one: [queued()], two: [queued({ fromRunId: "one" })] })).not.toEqual([]);
  const twins = { two: [queued({ fromRunId: "one" })], three: [queued({ fromRunId: "one" })] };
  expect(brokenBy({ one, ...twins })).toContain("chain one has 2 last links");
  expect(brokenBy({ one: [queued(), to("one")] })).toContain("chain one has 0 last links");
});

test("what an operator decided is in the journal once, and is how the step ends", () => {
  const resolved: EventOf<"step.resolved"> = {
    type: "step.resolved",
    path: "a",
    action: "skip",
    by: "me",
    id: "i",
  };
  const skipped: RunEvent = { type: "step.skipped", path: "a", by: "operator" };
  const brokenBy = (events: readonly RunEvent[], answered: readonly string[] = []) => {
    const decisions = new Decisions();
    for (const event of events) decisions.addEvent("r", event);
    decisions.compare(new Set(answered));
    return decisions.broken.length;
  };
  expect(brokenBy([resolved, skipped], ["r i"])).toBe(0);
  expect(brokenBy([], ["r i"])).toBe(1);
  expect(brokenBy([resolved])).toBe(1);
  expect(brokenBy([resolved, skipped, resolved, skipped])).toBe(1);
  expect(brokenBy([resolved, { type: "step.succeeded", path: "a" }])).toBe(1);
  expect(brokenBy([resolved, { type: "step.started", path: "a", attempt: 2 }, skipped])).toBe(1);
});

test("an attempt is given the newest heartbeat of the attempts before it, and no other", () => {
  const key = "ka";
  const beat = (attempt: number): RunEvent => ({
    type: "step.heartbeat",
    path: "a",
    attempt,
    value: `${key} ${attempt}`,
  });
  const started = (attempt: number): RunEvent => ({ type: "step.started", path: "a", attempt });
  const events = [started(1), beat(1), started(2), beat(2), started(3)];
  const brokenBy = (given: readonly (string | null)[], by = key) => {
    const beats = new Beats();
    for (const event of events) beats.addEvent("r", event);
    for (const [at, value] of given.entries())
      beats.addRecord({
        phase: "begin",
        key: by,
        runId: "r",
        path: "a",
        attempt: at + 1,
        given: value,
      });
    return beats.broken.length;
  };
  expect(brokenBy([null, "ka 1", "ka 2"])).toBe(0);
  expect(brokenBy([null, null])).toBe(1);
  expect(brokenBy([null, "ka 1", "ka 1"])).toBe(1);
  expect(brokenBy(["ka 0"])).toBe(1);
  expect(brokenBy([null, "ka 1"], "other")).toBe(1);
});
