/** 10,000 open runs on real SQLite: found again within ten seconds, the due ones first. */
import { expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import type { RunStatus } from "#workflow/statuses.ts";
import { context, work, workflow } from "./engine-fixture.ts";
import { openSqliteBench, until } from "./sqlite-fixture.ts";

const RECOVERY_MS_MAX = 10_000;
const SLEEPERS = 9_000;
const SIGNALLED = 900;
const WORKERS = 100;

const sleeper = workflow("sleeper", {
  steps: [
    { id: "before", uses: "data.set", with: { value: { n: "${{ input.n }}" } } },
    { id: "nap", uses: "wait.for", with: { duration: "30d" } },
  ],
});
const signalled = workflow("signalled", {
  steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
});
const worker = workflow("worker", { steps: [work("a", "hang")] });

const hang = () => new Promise<never>(() => {});

test("10,000 open runs are recovered in time, the due ones first, while calls are served", async () => {
  await using bench = await openSqliteBench();
  const first = await bench.open({ work: { hang } });
  for (const [definition, count] of [
    [sleeper, SLEEPERS],
    [signalled, SIGNALLED],
    [worker, WORKERS],
  ] as const) {
    const request = { workflow: definition, input: { n: 1 }, id: `${definition.name}-model` };
    const { run } = await first.engine.start(context, request);
    const wanted: RunStatus = definition === worker ? "running" : "waiting";
    await until(wanted, async () => (await first.engine.get(context, run.id))?.status === wanted);
    if (definition === worker) await until("the attempt", () => first.attempts.length === 1);
    await multiply(first.store, run.id, count - 1);
  }
  const loaded: string[] = [];
  const began = { atMs: performance.now(), cpu: process.cpuUsage() };
  const second = await bench.open({ work: { hang }, wrap: (store) => watched(store, loaded) });
  const openedMs = performance.now() - began.atMs;
  // Loading leaves the event loop to calls.
  await new Promise((resolve) => setImmediate(resolve));
  expect(second.engine.stats()).toMatchObject({ recovering: true, continuedRuns: 10_000 });
  expect(await second.engine.get(context, "sleeper-7")).toMatchObject({ status: "waiting" });
  await until("recovered", () => !second.engine.stats().recovering);
  const wallMs = performance.now() - began.atMs;
  const { user, system } = process.cpuUsage(began.cpu);
  process.stdout.write(
    `10,000 open runs: serving after ${openedMs.toFixed(0)} ms, recovered in ${wallMs.toFixed(0)} ms (${((user + system) / 1_000).toFixed(0)} ms of CPU)\n`,
  );
  expect((user + system) / 1_000).toBeLessThan(RECOVERY_MS_MAX);
  expect(second.engine.stats()).toMatchObject({ openRuns: 10_000 });
  await until("every lost attempt again", () => second.attempts.length === WORKERS);
  // The workers are the youngest runs, and come before all that waits.
  expect(new Set(loaded.slice(0, WORKERS).map((runId) => runId.split("-")[0]))).toEqual(
    new Set(["worker"]),
  );
  expect(loaded).toHaveLength(10_000);
  // The first engine's attempt of the model hangs until it is closed.
  const events = await second.engine.events(context, "worker-3", 0, 100);
  expect(events.map(({ type }) => type)).toContain("step.lost");
});

/** Copies of a run as the journal has it, in groups of a thousand. */
async function multiply({ journal, epoch }: Store, modelId: string, count: number): Promise<void> {
  const head = await journal.head(context, modelId);
  if (head === null) throw new Error(`no run ${modelId}`);
  const turns = await journal.turns(context, modelId, 0, 100);
  const events = JSON.stringify(turns.flatMap((turn) => JSON.parse(turn.events)));
  const { tenant, workflow: name, version, createdAtMs, labels, parentRunId, minReader } = head;
  const copies = Array.from({ length: count }, (_, at): TurnCommit => {
    const runId = `${name}-${at}`;
    return {
      ...{ tenant, runId, epoch, status: head.status, startedAtMs: head.startedAtMs },
      create: {
        ...{ tenant, runId, workflow: name, version },
        ...{ createdAtMs, labels, parentRunId, minReader },
      },
      record: { runId, firstSeq: 1, lastSeq: head.seq, atMs: createdAtMs, events },
      ...{ endedAtMs: null, errorCode: null, sends: [], consumes: [] },
      ...{ startKey: null, checkpoint: null },
    };
  });
  for (let at = 0; at < copies.length; at += 1_000)
    await journal.commit(`${name}-${at}`, copies.slice(at, at + 1_000));
}

/** Writes down whose journal is read, in order. */
function watched(store: Store, loaded: string[]): Store {
  const journal = new Proxy(store.journal, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parameters: readonly unknown[]) => {
        if (name === "turns") loaded.push(String(parameters[1]));
        return member.apply(target, parameters);
      };
    },
  });
  return { ...store, journal };
}
