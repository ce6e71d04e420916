/**
 * Lines that steps have logged, on their way to the store. A turn of a run carries all that its
 * attempts have said until then, so that the lines of an attempt are durable with its outcome; of
 * attempts that take long they are sent once a second, as commits of their own beside the turns of
 * others: no line costs a commit, and no step waits for one.
 *
 *   K1. A line stays here until a commit that holds it is known to be durable. It may be written
 *       twice, and is there once: its number names it (ports/step-logs.ts).
 *   K2. A turn carries also what is on its way already: whatever becomes of that commit, the lines
 *       of an attempt are there with its outcome.
 *   K3. What is held is bounded (HELD_MAX); beyond it a line is refused, and its attempt counts it.
 *   K4. Who follows a run's lines is told after they are durable, never before.
 */
import type { Redactor } from "#nodes/redactor.ts";
import type { Clock } from "#ports/clock.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { StepLogWrite } from "#ports/step-logs.ts";
import { AttemptLog } from "./attempt-log.ts";
import type { Committer, TurnOutcome } from "./committer.ts";
import type { EngineOptions } from "./options.ts";

const EVERY_MS = 1_000;
/** Of one commit: some 10 ms of the writer. */
const LINES_PER_COMMIT = 2_000;
/** Characters held by all runs: beyond the first they are sent at once, beyond the second refused. */
const SEND_AT = 4 * 1024 * 1024;
const HELD_MAX = 64 * 1024 * 1024;
/** What a line takes besides its text. */
const LINE_SIZE = 256;

interface RunLines {
  readonly key: string;
  readonly tenant: string;
  readonly runId: string;
  /** Not known to be durable, in order. */
  readonly lines: StepLogWrite[];
  /** How many were before the first of `lines`. */
  base: number;
  /** Whether a commit of its own is under way. */
  isSending: boolean;
}

/** The lines of a turn, and who must hear what became of it. */
export interface TakenLines {
  readonly lines: readonly StepLogWrite[];
  settle(outcome: TurnOutcome["kind"]): void;
}

interface KeeperOptions {
  readonly committer: Committer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Under which the run's lines are written. */
  readonly epochOf: (runKey: string) => number;
  /** Lines of the run are durable. */
  readonly tell: (runKey: string) => void;
}

export class StepLogKeeper {
  readonly #options: KeeperOptions;
  readonly #runs = new Map<string, RunLines>();
  #held = 0;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** `key` names the run among those of all tenants. */
  open(
    key: string,
    of: {
      readonly tenant: string;
      readonly runId: string;
      readonly path: string;
      readonly attempt: number;
    },
    redactor: Redactor | null,
  ): AttemptLog {
    const { clock } = this.#options;
    const { tenant, runId, path, attempt } = of;
    return new AttemptLog({
      ...{ path, attempt, redactor },
      nowMs: () => clock.nowMs(),
      keep: (line, must) => this.#keep({ key, tenant, runId }, line, must),
    });
  }

  /** Whether nothing waits, of any run. */
  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  /** What the next turn of the run is to carry; null: nothing. */
  take(key: string): TakenLines | null {
    const run = this.#runs.get(key);
    return run === undefined ? null : this.#taken(run, run.lines.length);
  }

  /** Sends what is there; nothing is taken any more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isClosed = true;
    for (const run of this.#runs.values()) this.#send(run, run.lines.length);
  }

  #keep(of: Omit<RunLines, "lines" | "base" | "isSending">, line: StepLogWrite, must: boolean) {
    const size = sizeOf(line);
    if (this.#isClosed || (!must && this.#held + size > HELD_MAX)) return false;
    let run = this.#runs.get(of.key);
    if (run === undefined) {
      run = { ...of, lines: [], base: 0, isSending: false };
      this.#runs.set(of.key, run);
    }
    run.lines.push(line);
    this.#held += size;
    this.#cancel ??= this.#options.clock.after(EVERY_MS, () => this.#sweep());
    if (this.#held > SEND_AT && !run.isSending) this.#send(run, LINES_PER_COMMIT);
    return true;
  }

  #sweep(): void {
    this.#cancel = null;
    for (const run of this.#runs.values()) if (!run.isSending) this.#send(run, LINES_PER_COMMIT);
  }

  #taken(run: RunLines, count: number): TakenLines {
    const upTo = run.base + Math.min(count, run.lines.length);
    return {
      lines: run.lines.slice(0, count),
      settle: (outcome) => {
        if (outcome === "committed") this.#drop(run, upTo, true);
        else this.#later();
      },
    };
  }

  /** In a commit of its own: nothing else happens to the run. */
  #send(run: RunLines, count: number): void {
    if (run.lines.length === 0) return;
    const { committer, epochOf } = this.#options;
    const taken = this.#taken(run, count);
    const upTo = run.base + taken.lines.length;
    run.isSending = true;
    committer.submit({
      commit: logCommit(run, epochOf(run.key), taken.lines),
      settle: (outcome) => {
        run.isSending = false;
        if (outcome.kind === "fenced" || outcome.kind === "rejected") this.#lose(run, upTo);
        else taken.settle(outcome.kind);
        if (run.lines.length >= LINES_PER_COMMIT && outcome.kind === "committed")
          this.#send(run, LINES_PER_COMMIT);
        else if (run.lines.length > 0) this.#later();
      },
    });
  }

  /** The run is gone, or somebody else's. */
  #lose(run: RunLines, upTo: number): void {
    const lines = upTo - run.base;
    if (lines > 0)
      this.#options.logger.warn({ run: run.key, lines }, "lines of a log cannot be stored");
    this.#drop(run, upTo, false);
  }

  #drop(run: RunLines, upTo: number, isDurable: boolean): void {
    const count = upTo - run.base;
    if (count > 0) {
      for (const line of run.lines.splice(0, count)) this.#held -= sizeOf(line);
      run.base = upTo;
    }
    if (run.lines.length === 0 && this.#runs.get(run.key) === run) this.#runs.delete(run.key);
    if (isDurable) this.#options.tell(run.key);
  }

  #later(): void {
    if (this.#isClosed || this.#runs.size === 0) return;
    this.#cancel ??= this.#options.clock.after(EVERY_MS, () => this.#sweep());
  }
}

export function keepStepLogs(
  { clock, logger }: Pick<EngineOptions, "clock" | "logger">,
  { committer, epochOf }: Pick<KeeperOptions, "committer" | "epochOf">,
  observers: { logged(runKey: string): void },
): StepLogKeeper {
  return new StepLogKeeper({
    ...{ committer, clock, logger, epochOf },
    tell: (runKey) => observers.logged(runKey),
  });
}

function sizeOf({ text, fields }: StepLogWrite): number {
  return LINE_SIZE + text.length + (fields?.length ?? 0);
}

function logCommit(
  { tenant, runId }: RunLines,
  epoch: number,
  logs: readonly StepLogWrite[],
): TurnCommit {
  return {
    ...{ tenant, runId, epoch, logs, create: null, record: null, sends: [], consumes: [] },
    // Of a commit without a record nobody reads these.
    ...{ status: "running", startedAtMs: null, endedAtMs: null, errorCode: null },
    ...{ startKey: null, checkpoint: null },
  };
}
