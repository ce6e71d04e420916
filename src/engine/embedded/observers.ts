/**
 * Who watches: subscribers of one run, of all of a tenant's runs, and of filtered events
 * (subscriber.ts), called after each commit.
 *
 *   O1. Nobody is told of anything before it is durable.
 *   O2. A subscriber that throws harms nobody else.
 *   O3. Where nobody watches, a commit costs two looks at empty sets.
 */
import { thrownText } from "#errors/thrown-text.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Logger } from "#ports/logger.ts";
import type { RunSummary } from "../engine.ts";
import type { RunEvents } from "../run-events.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import type { RunFacts } from "./run-facts.ts";
import { summaryOf } from "./run-views.ts";
import { Subscriber } from "./subscriber.ts";

type RunListener = (turn: CommittedTurn | null) => void;

export class Observers {
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #byRun = new Map<string, Set<RunListener>>();
  readonly #logsByRun = new Map<string, Set<() => void>>();
  readonly #all = new Set<{ readonly tenant: string; readonly tell: (run: RunSummary) => void }>();

  /** Told of every run that somebody begins to watch. */
  onWatch: (runKey: string) => void = () => undefined;
  /** Another list whenever one comes or goes: who subscribes within a call changes none under way. */
  #subscribers: readonly Subscriber[] = [];

  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  /** Called with each committed turn of the run; with null when the engine closes. Returns unsubscribe. */
  watchRun(runKey: string, listener: RunListener): () => void {
    this.onWatch(runKey);
    return watch(this.#byRun, runKey, listener);
  }

  /** Called when lines that the run's steps logged have become durable. Returns unsubscribe. */
  watchLogs(runKey: string, listener: () => void): () => void {
    this.onWatch(runKey);
    return watch(this.#logsByRun, runKey, listener);
  }

  isWatched(runKey: string): boolean {
    return this.#byRun.has(runKey) || this.#logsByRun.has(runKey);
  }

  /** Something has happened to a run that another host drives; what, the journal says. */
  changedElsewhere(runKey: string, facts: RunFacts): void {
    const turn = { facts, events: [], firstSeq: facts.seq + 1, atMs: 0, hasBlobs: true };
    for (const listener of this.#byRun.get(runKey) ?? []) this.#guarded(() => listener(turn));
    this.logged(runKey);
  }

  logged(runKey: string): void {
    for (const listener of this.#logsByRun.get(runKey) ?? []) this.#guarded(listener);
  }

  watchAll(context: CallContext, tell: (run: RunSummary) => void): () => void {
    const observer = { tenant: context.tenant, tell };
    this.#all.add(observer);
    return () => this.#all.delete(observer);
  }

  readonly on: RunEvents["on"] = ({ tenant }, filter, listener, options = {}) => {
    const closed = (gone: Subscriber) => {
      this.#subscribers = this.#subscribers.filter((one) => one !== gone);
    };
    const host = { logger: this.#logger, nowMs: this.#nowMs, closed };
    const subscriber = new Subscriber(tenant, { filter, listener, options }, host);
    this.#subscribers = [...this.#subscribers, subscriber];
    return subscriber;
  };

  publish(turn: CommittedTurn): void {
    const { tenant, runId } = turn.facts;
    for (const listener of this.#byRun.get(runKeyOf(tenant, runId)) ?? [])
      this.#guarded(() => listener(turn));
    for (const subscriber of this.#subscribers) subscriber.take(turn);
    if (this.#all.size === 0) return;
    const summary = summaryOf(turn.facts);
    for (const observer of this.#all)
      if (observer.tenant === tenant) this.#guarded(() => observer.tell(summary));
  }

  close(): void {
    for (const listeners of this.#byRun.values())
      for (const listener of [...listeners]) this.#guarded(() => listener(null));
    this.#all.clear();
    for (const one of this.#subscribers) one.close();
  }

  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.error({ error: thrownText(error) }, "a subscriber failed");
    }
  }
}

function watch<Listener>(
  all: Map<string, Set<Listener>>,
  runKey: string,
  listener: Listener,
): () => void {
  let listeners = all.get(runKey);
  if (listeners === undefined) {
    listeners = new Set();
    all.set(runKey, listeners);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && all.get(runKey) === listeners) all.delete(runKey);
  };
}
