/**
 * Loads test files once, in a thread, and runs their tests again and again, each time with another
 * mutant switched on. Starting a test runner afresh costs a second a mutant; this costs what the tests
 * cost that meet the mutant.
 *
 * 1. Tests run in the order of `cost`, cheap ones first, and stop at the first that fails.
 * 2. A test that failed under a mutant must pass without it, else the mutant has left something behind
 *    in a module: the answer says `poisoned`, and the thread must not be used again.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { WrittenTest } from "./surface.ts";

/** What a worker is started with. `mutant` is switched on while modules load (static mutants). */
export interface WorkerStart {
  readonly root: string;
  readonly files: readonly string[];
  /** Tests whose name matches this pattern do not take part. */
  readonly leaveOut: string;
  readonly mutant: string | null;
}

export type Order =
  | { readonly kind: "all" }
  | {
      readonly kind: "mutant";
      readonly mutant: string;
      /** Ids, in the order in which to run them. */
      readonly tests: readonly string[];
      readonly hitLimit: number | null;
    };

export interface TestEnd {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  /** Of processor time. */
  readonly tookMs: number;
  readonly failure: string | null;
}

export interface Answer {
  readonly tests: readonly TestEnd[];
  readonly hits: number;
  readonly poisoned: boolean;
  /** Of order "all": which mutants each test met. */
  readonly coverage: unknown;
}

/** What instrumented code reads and writes. */
interface Namespace {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: unknown;
}

const start = workerData as WorkerStart;
const SURFACE = new URL("./surface.ts", import.meta.url).href;
const namespace: Namespace = {};
Object.assign(globalThis, { __stryker__: namespace });
if (start.mutant !== null) namespace.activeMutant = start.mutant;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "vitest" && context.parentURL !== SURFACE
      ? { url: SURFACE, shortCircuit: true }
      : next(specifier, context),
});

const tests = new Map<string, WrittenTest>();
try {
  const surface = (await import(SURFACE)) as typeof import("./surface.ts");
  for (const file of start.files) {
    surface.beginFile(file);
    await import(pathToFileURL(`${start.root}/${file}`).href);
  }
  const leftOut = new RegExp(start.leaveOut);
  for (const test of surface.writtenTests()) if (!leftOut.test(test.name)) tests.set(test.id, test);
  parentPort?.postMessage({ ready: [...tests.keys()] });
} catch (fault) {
  // A static mutant that makes a module or a test file fail to load.
  parentPort?.postMessage({ failed: textOf(fault) });
}

parentPort?.on("message", async (order: Order) => {
  parentPort?.postMessage({
    answer: order.kind === "all" ? await runAll() : await runMutant(order),
  });
});

async function runAll(): Promise<Answer> {
  const ends: TestEnd[] = [];
  for (const test of tests.values()) {
    namespace.currentTestId = test.id;
    ends.push(await run(test));
    namespace.currentTestId = undefined;
  }
  return { tests: ends, hits: 0, poisoned: false, coverage: namespace.mutantCoverage };
}

async function runMutant(order: Order & { kind: "mutant" }): Promise<Answer> {
  const ends: TestEnd[] = [];
  let poisoned = false;
  namespace.hitCount = 0;
  namespace.hitLimit = order.hitLimit ?? Number.POSITIVE_INFINITY;
  for (const id of order.tests) {
    const test = tests.get(id);
    if (test === undefined) continue;
    namespace.activeMutant = order.mutant;
    const end = await run(test);
    if (start.mutant === null) namespace.activeMutant = undefined;
    ends.push(end);
    if (end.failure === null) continue;
    const hits = namespace.hitCount;
    if (start.mutant === null) poisoned = (await run(test)).failure !== null;
    return { tests: ends, hits, poisoned, coverage: null };
  }
  return { tests: ends, hits: namespace.hitCount, poisoned, coverage: null };
}

async function run(test: WrittenTest): Promise<TestEnd> {
  const { id, name, file } = test;
  const began = process.threadCpuUsage();
  let failure: string | null = null;
  try {
    await test.run();
  } catch (fault) {
    failure = textOf(fault);
  }
  return { id, name, file, tookMs: cpuMsSince(began), failure };
}

function cpuMsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1_000;
}

function textOf(fault: unknown): string {
  try {
    return fault instanceof Error
      ? `${fault.name}: ${fault.message}`.slice(0, 2_000)
      : String(fault);
  } catch {
    return "a fault that cannot be printed";
  }
}
