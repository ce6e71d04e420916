/**
 * Runs that come to this engine: what was open when it started, and what it takes over later from
 * hosts that are gone. They are loaded while calls are served already: first those that can go on at
 * once, then those that wait for time, people or others, last the paused ones.
 *
 *   V1. Nothing with a concurrency key starts before every run that was open at the start is known again.
 *   V2. Messages are carried once all of them are loaded. (After a take-over the host's keeper sees to it.)
 */
import type { Clock } from "#ports/clock.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import type { OpenRunCounts } from "../admission/open-run-counts.ts";
import { runKeyOf } from "./host-services.ts";
import type { Messages } from "./messages.ts";
import { findOpenRuns, inLoadingOrder, type OpenRun, readable } from "./open-runs.ts";
import { runElsewhere } from "./run-errors.ts";
import type { RunHost } from "./run-host.ts";

/** Time for loading before what waits in the event loop comes first. */
const SLICE_MS = 1;
const RETRY_MS = 1_000;
/** Runs loaded at once from a store over the network, which answers for all of them in one round trip. */
const AT_ONCE = 32;

interface RecoveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly open: OpenRunCounts;
  readonly messages: Messages;
  readonly defer: (work: () => void) => void;
  /** The run's host, if it is in memory. */
  readonly present: (run: OpenRun) => RunHost | undefined;
  /** Begins to load it. */
  readonly load: (run: OpenRun) => RunHost;
  readonly isClosing: () => boolean;
  /** Every run that was open at the start is loaded. */
  readonly onLoaded: () => void;
  /** Where runs have owners: joins the others, and takes runs from now on. May reject while the store is away. */
  readonly join: () => Promise<void>;
}

export class Recovery {
  readonly #options: RecoveryOptions;
  #found: readonly OpenRun[] = [];
  /** Messages could not be read: who waits to ask again. */
  #redelivery: Promise<void> | null = null;
  /** Runs that were open at the start. */
  continuedRuns = 0;
  isUnderWay = true;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Finds what was open when the engine started. Throws what the store throws. */
  async find(): Promise<void> {
    const { store, logger, open } = this.#options;
    // Where runs have owners, none is this host's before it claims it.
    if (store.hosts !== undefined) return;
    const found = await findOpenRuns(store.journal, logger, (run) => came(open, run));
    this.#found = found;
    this.continuedRuns = found.length;
  }

  /** Loads what was found. Never rejects. */
  async run(): Promise<void> {
    const { logger, isClosing, onLoaded } = this.#options;
    const found = this.#found;
    this.#found = [];
    await this.#load(found);
    this.isUnderWay = false;
    if (isClosing()) return;
    onLoaded();
    await this.#untilDone("other hosts cannot be joined", () => this.#options.join());
    await this.redeliver();
    if (this.continuedRuns > 0)
      logger.info({ runs: this.continuedRuns }, `continued ${this.continuedRuns} run(s)`);
  }

  /** Loads runs that are this host's from now on; messages to them are to be carried after. Never rejects. */
  async adopt(heads: readonly RunHead[]): Promise<void> {
    const { logger, open } = this.#options;
    const runs = heads.filter((head) => readable(head, logger));
    for (const head of heads) came(open, head);
    await this.#load(inLoadingOrder(runs));
  }

  async #load(runs: readonly (OpenRun & { readonly epoch?: number })[]): Promise<void> {
    const { store, clock, defer, isClosing } = this.#options;
    const atOnce = store.hosts === undefined ? 1 : AT_ONCE;
    const underWay: Promise<void>[] = [];
    let beganMs = clock.monotonicMs();
    for (const run of runs) {
      // A store that answers at once would keep everything else out of the event loop.
      if (underWay.length === 0 && clock.monotonicMs() - beganMs >= SLICE_MS) {
        await new Promise<void>((resolve) => defer(resolve));
        beganMs = clock.monotonicMs();
      }
      if (isClosing()) break;
      underWay.push(this.#loadOne(run));
      if (underWay.length >= atOnce) await Promise.all(underWay.splice(0));
    }
    await Promise.all(underWay);
  }

  async #loadOne(run: OpenRun & { readonly epoch?: number }): Promise<void> {
    const { present, load } = this.#options;
    const { runId, epoch } = run;
    const known = present(run);
    // Under an epoch of before it would be fenced.
    if (known !== undefined && epoch !== undefined && known.epoch < epoch)
      known.end({ kind: "failed", error: runElsewhere({ runId }) });
    // Meanwhile a call or a message may have begun to load it; its slot counts all the same.
    await (present(run) ?? load(run)).loaded();
  }

  /**
   * Carries what lies in the journal, trying again while it cannot be read. Who asks while one waits
   * to try again waits with it: a store that is slow is not asked by more and more. Never rejects.
   */
  async redeliver(): Promise<void> {
    const { messages, isClosing } = this.#options;
    if (isClosing()) return;
    if (this.#redelivery !== null) return await this.#redelivery;
    try {
      await messages.redeliver();
    } catch (error) {
      this.#redelivery ??= this.#untilAgain("messages cannot be read", error).then(() => {
        this.#redelivery = null;
        return this.redeliver();
      });
      await this.#redelivery;
    }
  }

  async #untilDone(what: string, act: () => Promise<void>): Promise<void> {
    while (!this.#options.isClosing()) {
      try {
        return await act();
      } catch (error) {
        await this.#untilAgain(what, error);
      }
    }
  }

  async #untilAgain(what: string, error: unknown): Promise<void> {
    const { logger, clock } = this.#options;
    logger.warn({ error: String(error) }, `${what}; trying again`);
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
  }
}

function came(open: OpenRunCounts, { tenant, runId, workflow }: RunHead): void {
  open.came(runKeyOf(tenant, runId), { tenant, workflow });
}
