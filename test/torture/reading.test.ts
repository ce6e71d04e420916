/** The reading finds what it is there to find: each promise is broken once, in an otherwise sound story. */
import { expect, test } from "vitest";
import type { RunEvent } from "#kernel/events.ts";
import type { Journal } from "./journals.ts";
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
  });
  await reading.compareWitness(
    (async function* () {
      yield* records;
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
