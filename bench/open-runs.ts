/**
 * F of docs/performance.md: a server that starts on 10,000 open runs of mixed kinds (timers, signals,
 * attempts under way). Time from the start of its process until its API answers, and until every
 * run is loaded and waits for what it waited for. The runs are copies of three that the engine made,
 * appended through the journal's own door.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEmbeddedEngine } from "../src/engine/embedded/open.ts";
import type { Engine } from "../src/engine/engine.ts";
import { createRegistry } from "../src/nodes/registry.ts";
import { standardErrorLogger } from "../src/observe/logger.ts";
import type { TurnCommit } from "../src/ports/journal.ts";
import type { Store } from "../src/ports/store.ts";
import { openSqliteStore } from "../src/storage/sqlite/open-sqlite-store.ts";
import { systemClock } from "../src/system/system-clock.ts";
import { systemIds } from "../src/system/system-ids.ts";
import { systemRandom } from "../src/system/system-random.ts";
import { type Child, freePort, startChild } from "./child.ts";
import { callJson } from "./http-json.ts";
import { hang } from "./lockstitch.config.ts";
import { NO_HTTP } from "./lockstitch.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CONTEXT = { tenant: "default", principal: "bench", trace: null };
const DEADLINE_MS = 120_000;
const COPIES_AT_ONCE = 1_000;

/** The kinds of open runs, and their share of all. */
const KINDS = [
  { name: "sleeping", uses: "wait.for", with: { duration: "30d" }, share: 0.6, is: "waiting" },
  { name: "signalled", uses: "wait.signal", with: { name: "go" }, share: 0.35, is: "waiting" },
  { name: "working", uses: "bench.hang", with: {}, share: 0.05, is: "running" },
] as const;

export interface OpenRuns {
  /** Until the first request was answered, from the start of the process. */
  readonly servingMs: number;
  /** Until all runs were loaded. */
  readonly loadedMs: number;
}

/** Fills the folder's store with so many open runs. */
export async function makeOpenRuns(folder: string, runs: number): Promise<void> {
  const logger = standardErrorLogger("error", (line) => line);
  const store = await openSqliteStore({ dataDir: join(folder, "open-runs"), logger });
  const engine = await openEmbeddedEngine({
    ...{ store, clock: systemClock, random: systemRandom, ids: systemIds(systemClock), logger },
    nodes: createRegistry([hang]),
    services: { fileRoot: null, http: NO_HTTP },
  });
  await fillWithOpenRuns(engine, store, runs);
  await engine.close(0);
  await store.close();
}

/** Runs of all kinds, owned by the store's opening; the engine drives one of each. */
export async function fillWithOpenRuns(engine: Engine, store: Store, runs: number): Promise<void> {
  for (const { name, uses, with: config, share, is } of KINDS) {
    const steps = [
      { id: "before", uses: "data.set", with: { value: { n: 1 } } },
      { id: "open", uses, with: config },
    ];
    await engine.saveWorkflow(CONTEXT, { language: 1, name, steps } as never);
    const { run } = await engine.start(CONTEXT, { workflow: name, id: `${name}-model` });
    await until(async () => (await engine.get(CONTEXT, run.id))?.status === is);
    await multiply(store, run.id, Math.round(runs * share) - 1);
  }
}

/** Of so many open runs those with an attempt under way. */
export function workingOf(runs: number): number {
  return Math.round(runs * KINDS[2].share);
}

/** Starts the server on it once, and kills it. Throws where it does not find every run. */
export async function measureOpenRuns(folder: string, runs: number): Promise<OpenRuns> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = await startServer(join(folder, "open-runs"), port);
  try {
    const servingMs = performance.now() - startedMs;
    const stats = async () => (await callJson(`${address}/api/v1/engine`, "GET")) as EngineStats;
    await until(async () => !(await stats()).recovering);
    const loadedMs = performance.now() - startedMs;
    const { openRuns, runningAttempts, queuedAttempts } = await stats();
    const working = workingOf(runs);
    if (openRuns !== runs || runningAttempts + queuedAttempts !== working)
      throw new Error(
        `${openRuns} of ${runs} open runs and ${runningAttempts + queuedAttempts} of ${working} attempts were found`,
      );
    return { servingMs, loadedMs };
  } finally {
    // As a crash would: attempts that are told to end would end their runs.
    process.kill(child.pid, "SIGKILL");
    await child.end();
  }
}

export interface EngineStats {
  readonly recovering: boolean;
  readonly openRuns: number;
  readonly runningAttempts: number;
  readonly queuedAttempts: number;
}

/** Resolves when it answers a call: what it prints comes only when all runs are loaded. */
function startServer(dataDir: string, port: number): Promise<Child> {
  const answers = () =>
    callJson(`http://127.0.0.1:${port}/api/v1/runs?limit=1`, "GET").then(
      () => true,
      () => false,
    );
  return startChild(
    process.execPath,
    [
      join(ROOT, "bin/lockstitch.js"),
      ...["start", "--json", "--port", String(port), "--data", dataDir],
      ...["--config", join(ROOT, "bench/lockstitch.config.ts")],
    ],
    { isReady: answers },
  );
}

/** Copies of a run as its journal has it. */
async function multiply({ journal, epoch }: Store, modelId: string, count: number): Promise<void> {
  const head = await journal.head(CONTEXT, modelId);
  if (head === null) throw new Error(`no run ${modelId}`);
  const turns = await journal.turns(CONTEXT, modelId, 0, 100);
  const events = JSON.stringify(turns.flatMap((turn) => JSON.parse(turn.events)));
  const { tenant, workflow, version, createdAtMs, labels, parentRunId, minReader } = head;
  const copyOf = (runId: string): TurnCommit => ({
    ...{ tenant, runId, epoch, status: head.status, startedAtMs: head.startedAtMs },
    create: {
      ...{ tenant, runId, workflow, version, createdAtMs, labels, parentRunId, minReader },
    },
    record: { runId, firstSeq: 1, lastSeq: head.seq, atMs: createdAtMs, events },
    ...{ endedAtMs: null, errorCode: null, sends: [], consumes: [] },
    ...{ startKey: null, checkpoint: null },
  });
  for (let from = 0; from < count; from += COPIES_AT_ONCE) {
    const length = Math.min(COPIES_AT_ONCE, count - from);
    const copies = Array.from({ length }, (_, at) => copyOf(`${workflow}-${from + at}`));
    await journal.commit(`${workflow}-${from}`, copies);
  }
}

export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + DEADLINE_MS;
  while (!(await isTrue())) {
    if (performance.now() > untilMs) throw new Error("the runs do not get where they should be");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
