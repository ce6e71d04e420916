/**
 * Tells who watches a run that another host drives: its row is looked at while somebody watches,
 * often at first and less often the longer nothing happens. What happened is read from the journal
 * by the watcher.
 */
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { EngineCore } from "../embedded/engine-core.ts";
import { engineContext, factsOf, isTerminal } from "../embedded/run-facts.ts";

const LOOK_MS_FIRST = 20;
const LOOK_MS_MAX = 1_000;

interface Watched {
  readonly tenant: string;
  readonly runId: string;
  /** Of the last look; -1: none yet. */
  seq: number;
  lookMs: number;
  nextMs: number;
}

interface WatchedRunsOptions {
  readonly core: EngineCore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class WatchedRuns {
  readonly #options: WatchedRunsOptions;
  readonly #runs = new Map<string, Watched>();
  #cancel: (() => void) | null = null;
  /** When the next look is due. */
  #armedMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: WatchedRunsOptions) {
    this.#options = options;
    options.core.observers.onWatch = (runKey) => this.#watch(runKey);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#runs.clear();
  }

  #watch(runKey: string): void {
    if (this.#isClosed || this.#runs.has(runKey)) return;
    const slash = runKey.indexOf("/");
    const tenant = slash < 0 ? "default" : runKey.slice(0, slash);
    const nextMs = this.#options.clock.monotonicMs() + LOOK_MS_FIRST;
    const runId = runKey.slice(slash + 1);
    this.#runs.set(runKey, { tenant, runId, seq: -1, lookMs: LOOK_MS_FIRST, nextMs });
    // Every call that waits for a run comes here: most find a look that is due before.
    if (nextMs < this.#armedMs) this.#arm();
  }

  #arm(): void {
    this.#cancel?.();
    this.#armedMs = Number.POSITIVE_INFINITY;
    if (this.#isClosed || this.#runs.size === 0) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const run of this.#runs.values()) nextMs = Math.min(nextMs, run.nextMs);
    const { clock } = this.#options;
    this.#armedMs = nextMs;
    const afterMs = Math.max(0, nextMs - clock.monotonicMs());
    this.#cancel = clock.after(afterMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { core, clock } = this.#options;
    for (const [runKey, run] of [...this.#runs]) {
      if (!core.observers.isWatched(runKey)) this.#runs.delete(runKey);
      else if (run.nextMs <= clock.monotonicMs()) {
        // Runs in memory tell by themselves.
        const isNew = core.host(runKey) === undefined && (await this.#lookAt(runKey, run));
        run.lookMs = isNew ? LOOK_MS_FIRST : Math.min(run.lookMs * 1.5, LOOK_MS_MAX);
        run.nextMs = clock.monotonicMs() + run.lookMs;
      }
    }
    this.#arm();
  }

  /** Whether something has happened. Never rejects. */
  async #lookAt(runKey: string, run: Watched): Promise<boolean> {
    const { core, logger } = this.#options;
    try {
      const { journal } = core.options.store;
      const head = await journal.head(engineContext(run.tenant), run.runId);
      if (head === null || head.seq === run.seq) return false;
      run.seq = head.seq;
      core.observers.changedElsewhere(runKey, factsOf(head));
      if (isTerminal(head.status)) this.#runs.delete(runKey);
      return true;
    } catch (error) {
      logger.warn({ run: run.runId, error: String(error) }, "a watched run cannot be looked at");
      return false;
    }
  }
}
