/**
 * Attempts under way: loads the input, runs the node, reports the outcome, stops what must stop.
 *
 *           start              outcome                 forget
 *   (none) -------> running -------------> reported -----------> (none)
 *                      | abort               ^
 *                      v                     | ends, or grace passes (`aborted`)
 *                   aborting ----------------+
 *
 *   R1. Every attempt is reported: with its outcome, or `aborted` when it outlives its grace.
 *   R2. An attempt that ends after it was given up is reported too; the kernel journals it as late.
 *   R3. Nothing that a node throws leaves this file.
 *   R4. After `abandon` nothing is reported any more: what runs is found lost at the next start.
 */
import type { StepError } from "#errors/step-error.ts";
import type { AttemptOutcome } from "#kernel/inputs.ts";
import type { Clock } from "#ports/clock.ts";
import type { AttemptRequest, AttemptRunner } from "./options.ts";

export interface AttemptId {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
}

interface Running {
  readonly id: AttemptId;
  readonly controller: AbortController;
  hasEnded: boolean;
  isReported: boolean;
  cancelGrace: (() => void) | null;
}

interface AttemptsOptions {
  readonly runner: AttemptRunner;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly report: (id: AttemptId, outcome: AttemptOutcome) => void;
}

const ABORTED: AttemptOutcome = {
  ok: false,
  error: { code: "aborted", message: "The attempt was told to stop.", retryable: false },
};

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #running = new Map<string, Running>();
  #isAbandoned = false;
  #underWay = 0;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Nodes at work, those that were given up included. */
  get underWay(): number {
    return this.#underWay;
  }

  has(id: AttemptId): boolean {
    return this.#running.has(keyOf(id));
  }

  /** Begins an attempt. `prepare` may wait for values; an error it answers is the outcome. */
  start(
    id: AttemptId,
    prepare: (signal: AbortSignal) => Promise<AttemptRequest | StepError>,
  ): void {
    const running: Running = {
      id,
      controller: new AbortController(),
      hasEnded: false,
      isReported: false,
      cancelGrace: null,
    };
    this.#running.set(keyOf(id), running);
    this.#underWay++;
    void this.#perform(running, prepare);
  }

  /** Tells the attempt to stop; its outcome comes within the grace. One that is not here has ended. */
  abort(id: AttemptId): void {
    const running = this.#running.get(keyOf(id));
    if (running === undefined) return this.#options.report(id, ABORTED);
    if (running.isReported || running.cancelGrace !== null) return;
    running.cancelGrace = this.#options.clock.after(this.#options.graceMs, () => {
      running.cancelGrace = null;
      this.#report(running, ABORTED);
    });
    running.controller.abort();
  }

  /** The run no longer waits for it: settled, or nobody cares. */
  forget(id: AttemptId): void {
    const running = this.#running.get(keyOf(id));
    if (running === undefined) return;
    this.#running.delete(keyOf(id));
    running.cancelGrace?.();
    running.cancelGrace = null;
    if (!running.hasEnded) running.controller.abort();
  }

  /** Resolves when no node is at work. */
  async drained(): Promise<void> {
    if (this.#underWay === 0) return;
    this.#drained ??= Promise.withResolvers<void>();
    await this.#drained.promise;
  }

  /** Aborts everything and reports nothing more. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const running of this.#running.values()) {
      running.cancelGrace?.();
      running.cancelGrace = null;
      running.controller.abort();
    }
  }

  async #perform(
    running: Running,
    prepare: (signal: AbortSignal) => Promise<AttemptRequest | StepError>,
  ): Promise<void> {
    const outcome = await this.#outcome(running, prepare);
    running.hasEnded = true;
    running.cancelGrace?.();
    running.cancelGrace = null;
    const isGivenUp = running.isReported || this.#running.get(keyOf(running.id)) !== running;
    // What ends late without a result of its own says nothing new.
    if (!isGivenUp || outcome.ok || outcome.error.code !== "aborted") {
      running.isReported = false;
      this.#report(running, outcome);
    }
    this.#underWay--;
    if (this.#underWay > 0) return;
    this.#drained?.resolve();
    this.#drained = null;
  }

  async #outcome(
    running: Running,
    prepare: (signal: AbortSignal) => Promise<AttemptRequest | StepError>,
  ): Promise<AttemptOutcome> {
    const { signal } = running.controller;
    try {
      const request = await prepare(signal);
      if ("code" in request) return { ok: false, error: request };
      if (signal.aborted) return ABORTED;
      return await this.#options.runner.run(request, signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, error: { code: "internal", message, retryable: true } };
    }
  }

  #report(running: Running, outcome: AttemptOutcome): void {
    if (running.isReported || this.#isAbandoned) return;
    running.isReported = true;
    this.#options.report(running.id, outcome);
  }
}

function keyOf({ runId, path, attempt }: AttemptId): string {
  return `${runId}\n${path}\n${attempt}`;
}
