/**
 * A run's state from the journal: the newest checkpoint that can be read, and the turns after it,
 * folded. There is no other way in, so recovery and a reload after a refused commit are the same.
 */
import { LockstitchError } from "#errors/errors.ts";
import { restoreState, STATE_VERSION } from "#kernel/checkpoint.ts";
import { evolve } from "#kernel/evolve.ts";
import { newState, type RunState } from "#kernel/state.ts";
import { takeChanges } from "#kernel/step-effects.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import { eventsOf, forFold, hasBlobs, type StoredEvent } from "./event-blobs.ts";
import type { Plans } from "./plans.ts";
import { isOthers, isTerminal } from "./run-facts.ts";

export interface LoadedRun {
  readonly head: RunHead;
  readonly state: RunState;
  /** Events and characters of JSON since the checkpoint it was restored from. */
  readonly tailEvents: number;
  readonly tailSize: number;
  readonly checkpointSize: number;
}

const TURNS_PER_READ = 500;

export class RunLoader {
  readonly #store: Store;
  readonly #plans: Plans;
  readonly #logger: Logger;

  constructor(store: Store, plans: Plans, logger: Logger) {
    this.#store = store;
    this.#plans = plans;
    this.#logger = logger;
  }

  /** null: there is no such run. Throws workflow_not_found, definition_invalid, store_*. */
  async load(context: CallContext, runId: string): Promise<LoadedRun | null> {
    const head = await this.#store.journal.head(context, runId);
    return head === null ? null : this.#fold(context, head);
  }

  /** As load(); without folding it, null for a run that has ended and the head of one that is another host's. */
  async loadOwn(context: CallContext, runId: string): Promise<LoadedRun | RunHead | null> {
    const head = await this.#store.journal.head(context, runId);
    if (head === null || isTerminal(head.status)) return null;
    return isOthers(this.#store, head) ? head : this.#fold(context, head);
  }

  async #fold(context: CallContext, head: RunHead): Promise<LoadedRun> {
    const { runId } = head;
    const { plan } = await this.#plans.find(context, head.workflow, head.version);
    const restored = await this.#restore(context, head, plan);
    const state = restored?.state ?? newState(runId, plan);
    let tailEvents = 0;
    let tailSize = 0;
    await this.eachTurn(context, head, state.seq, async (events, size, atMs) => {
      tailEvents += events.length;
      tailSize += size;
      for (const event of events) {
        const whole = hasBlobs(event)
          ? await forFold(event, this.#store.blobs, context)
          : (event as unknown as Parameters<typeof evolve>[1]);
        evolve(state, whole, atMs);
      }
      // What the fold says must change is known as a whole from pending(state).
      takeChanges(state);
    });
    if (state.seq !== head.seq)
      throw new LockstitchError(
        "store_corrupt",
        `Run ${runId}: its journal ends at event ${state.seq}, its row says ${head.seq}.`,
      );
    return { head, state, tailEvents, tailSize, checkpointSize: restored?.size ?? 0 };
  }

  /** Calls back for every turn after `afterSeq`, up to the head, in order. */
  async eachTurn(
    context: CallContext,
    head: Pick<RunHead, "runId" | "seq">,
    afterSeq: number,
    use: (
      events: readonly StoredEvent[],
      size: number,
      atMs: number,
      firstSeq: number,
    ) => Promise<void> | void,
  ): Promise<void> {
    let seq = afterSeq;
    while (seq < head.seq) {
      const turns = await this.#store.journal.turns(context, head.runId, seq, TURNS_PER_READ);
      if (turns.length === 0) return;
      for (const turn of turns) {
        if (turn.firstSeq > head.seq) return;
        const events = eventsOf(turn).slice(Math.max(0, seq + 1 - turn.firstSeq));
        const used = use(events, turn.events.length, turn.atMs, turn.lastSeq - events.length + 1);
        if (used instanceof Promise) await used;
        seq = turn.lastSeq;
      }
    }
  }

  async #restore(
    context: CallContext,
    head: RunHead,
    plan: RunState["plan"],
  ): Promise<{ readonly state: RunState; readonly size: number } | null> {
    const { runId } = head;
    const checkpoints = await this.#store.journal.checkpoints(context, runId, (seq) =>
      this.#logger.error({ runId, seq }, "a checkpoint is corrupt; using the one before"),
    );
    for (const { seq, stateVersion, state } of checkpoints) {
      if (stateVersion !== STATE_VERSION || seq > head.seq) continue;
      try {
        const restored = restoreState(state, plan);
        if (restored?.seq === seq) return { state: restored, size: state.length };
        this.#logger.error({ runId, seq }, "a checkpoint names another event; folding instead");
      } catch (error) {
        this.#logger.error({ runId, seq, error: String(error) }, "a checkpoint cannot be read");
      }
    }
    return null;
  }
}
