/**
 * Computes pure steps whose input is too large for a turn, or whose type has held up one: built-in
 * types in one worker thread, started when first needed. A user's own types exist only in the
 * thread that loaded them: those are computed here, between turns, and reported once.
 *
 *   W1. Every computation answers; when the thread dies, what it had is computed here, and what can be
 *       computed nowhere is a failed step.
 *   W2. A FarConfig is evaluated in the thread, which is sent the bytes of its large values, each once.
 *   W3. A large output of the thread comes as PackedJson: it is never an object here until it is read.
 *   W4. A large value that a step only hands on is its output itself: nobody copies or reads it.
 *   W5. At its deadline a computation is over. Where the thread is at work on it, a new thread goes on
 *       with what is left. What is computed here cannot be cut off, only found late.
 */
import { hash } from "node:crypto";
import { Worker } from "node:worker_threads";
import {
  evaluateFar,
  FarConfig,
  type FarParts,
  type FarPlace,
  handedOn,
  replacePacked,
} from "#kernel/far-config.ts";
import type { ComputedOutcome } from "#kernel/inputs.ts";
import { guarded } from "#kernel/outcome.ts";
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { createRegistry, type NodeRegistry } from "#nodes/registry.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PACKED_BYTES_MIN, PackedJson } from "#workflow/packed-json.ts";
import { unpacked } from "./event-blobs.ts";
import { KeptValues } from "./kept-values.ts";
import type { PureComputer } from "./options.ts";

const WORKER_URL = new URL("./pure-worker.ts", import.meta.url);

/** What the thread answers; no outcome: only the main thread may have the type. */
export type PureAnswer =
  | { readonly outcome: ComputedOutcome | null }
  | { readonly packed: { readonly content: Uint8Array; readonly hash: string } };

/** What the thread is sent; `far`: the configuration is to be evaluated there. */
export interface PureRequest {
  readonly id: number;
  readonly uses: string;
  readonly config: unknown;
  readonly far: {
    readonly parts: FarParts;
    readonly values: readonly FarValue[];
  } | null;
}

/** A large value and where it belongs; null: the thread has its bytes. */
interface FarValue {
  readonly at: FarPlace;
  readonly hash: string;
  readonly bytes: number;
  readonly content: Uint8Array<ArrayBuffer> | null;
}

interface Job {
  readonly uses: string;
  readonly config: unknown;
  readonly deadlineAtMs: number | null;
  /** Answered; the thread may be at work on it still. */
  isOver: boolean;
  unwatch: (() => void) | null;
  resolve(outcome: ComputedOutcome): void;
}

/** The kernel says which step, and which deadline. */
const LATE: ComputedOutcome = {
  ...{ ok: false, isLate: true },
  error: { code: "deadline_exceeded", message: "It was not computed in time.", retryable: false },
};

/** Runs a built-in or a user's type on what may be a FarConfig. */
export function computePure(definition: NodeDefinition, config: unknown): ComputedOutcome {
  if (!(config instanceof FarConfig)) return runPure(definition, config);
  const evaluated = guarded(() => evaluateFar(replacePacked(config.parts, unpacked)));
  return evaluated.ok ? runPure(definition, evaluated.value) : { ...evaluated, isFaulty: true };
}

/** The bytes of an output's JSON with their hash; null: it is small, and stays what it is. */
export function packLarge(output: unknown): { content: Uint8Array; hash: string } | null {
  if (jsonSizeUpTo(output, PACKED_BYTES_MIN) <= PACKED_BYTES_MIN) return null;
  const content = new TextEncoder().encode(JSON.stringify(output));
  // The estimate counts small numbers as more than they are.
  if (content.byteLength <= PACKED_BYTES_MIN) return null;
  return { content, hash: hash("sha256", content) };
}

export function pureComputer(nodes: NodeRegistry, logger: Logger, clock: Clock): PureComputer {
  const thread = new ThreadComputer(nodes, logger, clock);
  return {
    compute: (uses, config, deadlineAtMs) => thread.compute(uses, config, deadlineAtMs),
    computesFar: (uses) => thread.computesFar(uses),
    close: () => thread.close(),
  };
}

class ThreadComputer {
  readonly #nodes: NodeRegistry;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** In the order in which the thread works them off: it is at the first one, or about to be. */
  readonly #jobs = new Map<number, Job>();
  readonly #reported = new Set<string>();
  #lastId = 0;
  #worker: Worker | null = null;
  #kept = new KeptValues<true>();
  #builtIn: ReadonlySet<string> | null = null;

  constructor(nodes: NodeRegistry, logger: Logger, clock: Clock) {
    this.#nodes = nodes;
    this.#logger = logger;
    this.#clock = clock;
  }

  compute(
    uses: string,
    config: unknown,
    deadlineAtMs: number | null = null,
  ): Promise<ComputedOutcome> {
    return new Promise((resolve) => {
      const field = this.#nodes.definition(uses)?.handsOn ?? null;
      const same = field !== null && config instanceof FarConfig ? handedOn(config, field) : null;
      if (same !== null) return resolve({ ok: true, output: same });
      const job: Job = { uses, config, deadlineAtMs, isOver: false, unwatch: null, resolve };
      if (deadlineAtMs !== null) this.#watch(job, deadlineAtMs);
      this.#send(++this.#lastId, job);
    });
  }

  computesFar(uses: string): boolean {
    this.#builtIn ??= new Set(createRegistry().names());
    return this.#builtIn.has(uses);
  }

  async close(): Promise<void> {
    const closing = this.#worker;
    this.#worker = null;
    for (const { unwatch } of this.#jobs.values()) unwatch?.();
    this.#jobs.clear();
    await closing?.terminate();
  }

  #send(id: number, job: Job): void {
    const { uses, config } = job;
    this.#worker ??= this.#open();
    this.#jobs.set(id, job);
    try {
      if (config instanceof FarConfig) sendFar(this.#worker, { id, uses, far: config }, this.#kept);
      else this.#worker.postMessage({ id, uses, config, far: null } satisfies PureRequest);
    } catch {
      // What cannot be copied to another thread.
      this.#jobs.delete(id);
      this.#computeHere(job);
    }
  }

  #open(): Worker {
    const opened = new Worker(WORKER_URL);
    this.#kept = new KeptValues();
    opened.unref();
    opened.on("message", (answer: PureAnswer & { readonly id: number }) => {
      if (this.#worker !== opened) return;
      const job = this.#jobs.get(answer.id);
      this.#jobs.delete(answer.id);
      if (job !== undefined) this.#take(job, answer);
      this.#cutOff();
    });
    const abandon = () => {
      if (this.#worker !== opened) return;
      this.#worker = null;
      const left = [...this.#jobs.values()];
      this.#jobs.clear();
      for (const job of left) this.#computeHere(job);
    };
    opened.on("error", (error) => {
      this.#logger.error({ error: error.message }, "the thread of pure steps failed");
      abandon();
    });
    opened.on("exit", abandon);
    return opened;
  }

  #take(job: Job, answer: PureAnswer): void {
    if ("packed" in answer) {
      const { content, hash } = answer.packed;
      return this.#finish(job, { ok: true, output: new PackedJson(content, hash) });
    }
    if (answer.outcome !== null) return this.#finish(job, answer.outcome);
    if (!this.#reported.has(job.uses)) {
      this.#reported.add(job.uses);
      this.#logger.warn(
        { uses: job.uses },
        "a user's pure node is slow or has a large input; it runs on the main thread, between turns",
      );
    }
    this.#computeHere(job);
  }

  #computeHere(job: Job): void {
    if (!job.isOver) this.#finish(job, computed(this.#nodes, this.#logger, job));
  }

  #finish(job: Job, outcome: ComputedOutcome): void {
    if (job.isOver) return;
    job.isOver = true;
    job.unwatch?.();
    const isLate = job.deadlineAtMs !== null && this.#clock.nowMs() >= job.deadlineAtMs;
    job.resolve(isLate ? LATE : outcome);
  }

  /** W5. */
  #watch(job: Job, deadlineAtMs: number): void {
    const delayMs = Math.max(0, deadlineAtMs - this.#clock.nowMs());
    job.unwatch = this.#clock.after(delayMs, () => {
      // The clock wakes early for what is far away.
      if (this.#clock.nowMs() < deadlineAtMs) return this.#watch(job, deadlineAtMs);
      this.#finish(job, LATE);
      this.#cutOff();
    });
  }

  /** Goes on in a new thread where this one is at work on what nobody waits for. */
  #cutOff(): void {
    const [first] = this.#jobs.values();
    if (first?.isOver !== true) return;
    const stuck = this.#worker;
    this.#worker = null;
    const left = [...this.#jobs].filter(([, { isOver }]) => !isOver);
    this.#jobs.clear();
    void stuck?.terminate();
    for (const [id, job] of left) this.#send(id, job);
  }
}

/** Computes it in this thread. Never throws. */
function computed(
  nodes: NodeRegistry,
  logger: Logger,
  { uses, config }: Pick<Job, "uses" | "config">,
): ComputedOutcome {
  const definition = nodes.definition(uses);
  if (definition === undefined) {
    const message = `This host has no node type ${uses}.`;
    return { ok: false, error: { code: "unknown_node_type", message, retryable: false } };
  }
  try {
    return computePure(definition, config);
  } catch (error) {
    // Of a fault of ours: it must not end the process, which would meet it again after each start.
    const { message, stack } = error as Error;
    logger.error({ uses, stack }, "a pure step cannot be computed");
    return { ok: false, isFaulty: true, error: { code: "internal", message, retryable: false } };
  }
}

function sendFar(
  worker: Worker,
  { id, uses, far }: { readonly id: number; readonly uses: string; readonly far: FarConfig },
  kept: KeptValues<true>,
): void {
  const values: FarValue[] = [];
  const parts = replacePacked(far.parts, ({ content, hash }, at) => {
    let isNew = false;
    kept.use(hash, content.byteLength, () => (isNew = true));
    const bytes = isNew ? new Uint8Array(content) : null;
    values.push({ at, hash, bytes: content.byteLength, content: bytes });
    return null;
  });
  const request: PureRequest = { id, uses, config: null, far: { parts, values } };
  worker.postMessage(
    request,
    values.flatMap(({ content }) => (content === null ? [] : [content.buffer])),
  );
}
