/**
 * D of docs/performance.md: one `for_each` of so many effectful no-op items with their results
 * collected, in process. A program of its own, so that what the heap grows by is the run's.
 * Parameters: folder, items. Prints one JSON line (ManyItems).
 *
 * A run that grows must not slow down or swell: the last fifth of the items is compared with the
 * first, and what the heap holds while the run is still open (it waits for a signal at the end) is
 * divided by the steps that have settled.
 */
import { join } from "node:path";
import { openEmbeddedEngine } from "../src/engine/embedded/open.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { standardErrorLogger } from "../src/observe/logger.ts";
import type { Journal, TurnCommit } from "../src/ports/journal.ts";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../src/system/system-clock.ts";
import { systemIds } from "../src/system/system-ids.ts";
import { systemRandom } from "../src/system/system-random.ts";
import { noop } from "./lockstitch.config.ts";
import { NO_HTTP } from "./lockstitch.ts";

export interface ManyItems {
  readonly items: number;
  readonly perSecond: number;
  /** Items a second of the first and of the last fifth. */
  readonly first: number;
  readonly last: number;
  /** While the run is open and everything else has been collected. */
  readonly heapBytesPerStep: number;
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  readonly journalBytes: number;
}

const [folder = ".", count = "100000"] = process.argv.slice(2);
const items = Number(count);
const fifth = items / 5;
const context = { tenant: "default", principal: "bench", trace: null };

/** When the items of each fifth had been run, by `performance.now()`. */
const marks: number[] = [];
let attempts = 0;
const counting = {
  ...noop,
  runEffect: () => {
    attempts += 1;
    if (attempts % fifth === 0) marks.push(performance.now());
    return Promise.resolve(null);
  },
};

const written = { checkpoints: 0, checkpointBytes: 0, journalBytes: 0 };

function counted(journal: Journal): Journal {
  const commit = (id: string, turns: readonly TurnCommit[]) => {
    for (const { record, checkpoint } of turns) {
      written.journalBytes += record?.events.length ?? 0;
      written.checkpointBytes += checkpoint?.state.length ?? 0;
      if (checkpoint !== null) written.checkpoints += 1;
    }
    return journal.commit(id, turns);
  };
  return new Proxy(journal, {
    get(target, name) {
      if (name === "commit") return commit;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function heapBytes(): number {
  for (let pass = 0; pass < 3; pass += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const workflow = (name: string, end: number) => ({
  language: 1,
  name,
  steps: [
    {
      id: "items",
      uses: "for_each",
      with: { items: { range: { start: 0, end } }, concurrency: 100 },
      steps: [{ id: "step", uses: "bench.noop" }],
      output: "${{ item }}",
    },
    { id: "go", uses: "wait.signal", with: { name: "go" } },
  ],
});

const logger = standardErrorLogger("warn", (line) => line);
const store = await openSqliteStore({ dataDir: join(folder, "many-items"), logger });
const engine = await openEmbeddedEngine({
  store: { ...store, journal: counted(store.journal) },
  ...{ clock: systemClock, random: systemRandom, ids: systemIds(systemClock), logger },
  nodes: createRegistry([counting]),
  services: { fileRoot: null, http: NO_HTTP },
});

/** Resolves when the items have settled and the run waits for its signal. */
async function runItems(name: string, end: number): Promise<string> {
  await engine.saveWorkflow(context, workflow(name, end) as never);
  const { run } = await engine.start(context, { workflow: name });
  let status = run.status;
  while (status !== "waiting") {
    status = (await engine.get(context, run.id))?.status ?? ("missing" as never);
    if (status === "failed") throw new Error(`${name} failed`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return run.id;
}

// Just-in-time compilers get warm on another run, which ends before the heap is weighed.
const warm = await runItems("warm", 10_000);
await engine.signal(context, warm, { name: "go" });
await engine.wait(context, warm, 60_000);
attempts = 0;
marks.length = 0;
Object.assign(written, { checkpoints: 0, checkpointBytes: 0, journalBytes: 0 });
const heapBefore = heapBytes();
const startedMs = performance.now();
const id = await runItems("many", items);
const seconds = (performance.now() - startedMs) / 1_000;
const heapBytesPerStep = (heapBytes() - heapBefore) / items;
await engine.signal(context, id, { name: "go" });
const ended = await engine.wait(context, id, 60_000);
if (ended.status !== "succeeded" || attempts !== items)
  throw new Error(`the run is ${ended.status} after ${attempts} attempts`);
const speed = (from: number, to: number) => (fifth * 1_000) / (to - from);
const result: ManyItems = {
  items,
  perSecond: items / seconds,
  first: speed(startedMs, marks[0] ?? Number.NaN),
  last: speed(marks[3] ?? Number.NaN, marks[4] ?? Number.NaN),
  heapBytesPerStep,
  ...written,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await engine.close(0);
await store.close();
