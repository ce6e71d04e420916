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
 *   R4. While they are suspended none begins. Those under way are told to stop, and are reported lost
 *       unless they gave a result: their run may be somebody else's by now.
 *   R5. After `abandon` nothing is reported any more: what runs is found lost at the next start.
 */
import type { StepError } from "#errors/step-error.ts";
import type { AttemptOutcome, Input } from "#kernel/inputs.ts";
import { AttemptAbort } from "#nodes/attempt-abort.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { AdaptiveLimit } from "../admission/adaptive-limit.ts";
import type { AttemptRequest, AttemptRunner } from "./options.ts";
import { Patience } from "./patience.ts";

export interface AttemptId {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
}

/** One attempt from its start until it is forgotten and has ended. */
export interface UnderWay {
  readonly id: AttemptId;
  readonly abort: AttemptAbort;
  hasEnded: boolean;
  /** The node type, and when it was called by the monotonic clock; "" before that. */
  uses: string;
  calledAtMs: number;
  isReported: boolean;
  isForgotten: boolean;
  /**
   * It was told to stop because nothing may go on here: nobody has failed. `hostLived`: nor has it
   * held up its host.
   */
  lost: { readonly hostLived?: true } | null;
  cancelGrace: (() => void) | null;
}

/** See the kernel's input `heartbeat`. */
export type HeartbeatReport = Pick<
  Extract<Input, { readonly kind: "heartbeat" }>,
  "value" | "progress"
>;

/** null: its slot is others' by now, as with `isVoid`. */
type Prepared = AttemptRequest | StepError | null;
/** What to run; an error is the outcome. A promise where values must be loaded first. Never throws. */
export type Prepare = (abort: AttemptAbort) => Prepared | Promise<Prepared>;

interface AttemptsOptions {
  readonly runner: AttemptRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly graceMs: number;
  /** Is told of every end. */
  readonly limit: () => Pick<AdaptiveLimit, "ended">;
  /** Gives what happened to an attempt to its run. */
  readonly tell: (runKey: string, input: Input) => void;
}

const ABORTED: AttemptOutcome = {
  ok: false,
  error: { code: "aborted", message: "The attempt was told to stop.", retryable: false },
};
const SOON = Promise.resolve();

export class Attempts {
  /** For what must be read before an attempt can begin. */
  readonly patience: Patience;
  readonly #options: AttemptsOptions;
  /** Those that nobody has forgotten yet. */
  readonly #known = new Set<UnderWay>();
  /** Asked before each begins; false: it waits for resume(). */
  mayBegin: (() => boolean) | null = null;
  /** Whether the slot of one is others' by now: then it is lost before it has begun. null: slots are never lost. */
  isVoid: ((id: AttemptId) => boolean) | null = null;
  #isAbandoned = false;
  /** What is to begin when nothing is suspended any more; null: nothing is. */
  #held: (() => void)[] | null = null;
  #underWay = 0;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.patience = new Patience("values of attempts", options);
  }

  /** Nodes at work, those that were given up included. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Begins an attempt; nothing of it happens before the caller is done. */
  start(id: AttemptId, prepare: Prepare): UnderWay {
    const attempt: UnderWay = {
      id,
      abort: new AttemptAbort(),
      hasEnded: false,
      uses: "",
      calledAtMs: 0,
      isReported: false,
      isForgotten: false,
      lost: null,
      cancelGrace: null,
    };
    this.#known.add(attempt);
    this.#underWay++;
    if (this.#held === null) void SOON.then(() => this.#begin(attempt, prepare));
    else this.#held.push(() => this.#begin(attempt, prepare));
    return attempt;
  }

  /** Tells the attempt to stop; its outcome comes within the grace. Without one (null) it has ended. */
  abort(id: AttemptId, attempt: UnderWay | null): void {
    if (attempt === null) return this.#tellResult(id, ABORTED);
    if (attempt.isReported || attempt.cancelGrace !== null) return;
    attempt.cancelGrace = this.#options.clock.after(this.#options.graceMs, () => {
      attempt.cancelGrace = null;
      this.#report(attempt, ABORTED);
    });
    attempt.abort.abort();
  }

  /** The run no longer waits for it: settled, or nobody cares. */
  forget(attempt: UnderWay): void {
    attempt.isForgotten = true;
    this.#known.delete(attempt);
    attempt.cancelGrace?.();
    attempt.cancelGrace = null;
    if (!attempt.hasEnded) attempt.abort.abort();
  }

  /** R4. Idempotent. `hostLived`: what is under way here has not kept the host from its duties. */
  suspend(hostLived = false): void {
    if (this.#held !== null) return;
    this.#held = [];
    for (const attempt of this.#known) {
      // Who was told to stop before was so by its run.
      if (attempt.hasEnded || attempt.isReported || attempt.abort.isAborted) continue;
      attempt.lost = hostLived ? { hostLived } : {};
      this.abort(attempt.id, attempt);
    }
  }

  /** What was held back begins. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const begin of held) begin();
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
    this.patience.close();
    for (const attempt of this.#known) {
      attempt.cancelGrace?.();
      attempt.cancelGrace = null;
      attempt.abort.abort();
    }
  }

  #begin(attempt: UnderWay, prepare: Prepare): void {
    if (this.#isAbandoned) return this.#end(attempt, ABORTED);
    if (this.mayBegin !== null && this.#held === null && !this.mayBegin()) this.suspend();
    if (this.#held !== null) return void this.#held.push(() => this.#begin(attempt, prepare));
    if (this.isVoid?.(attempt.id) === true) return this.#endUnbegun(attempt);
    const failed = (error: unknown) => this.#end(attempt, failureOf(error));
    const prepared = prepare(attempt.abort);
    if (prepared instanceof Promise)
      prepared.then((loaded) => this.#run(attempt, loaded, failed), failed);
    else this.#run(attempt, prepared, failed);
  }

  #endUnbegun(attempt: UnderWay): void {
    attempt.lost = { hostLived: true };
    this.#end(attempt, ABORTED);
  }

  #run(attempt: UnderWay, request: Prepared, failed: (error: unknown) => void): void {
    if (request === null) return this.#endUnbegun(attempt);
    if ("code" in request) return this.#end(attempt, { ok: false, error: request });
    // While its input was loaded the process may have slept.
    if (this.mayBegin !== null && !this.mayBegin()) this.suspend();
    if (attempt.abort.isAborted) return this.#end(attempt, ABORTED);
    attempt.uses = request.uses;
    attempt.calledAtMs = this.#options.clock.monotonicMs();
    let running: Promise<AttemptOutcome>;
    try {
      running = this.#options.runner.run(request);
    } catch (error) {
      return failed(error);
    }
    running.then(
      (outcome) => {
        request.flush?.();
        this.#end(attempt, outcome);
      },
      (error: unknown) => {
        request.flush?.();
        failed(error);
      },
    );
  }

  /** Tells the run of a sign of life, unless nobody waits for the attempt any more. */
  beat(abort: AttemptAbort, id: AttemptId, beat: HeartbeatReport): void {
    if (this.#isAbandoned || abort.isAborted) return;
    const { runId, path, attempt } = id;
    this.#options.tell(runId, { kind: "heartbeat", path, attempt, ...beat });
  }

  #end(attempt: UnderWay, outcome: AttemptOutcome): void {
    attempt.hasEnded = true;
    if (attempt.uses !== "") this.#noteEnd(attempt);
    attempt.cancelGrace?.();
    attempt.cancelGrace = null;
    const isGivenUp = attempt.isReported || attempt.isForgotten;
    // What ends late without a result of its own says nothing new.
    if (!isGivenUp || outcome.ok || outcome.error.code !== "aborted") {
      attempt.isReported = false;
      this.#report(attempt, outcome);
    }
    this.#underWay--;
    if (this.#underWay > 0) return;
    this.#drained?.resolve();
    this.#drained = null;
  }

  #noteEnd({ uses, calledAtMs }: UnderWay): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#options.limit().ended(uses, nowMs - calledAtMs, { underWay: this.#underWay, nowMs });
  }

  #report(attempt: UnderWay, outcome: AttemptOutcome): void {
    if (attempt.isReported || this.#isAbandoned) return;
    attempt.isReported = true;
    const { runId, path, attempt: number } = attempt.id;
    if (attempt.lost !== null && !outcome.ok)
      this.#options.tell(runId, { kind: "lost", path, attempt: number, ...attempt.lost });
    else this.#tellResult(attempt.id, outcome);
  }

  #tellResult({ runId, path, attempt }: AttemptId, outcome: AttemptOutcome): void {
    this.#options.tell(runId, { kind: "result", path, attempt, outcome });
  }
}

function failureOf(error: unknown): AttemptOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, error: { code: "internal", message, retryable: true } };
}
