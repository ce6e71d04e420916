/**
 * The world of named values: runs that count and uncount, on one simulated disk whose commits are
 * slow, refused, fenced or without an answer, in processes that die; some runs are cancelled at any
 * time. What must hold at the end, read from the journals and the store alone:
 *
 *   N1. Every run has ended, counting runs as succeeded.
 *   N2. Each counting step has a number of its own, from 1 without a gap.
 *   N3. The changes of a name are one chain: each saw what the one before has made, the last one is
 *       what the store holds. So none was lost, none made twice, none made on a turn that never was.
 *   N4. A saga's count is taken back exactly if it was made: what all of them leave is nothing.
 */
import type { EventView } from "#engine/engine.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type Bench, context, driven, openBench, workflow } from "../engine/engine-fixture.ts";
import { seededRandom } from "../kernel/random-definition.ts";
import type { CommitFault } from "./simulated-store.ts";

const COUNTING = 12;
const SAGAS = 8;

/** The same name as the failure of the other worlds: scripts look for it. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

export interface CountingReport {
  readonly crashes: number;
  readonly lost: number;
  readonly undone: number;
  readonly cancelled: number;
}

const counter = (id: string, name: string, more: Record<string, unknown> = {}) => ({
  ...{ id, uses: "state.counter", with: { name, scope: "tenant" }, ...more },
});
const COUNT: WorkflowDefinition = workflow("count", {
  steps: [counter("a", "n"), counter("b", "n", { needs: ["a"] })],
});
/** Counts, waits, and fails: whatever it has counted is taken back. */
const SAGA: WorkflowDefinition = workflow("saga", {
  steps: [
    {
      ...{ id: "trip", uses: "saga" },
      steps: [
        counter("up", "net", {
          compensate: [
            {
              ...{ id: "down", uses: "state.counter" },
              with: { name: "net", operation: "decrement", scope: "tenant" },
            },
          ],
        }),
        { id: "wait", uses: "wait.for", needs: ["up"], with: { duration: 40 } },
        { id: "boom", uses: "fail", needs: ["wait"], with: { message: "no" } },
      ],
    },
  ],
});

/** Plays one seed. Throws SimulationFailure. */
export async function playCounting(seed: number): Promise<CountingReport> {
  const random = seededRandom(seed * 7_919);
  let isCalm = true;
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) =>
        isCalm || turns[0]?.record?.firstSeq === 1
          ? { kind: "none", delayMs: 3 }
          : faultOf(random, turns[0]?.runId ?? ""),
    },
    limits: { groupTurnsMax: 3 },
  });
  const ids: string[] = [];
  const start = async (id: string, definition: WorkflowDefinition) => {
    ids.push(id);
    // The same id is the same run, whatever came of the call before. A store that is away takes time.
    const started = () =>
      driven(bench.clock, bench.engine.start(context, { workflow: definition, id })).then(
        () => true,
        () => false,
      );
    while (!(await started())) await bench.clock.advanceBy(10);
  };
  let crashes = 0;
  let cancelled = 0;
  for (let round = 0; round < 4; round++) {
    isCalm = true;
    for (let at = 0; at < COUNTING / 4; at++) await start(`count-${round}-${at}`, COUNT);
    isCalm = false;
    await bench.clock.advanceBy(Math.floor(random() * 20));
    // Those that come last are hit at their first step.
    for (let at = 0; at < SAGAS / 4; at++) await start(`saga-${round}-${at}`, SAGA);
    await bench.clock.advanceBy(Math.floor(random() * 12));
    for (let again = random() < 0.8 ? 3 : 0; again > 0; again -= random() < 0.5 ? 1 : 3) {
      await bench.crash();
      crashes++;
      await bench.clock.advanceBy(Math.floor(random() * 12));
    }
    const victim = `saga-${round}-${Math.floor(random() * (SAGAS / 4))}`;
    if (random() < 0.8) {
      const asked = bench.engine.cancel(context, victim, "enough");
      await driven(bench.clock, asked).then(
        () => cancelled++,
        () => null,
      );
    }
    await bench.clock.advanceBy(Math.floor(random() * 30));
  }
  isCalm = true;
  await bench.clock.advanceBy(2_000);
  // A run that was fenced twice is parked until somebody calls.
  for (const id of ids)
    await driven(bench.clock, bench.engine.resume(context, id)).catch(() => null);
  await bench.crash();
  return { crashes: crashes + 1, cancelled, ...(await judge(bench, ids)) };
}

function faultOf(random: () => number, runId: string): CommitFault {
  const delayMs = Math.floor(random() * 20);
  if (random() < 0.5) return { kind: "none", delayMs };
  const kind = random();
  if (kind < 0.3) return { kind: "unavailable", delayMs };
  if (kind < 0.6) return { kind: "unknown", isCommitted: random() < 0.5, delayMs };
  if (kind < 0.85) return { kind: "none", delayMs: 200 };
  return { kind: "fenced", runIds: [runId], delayMs };
}

async function judge(
  bench: Bench,
  ids: readonly string[],
): Promise<Pick<CountingReport, "lost" | "undone">> {
  const chains = new Map<string, EventView["event"][]>();
  let lost = 0;
  let undone = 0;
  for (const id of ids) {
    const run = await bench.settle(id);
    const isCounting = id.startsWith("count");
    if (isCounting ? run.status !== "succeeded" : !["failed", "cancelled"].includes(run.status))
      throw new SimulationFailure(`N1: ${id} is ${run.status}: ${JSON.stringify(run.error)}`);
    for (const { type, event, path } of await eventsOf(bench, id)) {
      if (type === "step.lost") lost++;
      if (type !== "state.applied") continue;
      if (path?.endsWith("down") === true) undone++;
      const name = String(event["name"]);
      chains.set(name, [...(chains.get(name) ?? []), event]);
    }
  }
  const numbers = (chains.get("n") ?? []).map((event) => Number(event["value"]));
  for (const [at, number] of numbers.toSorted((a, b) => a - b).entries())
    if (number !== at + 1) throw new SimulationFailure(`N2: ${number} where ${at + 1} should be`);
  if (numbers.length !== COUNTING * 2)
    throw new SimulationFailure(`N2: ${numbers.length} numbers for ${COUNTING * 2} steps`);
  for (const [name, events] of chains) await judgeChain(bench, name, events);
  const { value = "0" } = (await shared(bench, "net")) ?? {};
  if (value !== "0") throw new SimulationFailure(`N4: sagas that were undone leave ${value}`);
  return { lost, undone };
}

/** N3. */
async function judgeChain(
  bench: Bench,
  name: string,
  events: readonly EventView["event"][],
): Promise<void> {
  const bySeen = new Map(events.map((event) => [Number(event["revision"]), event]));
  if (bySeen.size !== events.length)
    throw new SimulationFailure(`N3: two changes of ${name} saw the same`);
  let revision = 0;
  for (let left = events.length; left > 0; left--) {
    const next = bySeen.get(revision);
    if (next === undefined)
      throw new SimulationFailure(`N3: nothing of ${name} follows revision ${revision}`);
    revision = Number(next["to"]);
  }
  const held = await shared(bench, name);
  if ((held?.revision ?? 0) !== revision)
    throw new SimulationFailure(`N3: ${name} holds revision ${held?.revision}, not ${revision}`);
}

async function shared(bench: Bench, name: string) {
  const key = { scope: "tenant", workflow: "", name } as const;
  return await driven(bench.clock, bench.store.state.find(context, key));
}

async function eventsOf(bench: Bench, runId: string): Promise<readonly EventView[]> {
  return await driven(bench.clock, bench.engine.events(context, runId, 0, 1_000));
}
