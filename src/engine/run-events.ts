/**
 * Events for programs: who subscribes is told of what has become durable, filtered. The journal is
 * the truth (`events`, `follow`); this says that something is there, and is never waited for.
 *
 *   E1. Nothing is told before it is durable, and nothing twice. Events of one run come in their order.
 *   E2. Told are events from the subscription on; after a restart a program subscribes again.
 *   E3. A subscriber never hurts a run: one that throws is logged and counted, a slow asynchronous
 *       one has a queue of its own, and what does not fit in it is dropped and counted, the newest
 *       first. `seq` shows a gap, and `follow(runId, seq)` reads what was missed.
 */
import type { CallContext } from "#ports/call-context.ts";
import type { RunSummary } from "./run-view.ts";

/** One event. Payloads are not in it: `events(runId, seq - 1, 1)` reads them from the journal. */
export interface RunEventView {
  readonly runId: string;
  readonly workflow: string;
  readonly seq: number;
  readonly atMs: number;
  /** As in the journal: `step.failed`. */
  readonly type: string;
  /** Text path of the step or scope it is about, if any. */
  readonly path: string | null;
  readonly attempt: number | null;
  /** Code of the error in it, if any. */
  readonly errorCode: string | null;
  /** The run as it is after the commit that the event came with. */
  readonly run: RunSummary;
}

/** All that is given must fit; of a list one must. */
export interface EventFilter {
  readonly workflow?: string | readonly string[];
  readonly runId?: string | readonly string[];
  /** A step by its id, wherever it stands, or one instance by its path: `lines[3].price`. */
  readonly step?: string | readonly string[];
  /** `step.failed`, `run.*`. */
  readonly type?: string | readonly string[];
  /** Only events that change the state of a run, of a step, or of either. */
  readonly changes?: "run" | "step" | "any";
  /** Labels that the run has, with these values. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SubscribeOptions {
  /**
   * True: called within the commit's turn, before the next run goes on; keep it short. Default:
   * asynchronous, one call at a time, each waited for.
   */
  readonly sync?: boolean;
  /** Events that wait for an asynchronous subscriber; beyond it they are dropped. Default 10,000. */
  readonly queueMax?: number;
}

export interface EventSubscription extends Disposable {
  /** Events told, waiting, dropped for want of room, and calls that failed. */
  readonly counts: {
    readonly told: number;
    readonly waiting: number;
    readonly dropped: number;
    readonly failed: number;
  };
  /** Resolves when all that waits has been told. */
  idle(): Promise<void>;
  /** Nothing is told any more; idempotent. */
  close(): void;
}

export type EventListener = (event: RunEventView) => unknown;

export interface RunEvents {
  /** request_invalid for a filter that cannot be. Over HTTP it throws action_refused: use follow and onChange. */
  on(
    context: CallContext,
    filter: EventFilter,
    listener: EventListener,
    options?: SubscribeOptions,
  ): EventSubscription;
  /** Calls back after each commit that touched a run of the context's tenant, once; for live lists. Returns unsubscribe. */
  onChange(context: CallContext, listener: (run: RunSummary) => void): () => void;
}
