/**
 * A store that another release has written: its checkpoints are not gone on from, whatever they
 * hold, and the journal is folded instead (V5 of kernel/upcast.ts, C2 of kernel/checkpoint.ts).
 */
import { afterEach, expect, test } from "vitest";
import { STATE_VERSION, saveState } from "#kernel/checkpoint.ts";
import type { RunEvent } from "#kernel/events.ts";
import { evolve } from "#kernel/evolve.ts";
import { newState, type RunState } from "#kernel/state.ts";
import { UPCASTS, type Upcasts } from "#kernel/upcast.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { type Bench, context, driven, nodes, openBench, workflow } from "./engine-fixture.ts";

const two = workflow("two", {
  steps: [
    { id: "first", uses: "wait.signal", with: { name: "go" } },
    { id: "last", uses: "wait.signal", with: { name: "end" } },
  ],
  output: "${{ steps.first.output }}",
});

/** Longer than what stands inline: the state names the field that it stands in. */
const text = "t".repeat(1_000);
const received = { type: "signal.received", id: "1", name: "go", key: null, by: "local" };

const upcasts = UPCASTS as Record<string, Upcasts[string]>;
afterEach(() => {
  delete upcasts["signal.received"];
});

/** The state before what another release writes next. */
async function stateOf({ clock, store }: Bench, runId: string): Promise<RunState> {
  const state = newState(runId, compilePlan(two, nodes));
  for (const turn of await driven(clock, store.journal.turns(context, runId, 0, 100)))
    for (const event of JSON.parse(turn.events) as RunEvent[]) evolve(state, event, turn.atMs);
  return state;
}

/** Adds an event with a checkpoint behind it, as another release does, and starts this one again. */
async function write(
  bench: Bench,
  { event, stateVersion, state }: { event: object; stateVersion: number; state: string },
): Promise<void> {
  const { clock, store } = bench;
  const head = await driven(clock, store.journal.head(context, "r"));
  if (head === null) throw new Error("there is no run");
  const seq = head.seq + 1;
  const commit = {
    ...{ tenant: "default", runId: "r", epoch: store.epoch, status: "waiting" as const },
    ...{ startedAtMs: head.startedAtMs, endedAtMs: null, errorCode: null, create: null },
    ...{ sends: [], consumes: [], startKey: null, checkpoint: { seq, stateVersion, state } },
    record: {
      ...{ runId: "r", firstSeq: seq, lastSeq: seq, atMs: clock.nowMs() },
      events: JSON.stringify([event]),
    },
  };
  expect(await driven(clock, store.journal.commit("written", [commit]))).toEqual({ fenced: [] });
  await bench.crash();
  await clock.runUntilIdle();
}

async function waiting(): Promise<Bench> {
  const bench = await openBench();
  await driven(bench.clock, bench.engine.start(context, { workflow: two, id: "r" }));
  await bench.clock.runUntilIdle();
  return bench;
}

function errorsOf({ logs }: Bench): unknown[] {
  return logs.filter(({ level }) => level === "error");
}

test("of an older release, with an event that has changed since: the run goes on from its journal", async () => {
  await using bench = await waiting();
  const state = await stateOf(bench, "r");
  evolve(state, { ...received, payload: text } as unknown as RunEvent, bench.clock.nowMs());
  // What is called payload today was called text.
  const saved = saveState(state);
  const old = saved
    .replaceAll('"f":"payload"', '"f":"text"')
    .replace(`"stateVersion":${STATE_VERSION}`, `"stateVersion":${STATE_VERSION - 1}`);
  expect(old).not.toBe(saved.replace(/"stateVersion":\d+/, `"stateVersion":${STATE_VERSION - 1}`));
  upcasts["signal.received"] = [
    ({ text: payload, ...rest }) => (payload === undefined ? rest : { ...rest, payload }),
  ];
  await write(bench, {
    ...{ event: { ...received, text }, stateVersion: STATE_VERSION - 1, state: old },
  });
  const end = { name: "end", id: "2", payload: null };
  await driven(bench.clock, bench.engine.signal(context, "r", end));
  expect(await bench.settle("r")).toMatchObject({ status: "succeeded", output: text });
  expect(errorsOf(bench)).toEqual([]);
});

test("of a newer release: a checkpoint that nobody here can read is no fault", async () => {
  await using bench = await waiting();
  await write(bench, {
    event: { ...received, payload: text },
    ...{ stateVersion: STATE_VERSION + 1, state: "whatever it is then" },
  });
  const end = { name: "end", id: "2", payload: null };
  await driven(bench.clock, bench.engine.signal(context, "r", end));
  expect(await bench.settle("r")).toMatchObject({ status: "succeeded", output: text });
  expect(errorsOf(bench)).toEqual([]);
});

test("of a newer release: nobody goes on from behind an event that cannot be read", async () => {
  await using bench = await waiting();
  const state = await stateOf(bench, "r");
  evolve(state, { ...received, payload: text } as unknown as RunEvent, bench.clock.nowMs());
  const next = STATE_VERSION + 1;
  const saved = saveState(state).replace(
    `"stateVersion":${STATE_VERSION}`,
    `"stateVersion":${next}`,
  );
  await write(bench, {
    ...{ event: { ...received, v: 2, body: text }, stateVersion: next, state: saved },
  });
  const { waits } = await driven(bench.clock, bench.engine.explain(context, "r"));
  expect(waits).toMatchObject([
    { kind: "journal", text: expect.stringMatching('"signal.received" is of version 2') },
  ]);
  const end = { name: "end", id: "2", payload: null };
  await expect(driven(bench.clock, bench.engine.signal(context, "r", end))).rejects.toMatchObject({
    code: "store_newer",
  });
});
