/** The ledger of named values finds what it is there to find: a sound story, then one lie at a time. */
import { expect, test } from "vitest";
import type { NamedValue } from "#engine/named-values.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { Journal } from "./journals.ts";
import { Tally } from "./tally.ts";

interface Story {
  output: unknown;
  events: RunEvent[];
  stored: Record<string, { value: unknown; revision: number }>;
  /** What an effect was told of ticket `each[0].ticket`. */
  told: number;
}

const TICKET = "each[0].ticket";
const ended = (path: string, value: unknown, attempt = 1): RunEvent => ({
  ...{ type: "step.succeeded", path, attempt, output: { value } },
});
const applied = (path: string, name: string, revision: number, value: number): RunEvent => ({
  ...{ type: "state.applied", path, scope: "tenant", name, revision, change: "set" },
  ...{ to: revision + 1, value },
});

/** Two tickets of which the first was lost once, a count of the run's own, a saga that was undone. */
function soundStory(): Story {
  return {
    output: 1,
    events: [
      { type: "step.lost", path: TICKET, attempt: 1 },
      applied("on[0].more", "tickets", 0, 1),
      ended("on[0].more", 1),
      applied(TICKET, "tickets", 1, 2),
      ended(TICKET, 2, 2),
      { type: "variable.set", name: "own", value: 1, path: "each[0].own" },
      ended("each[0].own", 1),
      applied("block.up", "net", 0, 1),
      ended("block.up", 1),
      applied('block.compensate["block.up"].down', "net", 1, 0),
      ended('block.compensate["block.up"].down', 0),
      {
        ...{ type: "step.failed", path: "block" },
        error: { code: "user.broken", message: "", retryable: false },
      },
      { type: "step.succeeded", path: "each[0].code", attempt: 1, output: { of: 2, twice: 4 } },
    ],
    stored: { tickets: { value: 2, revision: 2 }, net: { value: 0, revision: 2 } },
    told: 2,
  };
}

function read({ output, events, stored, told }: Story): Tally {
  const tally = new Tally();
  const run = { id: "r", workflow: "tally", status: "succeeded", output } as Journal["run"];
  tally.addJournal({ run, events: events.map((event, at) => ({ seq: at + 1, event })) });
  tally.compare(Object.entries(stored).map(([name, held]) => ({ name, ...held }) as NamedValue));
  tally.addRecord({
    ...{ phase: "begin", key: "k", runId: "r", path: "each[0].told", attempt: 1 },
    marks: { number: told },
  });
  return tally;
}

test("a sound story breaks nothing, and is counted", () => {
  const { broken, counts } = read(soundStory());
  expect(broken).toEqual([]);
  expect(counts).toEqual({ settled: 5, lost: 1, computed: 1, computedLost: 0, told: 1 });
});

test("a step that an operator has completed has counted nothing", () => {
  const story = soundStory();
  const path = "each[1].ticket";
  story.events.push(
    { type: "step.lost", path, attempt: 1 },
    { ...{ type: "step.resolved", path, action: "complete", by: "me" }, output: { value: -1 } },
    { type: "step.succeeded", path, attempt: 1 },
    { type: "step.succeeded", path: "each[1].code", attempt: 1, output: { of: -1, twice: -2 } },
  );
  expect(read(story).broken).toEqual([]);
});

const drop = (events: RunEvent[], type: string, path: string) =>
  events.splice(
    events.findIndex((event) => event.type === type && "path" in event && event.path === path),
    1,
  );

const LIES: readonly (readonly [string, string, (story: Story) => void])[] = [
  [
    "an increment is lost from the store",
    '"tickets" is 1, its steps have added 2',
    ({ stored }) => Object.assign(stored, { tickets: { value: 1, revision: 2 } }),
  ],
  [
    "an increment is stored twice",
    '"tickets" is 3, its steps have added 2',
    ({ stored }) => Object.assign(stored, { tickets: { value: 3, revision: 2 } }),
  ],
  [
    "the store has lost the value",
    '"tickets" is undefined, its steps have added 2',
    ({ stored }) => delete stored["tickets"],
  ],
  [
    "a step changes its value twice",
    `r ${TICKET} has changed its value 2 times`,
    ({ events }) => events.push(applied(TICKET, "tickets", 2, 3)),
  ],
  [
    "a step that was lost has changed its value",
    "r on[1].more has changed a value and did not succeed",
    ({ events }) => events.push(applied("on[1].more", "tickets", 2, 3)),
  ],
  [
    "a step has changed nothing",
    `r ${TICKET} succeeded and changed nothing`,
    ({ events }) => drop(events, "state.applied", TICKET),
  ],
  [
    "two steps have one number",
    '"tickets" gave 2 where 1 should be',
    ({ events }) => events.splice(2, 1, ended("on[0].more", 2)),
  ],
  [
    "two changes have built on the same",
    `r ${TICKET} and r on[0].more have both changed the same "tickets"`,
    ({ events }) => events.splice(3, 1, applied(TICKET, "tickets", 0, 2)),
  ],
  [
    "a change came between that no journal has",
    'nothing follows revision 1 of "tickets": 1 changes do',
    ({ events }) => events.splice(3, 1, applied(TICKET, "tickets", 7, 2)),
  ],
  [
    "somebody else changed the value last",
    '"tickets" is at revision 9, its changes end at 2',
    ({ stored }) => Object.assign(stored, { tickets: { value: 2, revision: 9 } }),
  ],
  [
    "a saga that failed is not taken back",
    "r: a saga that failed has added 1 and taken back 0",
    ({ events }) => drop(events, "step.succeeded", 'block.compensate["block.up"].down'),
  ],
  [
    "a saga that did not fail is taken back",
    "r: a saga that did not fail has added 1 and taken back 1",
    ({ events }) => drop(events, "step.failed", "block"),
  ],
  [
    "a run has counted itself wrongly",
    "r has counted 2 itself, with 1 steps",
    (story) => Object.assign(story, { output: 2 }),
  ],
  [
    "others were told another number",
    "r each[0].told attempt 1 was told 1, its ticket is 2",
    (story) => Object.assign(story, { told: 1 }),
  ],
  [
    "code was handed another number",
    "r each[0].code was told 1, its ticket is 2",
    ({ events }) =>
      events.splice(-1, 1, {
        ...{ type: "step.succeeded", path: "each[0].code", attempt: 1 },
        output: { of: 1, twice: 2 },
      }),
  ],
  [
    "code gave something else",
    'r each[0].code gave {"of":2,"twice":5}',
    ({ events }) =>
      events.splice(-1, 1, {
        ...{ type: "step.succeeded", path: "each[0].code", attempt: 1 },
        output: { of: 2, twice: 5 },
      }),
  ],
];

test.each(LIES)("%s: %s", (_what, line, lie) => {
  const story = soundStory();
  lie(story);
  expect(read(story).broken).toContain(line);
});
