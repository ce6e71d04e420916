/**
 * Who watches: subscribers of one run and of all of a tenant's runs, called after each commit.
 *
 *   O1. Nobody is told of anything before it is durable.
 *   O2. A subscriber that throws harms nobody else.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { Logger } from "#ports/logger.ts";
import type { RunSummary } from "../engine.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import { summaryOf } from "./run-views.ts";

type RunListener = (turn: CommittedTurn | null) => void;

export class Observers {
  readonly #logger: Logger;
  readonly #byRun = new Map<string, Set<RunListener>>();
  readonly #logsByRun = new Map<string, Set<() => void>>();
  readonly #all = new Set<{ readonly tenant: string; readonly tell: (run: RunSummary) => void }>();

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

  publish(turn: CommittedTurn): void {
    const { tenant, runId } = turn.facts;
    for (const listener of this.#byRun.get(runKeyOf(tenant, runId)) ?? [])
      this.#guarded(() => listener(turn));
    if (this.#all.size === 0) return;
    const summary = summaryOf(turn.facts);
    for (const observer of this.#all)
      if (observer.tenant === tenant) this.#guarded(() => observer.tell(summary));
  }

  close(): void {
    for (const listeners of this.#byRun.values())
      for (const listener of [...listeners]) this.#guarded(() => listener(null));
    this.#all.clear();
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
