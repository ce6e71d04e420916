/**
 * Who watches: subscribers of one run, of all of a tenant's runs, and of filtered events
 * (subscriber.ts), called after each commit.
 *
 *   O1. Nobody is told of anything before it is durable.
 *   O2. A subscriber that throws harms nobody else.
 *   O3. Where nobody watches, a commit costs two looks at empty sets.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { Logger } from "#ports/logger.ts";
import type { RunSummary } from "../engine.ts";
import type { RunEvents, RunEventView } from "../run-events.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import { summaryOf } from "./run-views.ts";
import { Subscriber } from "./subscriber.ts";

/** What of an event is told, whatever its type. */
interface EventFields {
  readonly type: string;
  readonly path?: string;
  readonly attempt?: number;
  readonly error?: { readonly code: string };
}

type RunListener = (turn: CommittedTurn | null) => void;

export class Observers {
  readonly #logger: Logger;
  readonly #byRun = new Map<string, Set<RunListener>>();
  readonly #logsByRun = new Map<string, Set<() => void>>();
  readonly #all = new Set<{ readonly tenant: string; readonly tell: (run: RunSummary) => void }>();

  readonly #subscribers = new Set<Subscriber>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Called with each committed turn of the run; with null when the engine closes. Returns unsubscribe. */
  watchRun(runKey: string, listener: RunListener): () => void {
    return watch(this.#byRun, runKey, listener);
  }

  /** Called when lines that the run's steps logged have become durable. Returns unsubscribe. */
  watchLogs(runKey: string, listener: () => void): () => void {
    return watch(this.#logsByRun, runKey, listener);
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
    const closed = (one: Subscriber) => this.#subscribers.delete(one);
    const host = { logger: this.#logger, closed };
    const subscriber = new Subscriber(tenant, { filter, listener, options }, host);
    this.#subscribers.add(subscriber);
    return subscriber;
  };

  publish(turn: CommittedTurn): void {
    const { tenant, runId } = turn.facts;
    for (const listener of this.#byRun.get(runKeyOf(tenant, runId)) ?? [])
      this.#guarded(() => listener(turn));
    if (this.#subscribers.size > 0) this.#tellEvents(turn);
    if (this.#all.size === 0) return;
    const summary = summaryOf(turn.facts);
    for (const observer of this.#all)
      if (observer.tenant === tenant) this.#guarded(() => observer.tell(summary));
  }

  /** The view of an event is made once, and only where somebody wants it. */
  #tellEvents({ facts, events, firstSeq, atMs }: CommittedTurn): void {
    const { tenant, runId, workflow } = facts;
    const wanting: Subscriber[] = [];
    for (const one of this.#subscribers)
      if (one.tenant === tenant && one.wantsRun(facts)) wanting.push(one);
    if (wanting.length === 0) return;
    let run: RunSummary | null = null;
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as EventFields;
      const { type, path = null, attempt = null } = event;
      let view: RunEventView | null = null;
      for (const one of wanting) {
        if (!one.wantsEvent(type, path)) continue;
        run ??= summaryOf(facts);
        const errorCode = event.error?.code ?? null;
        const seq = firstSeq + at;
        view ??= { runId, workflow, seq, atMs, type, path, attempt, errorCode, run };
        one.tell(view);
      }
    }
  }

  close(): void {
    for (const listeners of this.#byRun.values())
      for (const listener of [...listeners]) this.#guarded(() => listener(null));
    this.#all.clear();
    for (const one of [...this.#subscribers]) one.close();
  }

  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.error({ error: String(error) }, "a subscriber failed");
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
