/**
 * A test runner for Stryker that keeps the tests loaded in a thread (worker.ts) and only switches
 * mutants on. Stryker still plans, limits, counts and reports.
 *
 * 1. Mutants that are met while modules load get a thread of their own, which loads with them on.
 * 2. A thread that was poisoned, hangs or dies is replaced; what a poisoned one said of a mutant is
 *    asked again of a fresh one.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { Worker } from "node:worker_threads";
import { commonTokens, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  TestStatus,
} from "@stryker-mutator/api/test-runner";
import { isInSample, mutantName } from "./sample.ts";
import type { Answer, Order, TestEnd, WorkerStart } from "./worker.ts";

const HEAP_MB_MAX = 1_024;

/**
 * What a thread may use up before it counts as one that never ends: this much, and so many times what
 * its tests took without a mutant. Processor time, since a busy machine gives little of it.
 */
const CPU_MS_MAX = 5_000;
const CPU_TIMES_MAX = 5;
const CHECKED_EVERY_MS = 500;

/** Where the dry run leaves what each test costs, for a process that Stryker starts later. */
const COSTS = "test-costs.json";

/**
 * All tests are asked about a static mutant (an entry of a table, mostly), but for those that take
 * more than this share of the time of all: they are the random ones, which meet what code does.
 */
const STATIC_SHARE_MAX = 0.02;

interface Options {
  readonly inProcess: {
    readonly tests: readonly string[];
    readonly leaveOut: string;
    readonly oneIn: number;
    /** A file with the names of mutants that need not be tried: they were killed before. */
    readonly killed: string;
  };
}

type Message =
  | { readonly ready: readonly string[] }
  | { readonly failed: string }
  | { readonly answer: Answer };

/** A thread that did not answer in time; it is over. */
class Hung extends Error {}

class LoadedTests {
  readonly #worker: Worker;
  readonly #loaded: Promise<string | null>;
  #give: ((message: Message) => void) | null = null;
  #fail: ((fault: Error) => void) | null = null;

  constructor({ tests, leaveOut }: Options["inProcess"], mutant: string | null) {
    const start: WorkerStart = { root: process.cwd(), files: tests, leaveOut, mutant };
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: start,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    this.#worker.on("message", (message: Message) => this.#give?.(message));
    this.#worker.on("error", (fault: Error) => this.#fail?.(fault));
    this.#worker.on("exit", () => this.#fail?.(new Hung("the thread ended")));
    this.#loaded = this.#next(CPU_MS_MAX * CPU_TIMES_MAX).then((message) =>
      "failed" in message ? message.failed : null,
    );
    this.#loaded.catch(() => {});
  }

  /** Null once all is loaded, else why it cannot be. */
  loaded(): Promise<string | null> {
    return this.#loaded;
  }

  async ask(order: Order, cpuMsMax: number): Promise<Answer> {
    this.#worker.postMessage(order);
    const message = await this.#next(cpuMsMax);
    if (!("answer" in message)) throw new Error("the thread answered what nobody asked");
    return message.answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(cpuMsMax: number): Promise<Message> {
    const answer = new Promise<Message>((resolve, reject) => {
      this.#give = resolve;
      this.#fail = reject;
    });
    const beganMs = await this.#cpuMs();
    const timer = setInterval(async () => {
      if ((await this.#cpuMs()) - beganMs > cpuMsMax)
        this.#fail?.(new Hung(`no answer in ${cpuMsMax} ms of processor time`));
    }, CHECKED_EVERY_MS);
    try {
      return await answer;
    } finally {
      clearInterval(timer);
    }
  }

  /** What the thread has used so far; 0 where it cannot say yet or any more. */
  async #cpuMs(): Promise<number> {
    try {
      const { user, system } = await this.#worker.cpuUsage();
      return (user + system) / 1_000;
    } catch {
      return 0;
    }
  }
}

export class InProcessRunner {
  static readonly inject = tokens(commonTokens.options);
  readonly #chosen: Options["inProcess"];
  #costs: ReadonlyMap<string, number> | null = null;
  #tests: LoadedTests | null = null;
  readonly #killed: ReadonlySet<string>;

  constructor(options: unknown) {
    this.#chosen = (options as Options).inProcess;
    this.#killed = new Set(JSON.parse(readFileSync(this.#chosen.killed, "utf8")) as string[]);
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun(): Promise<DryRunResult> {
    const tests = new LoadedTests(this.#chosen, null);
    const failed = await tests.loaded();
    if (failed !== null) return { status: DryRunStatus.Error, errorMessage: failed };
    const { tests: ends, coverage } = await tests.ask({ kind: "all" }, Number.POSITIVE_INFINITY);
    // What this thread has cached it has counted once; mutants get a thread that has not run yet.
    await tests.end();
    writeFileSync(COSTS, JSON.stringify(ends.map(({ id, tookMs }) => [id, tookMs])));
    return {
      status: DryRunStatus.Complete,
      tests: ends.map(resultOf),
      mutantCoverage: coverage as never,
    };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { oneIn } = this.#chosen;
    const file = relative(process.cwd(), options.sandboxFileName);
    // An error does not count, as if the mutant did not exist.
    if (!isInSample(file, options.activeMutant, oneIn))
      return { status: MutantRunStatus.Error, errorMessage: "not in the sample" };
    if (this.#killed.has(mutantName(file, options.activeMutant)))
      return killed("an earlier run", "it was killed before", 0);
    const isStatic = options.mutantActivation === "static";
    for (let attempt = 0; ; attempt++) {
      try {
        const tests = isStatic
          ? new LoadedTests(this.#chosen, options.activeMutant.id)
          : await this.#shared();
        const failed = await tests.loaded();
        if (failed !== null) return killed("loading", failed, 1);
        const order = this.#orderOf(options);
        const answer = await tests.ask(order, this.#cpuMsMax(order.tests));
        if (isStatic || answer.poisoned) await tests.end();
        if (answer.poisoned) {
          this.#tests = null;
          if (attempt === 0) continue;
        }
        return resultOfMutant(answer, options.hitLimit);
      } catch (fault) {
        await this.#tests?.end();
        this.#tests = null;
        return { status: MutantRunStatus.Timeout, reason: String(fault) };
      }
    }
  }

  async dispose(): Promise<void> {
    await this.#tests?.end();
  }

  async #shared(): Promise<LoadedTests> {
    this.#tests ??= new LoadedTests(this.#chosen, null);
    return this.#tests;
  }

  #orderOf({ testFilter, activeMutant, hitLimit }: MutantRunOptions) {
    const costs = this.#costsOfTests();
    const whole = sumOf([...costs.values()]);
    const quick = () => [...costs].filter(([, ms]) => ms <= whole * STATIC_SHARE_MAX);
    const ids = testFilter ?? quick().map(([id]) => id);
    const tests = ids.toSorted((a, b) => (costs.get(a) ?? 0) - (costs.get(b) ?? 0));
    return { kind: "mutant", mutant: activeMutant.id, tests, hitLimit: hitLimit ?? null } as const;
  }

  #cpuMsMax(tests: readonly string[]): number {
    const costs = this.#costsOfTests();
    return CPU_MS_MAX + CPU_TIMES_MAX * sumOf(tests.map((id) => costs.get(id) ?? 0));
  }

  #costsOfTests(): ReadonlyMap<string, number> {
    this.#costs ??= new Map(JSON.parse(readFileSync(COSTS, "utf8")) as [string, number][]);
    return this.#costs;
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function resultOf({ id, name, file, tookMs, failure }: TestEnd): TestResult {
  const shared = { id, name, fileName: file, timeSpentMs: tookMs };
  return failure === null
    ? { ...shared, status: TestStatus.Success }
    : { ...shared, status: TestStatus.Failed, failureMessage: failure };
}

function resultOfMutant({ tests, hits }: Answer, hitLimit: number | undefined): MutantRunResult {
  if (hitLimit !== undefined && hits > hitLimit)
    return { status: MutantRunStatus.Timeout, reason: `met more than ${hitLimit} times` };
  const last = tests.at(-1);
  if (last === undefined || last.failure === null)
    return { status: MutantRunStatus.Survived, nrOfTests: tests.length };
  return killed(last.id, last.failure, tests.length);
}

function killed(by: string, failureMessage: string, nrOfTests: number): MutantRunResult {
  return { status: MutantRunStatus.Killed, killedBy: [by], failureMessage, nrOfTests };
}

export const strykerPlugins = [
  { kind: PluginKind.TestRunner, name: "in-process", injectableClass: InProcessRunner },
];

/** Stryker asks each plug-in what options it reads. */
export const strykerValidationSchema = {
  properties: {
    inProcess: {
      type: "object",
      required: ["tests", "leaveOut", "oneIn", "killed"],
      properties: {
        tests: { type: "array", items: { type: "string" } },
        /** A pattern for names of tests. */
        leaveOut: { type: "string" },
        oneIn: { type: "integer", minimum: 1 },
        killed: { type: "string" },
      },
    },
  },
};
