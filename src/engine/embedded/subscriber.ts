/** One subscriber of events (run-events.ts): its filter, its queue, what it was told. */
import { LockstitchError } from "#errors/errors.ts";
import type { Logger } from "#ports/logger.ts";
import { parsePath } from "#workflow/path.ts";
import type {
  EventFilter,
  EventListener,
  EventSubscription,
  RunEventView,
  SubscribeOptions,
} from "../run-events.ts";
import type { RunFacts } from "./run-facts.ts";

const QUEUE_MAX = 10_000;

/** Events after which a run or a step is in another state than before. */
const CHANGES: Readonly<Record<"run" | "step", ReadonlySet<string>>> = {
  run: new Set(
    ["queued", "started", "paused", "resumed", "cancel_requested", "succeeded"]
      .concat(["failed", "cancelled", "continued"])
      .map((what) => `run.${what}`),
  ),
  step: new Set(
    ["scheduled", "started", "waiting", "retry_scheduled", "lost", "resolved", "memo_hit"]
      .concat(["succeeded", "failed", "skipped", "blocked", "cancelled"])
      .map((what) => `step.${what}`),
  ),
};

type Accepts = (text: string) => boolean;

export class Subscriber implements EventSubscription {
  readonly tenant: string;
  readonly #filter: EventFilter;
  readonly #types: Accepts | null;
  readonly #workflows: Accepts | null;
  readonly #runs: Accepts | null;
  readonly #steps: ReadonlySet<string> | null;
  readonly #listener: EventListener;
  readonly #logger: Logger;
  readonly #queueMax: number;
  readonly #isSync: boolean;
  readonly #closed: (subscriber: Subscriber) => void;
  #queue: RunEventView[] = [];
  #at = 0;
  #isTelling = false;
  #isClosed = false;
  #told = 0;
  #dropped = 0;
  #failed = 0;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(
    tenant: string,
    given: {
      readonly filter: EventFilter;
      readonly listener: EventListener;
      readonly options: SubscribeOptions;
    },
    host: { readonly logger: Logger; readonly closed: (subscriber: Subscriber) => void },
  ) {
    const { filter, listener, options } = given;
    refuseUnknown(filter, options);
    this.tenant = tenant;
    this.#filter = filter;
    this.#types = patterns(filter.type);
    this.#workflows = names(filter.workflow);
    this.#runs = names(filter.runId);
    this.#steps = filter.step === undefined ? null : new Set([filter.step].flat());
    this.#listener = listener;
    this.#isSync = options.sync === true;
    this.#queueMax = options.queueMax ?? QUEUE_MAX;
    this.#logger = host.logger;
    this.#closed = host.closed;
  }

  get counts() {
    const waiting = this.#queue.length - this.#at;
    return { told: this.#told, waiting, dropped: this.#dropped, failed: this.#failed };
  }

  /** Whether anything of a turn of this run can be for it. */
  wantsRun({ workflow, runId, labels }: RunFacts): boolean {
    if (this.#workflows !== null && !this.#workflows(workflow)) return false;
    if (this.#runs !== null && !this.#runs(runId)) return false;
    const wanted = this.#filter.labels;
    if (wanted === undefined) return true;
    for (const name in wanted) if (labels[name] !== wanted[name]) return false;
    return true;
  }

  wantsEvent(type: string, path: string | null): boolean {
    const { changes } = this.#filter;
    if (changes !== undefined && !isChange(changes, type)) return false;
    if (this.#types !== null && !this.#types(type)) return false;
    if (this.#steps === null) return true;
    if (path === null) return false;
    return this.#steps.has(path) || this.#steps.has(parsePath(path)?.at(-1)?.id ?? "");
  }

  tell(event: RunEventView): void {
    if (this.#isClosed) return;
    if (this.#isSync) return this.#call(event);
    if (this.#queue.length - this.#at >= this.#queueMax) return this.#drop(event);
    this.#queue.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    // Off the commit's turn: what a subscriber does delays no run's next step.
    setImmediate(() => this.#drain());
  }

  async idle(): Promise<void> {
    if (!this.#isTelling) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#at = 0;
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Makes no promise where the listener makes none. */
  #drain(): void {
    for (let event = this.#next(); event !== null; event = this.#next()) {
      this.#told++;
      try {
        const answer = this.#listener(event);
        if (answer instanceof Promise) return void this.#goOnAfter(answer, event);
      } catch (error) {
        this.#fault(event, error);
      }
    }
    this.#isTelling = false;
    this.#idle?.resolve();
    this.#idle = null;
  }

  async #goOnAfter(answer: Promise<unknown>, event: RunEventView): Promise<void> {
    try {
      await answer;
    } catch (error) {
      this.#fault(event, error);
    }
    this.#drain();
  }

  #next(): RunEventView | null {
    const event = this.#queue[this.#at];
    if (event === undefined) {
      this.#queue = [];
      this.#at = 0;
      return null;
    }
    this.#at++;
    if (this.#at >= 1_024) {
      this.#queue = this.#queue.slice(this.#at);
      this.#at = 0;
    }
    return event;
  }

  #call(event: RunEventView): void {
    this.#told++;
    try {
      const answer = this.#listener(event);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#fault(event, error));
    } catch (error) {
      this.#fault(event, error);
    }
  }

  /** Said at the first one and at each doubling, so that the log is not the next thing that is full. */
  #drop({ runId, seq }: RunEventView): void {
    this.#dropped++;
    if (!isPowerOfTwo(this.#dropped)) return;
    const fields = { dropped: this.#dropped, queueMax: this.#queueMax, runId, seq };
    this.#logger.warn(fields, "a subscriber of events is too slow: events are dropped");
  }

  #fault({ runId, seq, type }: RunEventView, error: unknown): void {
    this.#failed++;
    if (!isPowerOfTwo(this.#failed)) return;
    const fields = { error: String(error), failed: this.#failed, runId, seq, type };
    this.#logger.error(fields, "a subscriber of events failed");
  }
}

function isChange(changes: "run" | "step" | "any", type: string): boolean {
  if (changes !== "any") return CHANGES[changes].has(type);
  return CHANGES.step.has(type) || CHANGES.run.has(type);
}

function names(wanted: string | readonly string[] | undefined): Accepts | null {
  if (wanted === undefined) return null;
  const all = new Set([wanted].flat());
  return (text) => all.has(text);
}

function patterns(wanted: string | readonly string[] | undefined): Accepts | null {
  if (wanted === undefined) return null;
  const all = [wanted].flat();
  const exact = new Set(all);
  const prefixes = all.filter((one) => one.endsWith(".*")).map((one) => one.slice(0, -1));
  return (text) => exact.has(text) || prefixes.some((prefix) => text.startsWith(prefix));
}

function refuseUnknown(filter: EventFilter, { queueMax = QUEUE_MAX }: SubscribeOptions): void {
  const known = ["workflow", "runId", "step", "type", "changes", "labels"];
  const stranger = Object.keys(filter).find((key) => !known.includes(key));
  const fault =
    stranger !== undefined
      ? `a filter has no ${stranger}; it has ${known.join(", ")}.`
      : !["run", "step", "any", undefined].includes(filter.changes)
        ? "changes is run, step or any."
        : !Number.isInteger(queueMax) || queueMax < 1
          ? "queueMax is a whole number from 1 on."
          : null;
  if (fault !== null) throw new LockstitchError("request_invalid", `on(): ${fault}`);
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
