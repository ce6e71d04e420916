/**
 * One subscriber of events (run-events.ts): its queue, and what it was told.
 *
 *   take()            the next turn of the event loop        the listener's promise, or the slice is over
 *   idle -----> fresh ------------------------------> telling ----------------------> behind
 *     ^  turns as they are, their events counted         | all told                      | views, one by one
 *     +--------------------------------------------------+-------------------------------+
 *
 *   1. A commit costs an asynchronous subscriber a place in a list and a count. Views are made as they
 *      are told, so that they are garbage at once.
 *   2. Turns hold payloads: what is not told in the next turn of the event loop is kept as views,
 *      which hold none. `queueMax` bounds both.
 *   3. A listener that answers no promise is called for SLICE_MS at most before the event loop goes on.
 *   4. Told is in the order of take(), one call at a time.
 */
import { LockstitchError } from "#errors/errors.ts";
import { thrownText } from "#errors/thrown-text.ts";
import type { Logger } from "#ports/logger.ts";
import type {
  EventFilter,
  EventListener,
  EventSubscription,
  RunEventView,
  SubscribeOptions,
} from "../run-events.ts";
import type { RunSummary } from "../run-view.ts";
import { type EventFields, type EventMatcher, matcherOf } from "./event-filter.ts";
import type { CommittedTurn } from "./host-services.ts";
import { summaryOf } from "./run-views.ts";

const QUEUE_MAX = 10_000;
const SLICE_MS = 4;
/** Calls between two looks at the clock. */
const CALLS_A_LOOK = 16;

interface Subscription {
  readonly filter: EventFilter;
  readonly listener: EventListener;
  readonly options: SubscribeOptions;
}

export interface SubscriberHost {
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly closed: (subscriber: Subscriber) => void;
}

export class Subscriber implements EventSubscription {
  readonly #tenant: string;
  readonly #matcher: EventMatcher;
  readonly #listener: EventListener;
  readonly #host: SubscriberHost;
  readonly #queueMax: number;
  readonly #isSync: boolean;
  /** Fresh ones. */
  #turns: CommittedTurn[] = [];
  /** What it is behind with, and the next of them; while there are any, what comes joins them. */
  #views: RunEventView[] = [];
  #viewAt = 0;
  #isBehind = false;
  /** Until when the listener is called in this turn of the event loop. */
  #untilMs = 0;
  /** A drain is due, under way, or waits for the listener. */
  #isTelling = false;
  #isClosed = false;
  #waiting = 0;
  #told = 0;
  #dropped = 0;
  #failed = 0;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(tenant: string, { filter, listener, options }: Subscription, host: SubscriberHost) {
    this.#matcher = matcherOf(filter);
    this.#queueMax = queueMaxOf(options);
    this.#tenant = tenant;
    this.#listener = listener;
    this.#isSync = options.sync === true;
    this.#host = host;
  }

  get counts() {
    return {
      told: this.#told,
      waiting: this.#waiting,
      dropped: this.#dropped,
      failed: this.#failed,
    };
  }

  /** A committed turn; never throws. */
  take(turn: CommittedTurn): void {
    const { facts } = turn;
    if (this.#isClosed || facts.tenant !== this.#tenant) return;
    if (this.#matcher.run !== null && !this.#matcher.run(facts)) return;
    if (this.#isSync) return this.#tellNow(turn);
    if (this.#isBehind) return this.#keepViews(turn);
    const wanted = this.#countWanted(turn);
    if (wanted === 0) return;
    if (this.#waiting + wanted > this.#queueMax) {
      this.#fallBehind(this.#turns, { turn: 0, event: 0 });
      this.#turns = [];
      return this.#keepViews(turn);
    }
    this.#waiting += wanted;
    this.#turns.push(turn);
    this.#tellSoon();
  }

  async idle(): Promise<void> {
    if (!this.#isTelling) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#turns = [];
    this.#views = [];
    this.#viewAt = 0;
    this.#waiting = 0;
    this.#host.closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wants(event: EventFields): boolean {
    return this.#matcher.event === null || this.#matcher.event(event);
  }

  #countWanted({ events }: CommittedTurn): number {
    if (this.#matcher.event === null) return events.length;
    let count = 0;
    for (const event of events) if (this.#matcher.event(event as EventFields)) count++;
    return count;
  }

  /** Off the commit's turn: what a subscriber does delays no run's next step. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => this.#drain());
  }

  /** Makes no promise where the listener makes none. */
  #drain(): void {
    this.#untilMs = this.#host.nowMs() + SLICE_MS;
    if (!this.#tellFresh() || !this.#tellViews()) return;
    this.#isBehind = false;
    this.#isTelling = false;
    this.#idle?.resolve();
    this.#idle = null;
  }

  /** False: the rest is told later. */
  #tellFresh(): boolean {
    const turns = this.#turns;
    this.#turns = [];
    // What comes within a call of the listener is told behind these.
    this.#isBehind = true;
    for (let which = 0; which < turns.length; which++) {
      const turn = turns[which] as CommittedTurn;
      let run: RunSummary | null = null;
      for (let at = 0; at < turn.events.length; at++) {
        if (!this.#wants(turn.events[at] as EventFields)) continue;
        run ??= summaryOf(turn.facts);
        if (this.#tellOne(viewOf(turn, at, run))) continue;
        this.#fallBehind(turns, { turn: which, event: at + 1 });
        return false;
      }
    }
    return true;
  }

  /** False: the rest is told later. */
  #tellViews(): boolean {
    for (;;) {
      const view = this.#views[this.#viewAt];
      if (view === undefined) break;
      this.#viewAt++;
      if (this.#viewAt >= 1_024) {
        this.#views = this.#views.slice(this.#viewAt);
        this.#viewAt = 0;
      }
      if (!this.#tellOne(view)) return false;
    }
    if (this.#viewAt > 0) this.#views = [];
    this.#viewAt = 0;
    return true;
  }

  /** False: the next is due when the listener's promise has settled, or in the event loop's next turn. */
  #tellOne(event: RunEventView): boolean {
    if (this.#isClosed) return true;
    this.#waiting--;
    this.#told++;
    try {
      const answer = this.#listener(event);
      if (isPromise(answer)) {
        void this.#goOnAfter(answer, event);
        return false;
      }
    } catch (error) {
      this.#fault(event, error);
    }
    if (this.#told % CALLS_A_LOOK !== 0 || this.#host.nowMs() < this.#untilMs) return true;
    setImmediate(() => this.#drain());
    return false;
  }

  async #goOnAfter(answer: PromiseLike<unknown>, event: RunEventView): Promise<void> {
    await this.#watch(answer, event);
    this.#drain();
  }

  /** Turns, from an event on, become views, so that nothing holds their payloads. */
  #fallBehind(turns: readonly CommittedTurn[], from: { turn: number; event: number }): void {
    this.#isBehind = true;
    if (this.#isClosed) return;
    const views: RunEventView[] = [];
    for (let which = from.turn; which < turns.length; which++) {
      const turn = turns[which] as CommittedTurn;
      const run = summaryOf(turn.facts);
      for (let at = which === from.turn ? from.event : 0; at < turn.events.length; at++)
        if (this.#wants(turn.events[at] as EventFields)) views.push(viewOf(turn, at, run));
    }
    for (const view of this.#views) views.push(view);
    this.#views = views;
  }

  #keepViews(turn: CommittedTurn): void {
    let run: RunSummary | null = null;
    for (let at = 0; at < turn.events.length; at++) {
      if (!this.#wants(turn.events[at] as EventFields)) continue;
      if (this.#waiting >= this.#queueMax) {
        this.#drop(turn.facts.runId, turn.firstSeq + at);
        continue;
      }
      run ??= summaryOf(turn.facts);
      this.#waiting++;
      this.#views.push(viewOf(turn, at, run));
    }
    this.#tellSoon();
  }

  #tellNow(turn: CommittedTurn): void {
    let run: RunSummary | null = null;
    for (let at = 0; at < turn.events.length && !this.#isClosed; at++) {
      if (!this.#wants(turn.events[at] as EventFields)) continue;
      run ??= summaryOf(turn.facts);
      this.#call(viewOf(turn, at, run));
    }
  }

  #call(event: RunEventView): void {
    this.#told++;
    try {
      const answer = this.#listener(event);
      if (isPromise(answer)) void this.#watch(answer, event);
    } catch (error) {
      this.#fault(event, error);
    }
  }

  async #watch(answer: PromiseLike<unknown>, event: RunEventView): Promise<void> {
    try {
      await answer;
    } catch (error) {
      this.#fault(event, error);
    }
  }

  /** Said at the first one and at each doubling, so that the log is not the next thing that is full. */
  #drop(runId: string, seq: number): void {
    this.#dropped++;
    if (!isPowerOfTwo(this.#dropped)) return;
    const fields = { dropped: this.#dropped, queueMax: this.#queueMax, runId, seq };
    this.#host.logger.warn(fields, "a subscriber of events is too slow: events are dropped");
  }

  #fault({ runId, seq, type }: RunEventView, error: unknown): void {
    this.#failed++;
    if (!isPowerOfTwo(this.#failed)) return;
    const fields = { error: thrownText(error), failed: this.#failed, runId, seq, type };
    this.#host.logger.error(fields, "a subscriber of events failed");
  }
}

function viewOf(turn: CommittedTurn, at: number, run: RunSummary): RunEventView {
  const { type, path = null, attempt = null, error } = turn.events[at] as EventFields;
  return {
    runId: run.id,
    workflow: run.workflow,
    seq: turn.firstSeq + at,
    atMs: turn.atMs,
    type,
    path,
    attempt,
    errorCode: error === undefined ? null : error.code,
    run,
  };
}

/** Promises of other libraries too: each is waited for. */
function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === "object" && answer !== null && "then" in answer
    ? typeof answer.then === "function"
    : false;
}

function queueMaxOf({ queueMax = QUEUE_MAX }: SubscribeOptions): number {
  if (Number.isInteger(queueMax) && queueMax >= 1) return queueMax;
  throw new LockstitchError("request_invalid", "on(): queueMax is a whole number from 1 on.");
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
