/**
 * An embedded engine on simulated time and a simulated disk, for tests: `reopen` is a process that
 * dies and starts again. Effect nodes of tests are plain functions given by name.
 */

import { z } from "zod";
import { openEmbeddedEngine } from "#engine/embedded/open.ts";
import type {
  AttemptRequest,
  AttemptRunner,
  EngineLimits,
  EngineOptions,
} from "#engine/embedded/options.ts";
import type { Engine, RunView } from "#engine/engine.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import { runState } from "#nodes/attempt.ts";
import { defineNode, type NodeContext } from "#nodes/define-node.ts";
import type { ChainOptions } from "#nodes/middleware.ts";
import { createRegistry } from "#nodes/registry.ts";
import type { StreamReader } from "#nodes/stream/stream-items.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Meter } from "#ports/meter.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { SimulatedClock } from "../simulation/simulated-clock.ts";
import { SimulatedDisk, type StoreFaults } from "../simulation/simulated-store.ts";

export type Work = (request: AttemptRequest, signal: AbortSignal) => Promise<unknown>;

/** `test.work` with `{ do: name, ... }` performs the function of that name. */
const testWork = defineNode({
  type: "test.work",
  title: "Test work",
  description: "Performs what the test says.",
  category: "user",
  icon: "circle",
  pure: false,
  config: z.looseObject({ do: z.string() }),
  output: z.unknown(),
  run: async () => null,
});

export const nodes = createRegistry([testWork]);

/** The same types, with a node that performs the work itself. */
function workingNodes(table: Readonly<Record<string, Work>>) {
  const runEffect = async (config: unknown, given: NodeContext) => {
    const request = { ...given, config, signal: given.signal } as AttemptRequest;
    return (await table[(config as { do: string }).do]?.(request, given.signal)) ?? null;
  };
  return createRegistry([{ ...testWork, runEffect }]);
}

export const context = LOCAL_CONTEXT;

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface Bench extends AsyncDisposable {
  readonly clock: SimulatedClock;
  readonly disk: SimulatedDisk;
  readonly logs: LogLine[];
  /** Every attempt that was performed, in order. */
  readonly attempts: AttemptRequest[];
  engine: Engine;
  store: Store;
  /** Kills the engine as kill -9 does, and opens another on the same disk. */
  crash(): Promise<Engine>;
  /** Saves, starts, and moves time until the run has ended or waits for what time does not bring. */
  run(definition: WorkflowDefinition, input?: unknown): Promise<RunView>;
  settle(runId: string): Promise<RunView>;
}

/** A step that performs `work[name]`. */
export function work(id: string, name: string, more: Record<string, unknown> = {}) {
  const { with: config = {}, ...rest } = more;
  return { id, uses: "test.work", with: { do: name, ...(config as object) }, ...rest };
}

export function workflow(name: string, more: Record<string, unknown>): WorkflowDefinition {
  return { language: 1, name, ...more } as unknown as WorkflowDefinition;
}

export async function openBench(
  options: {
    readonly work?: Readonly<Record<string, Work>>;
    readonly faults?: StoreFaults;
    readonly limits?: Partial<EngineLimits>;
    readonly admission?: EngineOptions["admission"];
    readonly secrets?: Secrets;
    readonly meter?: Meter;
    readonly loopDelayMs?: () => number;
    readonly optimise?: boolean;
    /** Attempts pass the production runner and this chain; `work` is called by the node itself. */
    readonly chain?: ChainOptions;
    readonly streams?: StreamReader;
  } = {},
): Promise<Bench> {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock, options.faults ?? {});
  const logs: LogLine[] = [];
  const attempts: AttemptRequest[] = [];
  const log = (level: string) => (fields: LogLine["fields"], message: string) =>
    void logs.push({ level, fields, message });
  const logger = {
    debug: () => {},
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
  };
  let generation = 0;
  let lastId = 0;
  const open = (store: Store): Promise<Engine> => {
    const mine = ++generation;
    const runner: AttemptRunner = {
      async run(request): Promise<AttemptOutcome> {
        attempts.push(request);
        const outcome = await perform(options.work ?? {}, request, request.signal);
        // A dead process reports nothing.
        if (mine !== generation) return new Promise(() => {});
        return outcome;
      },
    };
    return openEmbeddedEngine({
      ...{ store, clock, logger },
      ...(options.chain === undefined
        ? { nodes, runner }
        : { nodes: workingNodes(options.work ?? {}), chain: options.chain }),
      random: { next: () => 0.5 },
      ids: {
        runId: () => `run_${String(++lastId).padStart(6, "0")}`,
        commitId: () => `commit_${++lastId}`,
      },
      services: {
        fileRoot: null,
        http: {
          ...{ allowPrivate: false, allowCidrs: [], allowHosts: [], denyHosts: [] },
          ...{ redirectsMax: 0, responseBytesMax: 0, timeoutMs: 0, callsPerRunMax: 0 },
        },
      },
      computer: {
        compute: async (uses, config) => {
          const definition = nodes.definition(uses);
          if (definition?.runPure == null) throw new Error(uses);
          return { ok: true, output: definition.runPure(definition.config.parse(config)) };
        },
        close: async () => {},
      },
      defer: (deferred) => queueMicrotask(deferred),
      limits: options.limits ?? {},
      admission: options.admission ?? {},
      ...(options.optimise === undefined ? {} : { optimise: options.optimise }),
      ...(options.meter === undefined ? {} : { meter: options.meter }),
      ...(options.loopDelayMs === undefined ? {} : { loopDelayMs: options.loopDelayMs }),
      ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
      ...(options.streams === undefined ? {} : { streams: options.streams }),
    });
  };
  const store = disk.open();
  const bench: Bench = {
    ...{ clock, disk, logs, attempts, store },
    engine: await driven(clock, open(store)),
    async crash() {
      disk.crash();
      bench.store = disk.open();
      bench.engine = await driven(clock, open(bench.store));
      return bench.engine;
    },
    async run(definition, input) {
      const request = { workflow: definition, input };
      const { run } = await driven(clock, bench.engine.start(context, request));
      return bench.settle(run.id);
    },
    async settle(runId) {
      await clock.runUntilIdle();
      const run = await driven(clock, bench.engine.get(context, runId));
      if (run === null) throw new Error(`no run ${runId}`);
      return run;
    },
    async [Symbol.asyncDispose]() {
      await driven(clock, bench.engine.close(0));
      await driven(clock, bench.store.close());
    },
  };
  return bench;
}

export async function perform(
  table: Readonly<Record<string, Work>>,
  request: AttemptRequest,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const definition = nodes.definition(request.uses);
  if (definition !== undefined && definition.operation !== null)
    return await runState(definition, request.config, request, request.abort);
  const name = (request.config as { do?: string }).do ?? request.uses;
  const perform = table[name];
  if (perform === undefined) throw new Error(`the test has no work ${name}`);
  try {
    const output = await perform(request, signal);
    return { ok: true, output: output ?? null };
  } catch (error) {
    const { code = "internal", retryable = true } = error as { code?: string; retryable?: boolean };
    return { ok: false, error: { code, message: (error as Error).message, retryable } };
  }
}

/** Waits for a promise while simulated time moves only as far as it must. */
export async function driven<Value>(
  clock: SimulatedClock,
  promise: Promise<Value>,
): Promise<Value> {
  let isDone = false;
  const watched = promise.finally(() => {
    isDone = true;
  });
  watched.catch(() => {});
  for (let steps = 0; !isDone; steps++) {
    await clock.settle();
    if (isDone) break;
    if (!clock.wakeNext() && steps > 1_000) throw new Error("nothing moves and nothing is armed");
  }
  return watched;
}
