/** committer.ts, G1 to G4: what each kind of refusal does to a group and its turns. */
import { expect, test } from "vitest";
import { Committer, type TurnOutcome } from "#engine/embedded/committer.ts";
import { LockstitchError } from "#errors/errors.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";
import type { CommitFault } from "../simulation/simulated-store.ts";
import { SimulatedDisk } from "../simulation/simulated-store.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function bench(
  faultOf: (commit: number, runIds: string[]) => CommitFault = () => NONE,
  {
    splitTurnsMin = 100,
    others = [],
  }: {
    readonly splitTurnsMin?: number;
    /** Runs that another host has made. */
    readonly others?: readonly string[];
  } = {},
) {
  const clock = new SimulatedClock(0);
  const groups: string[][] = [];
  const disk = new SimulatedDisk(clock, {
    onCommit: ({ turns }) => {
      groups.push(turns.map(({ runId }) => runId));
      return faultOf(groups.length, groups.at(-1) ?? []);
    },
  });
  const store = disk.open();
  let lastId = 0;
  const rooms: number[] = [];
  const committer = new Committer({
    meter: null,
    journal: {
      ...store.journal,
      async head(context, runId) {
        const head = await store.journal.head(context, runId);
        return head !== null && others.includes(runId) ? { ...head, epoch: head.epoch + 1 } : head;
      },
    },
    ...{ clock, logger: SILENT, random: { next: () => 0.5 } },
    ids: { runId: () => "", commitId: () => `c${++lastId}` },
    defer: (work) => queueMicrotask(work),
    ...{ turnsQueuedMax: 10, groupTurnsMax: 5, groupSizeMax: 100_000, splitTurnsMin },
    onRoom: () => rooms.push(groups.length),
  });
  const outcomes = new Map<string, TurnOutcome[]>();
  const submit = (runId: string, settled: () => void = () => undefined) => {
    outcomes.set(runId, outcomes.get(runId) ?? []);
    committer.submit({
      commit: firstTurn(runId, store.epoch),
      settle: (outcome) => {
        outcomes.get(runId)?.push(outcome);
        settled();
      },
    });
  };
  const kinds = () =>
    Object.fromEntries([...outcomes].map(([id, list]) => [id, list.map(({ kind }) => kind)]));
  return { clock, store, committer, submit, groups, kinds, rooms };
}

const NONE: CommitFault = { kind: "none" };

function firstTurn(runId: string, epoch: number): TurnCommit {
  return {
    ...{ tenant: "default", runId, epoch, status: "running", sends: [], consumes: [] },
    ...{ startedAtMs: null, endedAtMs: null, errorCode: null, startKey: null, checkpoint: null },
    create: {
      ...{ tenant: "default", runId, workflow: "w", version: 1, createdAtMs: 0, labels: {} },
      ...{ parentRunId: null, minReader: 1 },
    },
    record: { runId, firstSeq: 1, lastSeq: 1, atMs: 0, events: `[{"type":"run.admitted"}]` },
  };
}

test("a lone turn commits at once; what comes meanwhile is one group", async () => {
  const { clock, submit, groups, kinds, committer } = bench(() => ({ kind: "none", delayMs: 5 }));
  submit("a");
  await clock.settle();
  expect(groups).toEqual([["a"]]);
  for (const runId of ["b", "c", "d"]) submit(runId);
  expect(kinds()).toMatchObject({ a: [] });
  await clock.runUntilIdle();
  expect(groups).toEqual([["a"], ["b", "c", "d"]]);
  expect(kinds()).toEqual({
    a: ["committed"],
    b: ["committed"],
    c: ["committed"],
    d: ["committed"],
  });
  expect([committer.commits, committer.turns, committer.events]).toEqual([2, 4, 4]);
});

test.each([
  {
    disk: "quick",
    delayMs: 0,
    groups: [
      ["a", "b", "c", "d"],
      ["a2", "b2"],
      ["c2", "d2"],
    ],
  },
  {
    disk: "slow",
    delayMs: 5,
    groups: [
      ["a", "b", "c", "d"],
      ["a2", "b2", "c2", "d2"],
    ],
  },
])("on a $disk disk, a large group that nothing has gathered behind", async (row) => {
  const { clock, submit, groups, kinds, committer } = bench(
    () => ({ kind: "none", delayMs: row.delayMs }),
    { splitTurnsMin: 4 },
  );
  for (const runId of ["a", "b", "c", "d"]) submit(runId, () => submit(`${runId}2`));
  await clock.runUntilIdle();
  expect(groups).toEqual(row.groups);
  expect(Object.values(kinds()).flat()).toEqual(Array.from({ length: 8 }, () => "committed"));
  expect([committer.commits, committer.turns]).toEqual([row.groups.length, 8]);
  expect(committer.isIdle).toBe(true);
});

test("a small group goes on as one; a half that leads to nothing holds nothing up", async () => {
  const small = bench(undefined, { splitTurnsMin: 4 });
  for (const runId of ["a", "b", "c"]) small.submit(runId, () => small.submit(`${runId}2`));
  await small.clock.runUntilIdle();
  expect(small.groups).toEqual([
    ["a", "b", "c"],
    ["a2", "b2", "c2"],
  ]);

  const ends = bench(undefined, { splitTurnsMin: 4 });
  for (const runId of ["a", "b", "c", "d"])
    ends.submit(runId, runId === "d" ? () => ends.submit("d2") : undefined);
  const idle = ends.committer.idle();
  await ends.clock.runUntilIdle();
  await idle;
  expect(ends.groups).toEqual([["a", "b", "c", "d"], ["d2"]]);
  expect(Object.values(ends.kinds()).flat()).toHaveLength(5);
});

test("beside a slow writer, what has gathered behind a group waits for what it comes to", async () => {
  const { clock, submit, groups, kinds } = bench(() => ({ kind: "none", delayMs: 5 }));
  for (const runId of ["a", "b"]) submit(runId, () => submit(`${runId}2`));
  await clock.settle();
  for (const runId of ["c", "d"]) submit(runId);
  await clock.runUntilIdle();
  expect(groups).toEqual([
    ["a", "b"],
    ["c", "d", "a2", "b2"],
  ]);
  expect(Object.values(kinds()).flat()).toEqual(Array.from({ length: 6 }, () => "committed"));
});

test("groups are bounded; the queue is full and then says that there is room", async () => {
  const { clock, submit, groups, committer, rooms } = bench(() => ({ kind: "none", delayMs: 5 }));
  for (let i = 0; i < 12; i++) submit(`r${i}`);
  expect(committer.isFull).toBe(true);
  await clock.runUntilIdle();
  expect(groups.map((group) => group.length)).toEqual([5, 5, 2]);
  expect(committer.isFull).toBe(false);
  expect(rooms).toHaveLength(1);
});

test("while the store is away every turn of the group is refused, after a pause that grows", async () => {
  const { clock, submit, kinds, committer } = bench((commit) =>
    commit <= 3 ? { kind: "unavailable" } : NONE,
  );
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const beganMs = clock.nowMs();
    submit("a");
    await clock.settle();
    expect(committer.isStoreAway).toBe(attempt < 3);
    expect(committer.refusal === null).toBe(attempt === 3);
    await clock.runUntilIdle();
    pauses.push(clock.nowMs() - beganMs);
    // With nothing queued a call is let through to find out.
    expect(committer.isStoreAway).toBe(false);
  }
  expect(kinds()).toEqual({ a: ["refused", "refused", "refused", "committed"] });
  expect(pauses).toEqual([37.5, 75, 150, 0]);
});

test.each([true, false])(
  "an unknown outcome (committed: %s) is asked before anything else",
  async (isCommitted) => {
    const { clock, submit, kinds, store } = bench((commit) =>
      commit === 1 ? { kind: "unknown", isCommitted } : NONE,
    );
    submit("a");
    submit("b");
    await clock.runUntilIdle();
    const kind = isCommitted ? "committed" : "refused";
    expect(kinds()).toEqual({ a: [kind], b: [kind] });
    expect((await headOf(store, "a"))?.seq).toBe(isCommitted ? 1 : undefined);
  },
);

test("a group refused for good is tried run by run; only the guilty one is rejected", async () => {
  const { clock, submit, kinds, groups } = bench((_, runIds) =>
    runIds.includes("bad") ? { kind: "refused", runId: "bad" } : NONE,
  );
  for (const runId of ["a", "bad", "c"]) submit(runId);
  await clock.runUntilIdle();
  expect(kinds()).toEqual({ a: ["committed"], bad: ["rejected"], c: ["committed"] });
  expect(groups).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
});

test("fenced turns alone are left out", async () => {
  const { clock, submit, kinds } = bench(() => ({ kind: "fenced", runIds: ["b"] }));
  submit("a");
  submit("b");
  await clock.runUntilIdle();
  expect(kinds()).toEqual({ a: ["committed"], b: ["fenced"] });
});

test("closing waits for what is under way, and does not wait for a store that is away", async () => {
  const { clock, submit, kinds, committer } = bench(() => ({ kind: "unavailable" }));
  submit("a");
  await clock.settle();
  await committer.close();
  expect(kinds()).toEqual({ a: ["refused"] });
  expect(clock.armed).toBe(0);
});

test("errors that are no LockstitchError count as lasting", async () => {
  const { clock, submit, kinds, store } = bench();
  const { commit } = store.journal;
  let calls = 0;
  store.journal.commit = async (...parts) => {
    if (++calls === 1) throw new LockstitchError("journal_refused", "no");
    return commit(...parts);
  };
  submit("a");
  submit("b");
  await clock.runUntilIdle();
  expect(kinds()).toEqual({ a: ["committed"], b: ["committed"] });
});

function headOf(store: ReturnType<typeof bench>["store"], runId: string) {
  return store.journal.head(LOCAL_CONTEXT, runId);
}

test("without an answer, a run that another host has made is not taken for one's own", async () => {
  const fault: CommitFault = { kind: "unknown", isCommitted: true };
  const { clock, submit, kinds } = bench((commit) => (commit === 1 ? fault : NONE), {
    others: ["b"],
  });
  submit("a");
  submit("b");
  await clock.runUntilIdle();
  expect(kinds()).toEqual({ a: ["committed"], b: ["fenced"] });
});
