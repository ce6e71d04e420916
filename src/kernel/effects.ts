/**
 * What the world must now do for a run. Effects are a function of state: pending(state) lists all
 * of them, decide() reports only the difference (a property test holds the two equal), and after a
 * crash the engine performs pending(state) again. An effect that leaves the list must stop: a
 * timer is cleared, an attempt aborted, a queued admission withdrawn.
 */
import type { SecretUse } from "#workflow/expression/secret-uses.ts";
import type { MemoRequest } from "./events.ts";
import type { SlotRequest, StepGates } from "./gates.ts";
import type { Carried } from "./inputs.ts";
import type { ParentLink, Pins } from "./run-links.ts";
import type { ValueRef } from "./value-ref.ts";

export type Effect =
  /** Ask admission for the run itself; answer with `admit_run`. */
  | {
      readonly kind: "admit_run";
      readonly key: string;
      readonly priority: number;
      readonly concurrency:
        | (SlotRequest & { readonly whenFull: "queue" | "reject" | "cancelRunning" })
        | null;
    }
  /** Ask admission for an attempt; answer with `admit`, or with `memo_hit` where `memo` has a result. */
  | {
      readonly kind: "admit";
      readonly key: string;
      readonly path: string;
      readonly uses: string;
      readonly attempt: number;
      readonly priority: number;
      /** How much of the run is still behind the step (plan.ts): orders claims of one run only. */
      readonly rank: number;
      readonly memo: MemoRequest | null;
      /** What the attempt would get; with `memo` part of its key, as are its secrets. */
      readonly input: ValueRef;
      readonly secrets: readonly SecretUse[] | null;
      readonly gates: StepGates | null;
      /** Attempts of the step before this one that ended with their host, without another outcome between. */
      readonly lostInARow: number;
      readonly sinceMs: number;
      /** When the step, or its run, has no more time; null: never. */
      readonly deadlineAtMs: number | null;
    }
  /** Perform an attempt; answer with `result`. Found at recovery: answer with `lost`. */
  | {
      readonly kind: "attempt";
      readonly key: string;
      readonly path: string;
      readonly uses: string;
      readonly attempt: number;
      readonly input: ValueRef;
      /** Which texts of the input hold secrets; null: none. */
      readonly secrets: readonly SecretUse[] | null;
      /** What the attempts before said of themselves last. */
      readonly lastHeartbeat: ValueRef;
      /** Kernel timers enforce it; the attempt may look. */
      readonly timeoutAtMs: number | null;
      readonly gates: StepGates | null;
      /** The step's order of the chain; null: the host's. */
      readonly middleware: readonly string[] | null;
    }
  /**
   * Read the next items of a stream, from item `from` on, as many as make a chunk; answer with
   * `items`. Nobody else's doing depends on it: found at recovery it is done again.
   */
  | {
      readonly kind: "items";
      readonly key: string;
      readonly path: string;
      readonly attempt: number;
      readonly stream: ValueRef;
      /** Records that make one item, as a list; null: each is one. */
      readonly batch: number | null;
      readonly from: number;
      /** What the reader gave with the items before; null: there are none. */
      readonly position: ValueRef;
    }
  /** Make sure that an aborted attempt has ended (abort signal, grace, then abandon); answer with `result`. */
  | {
      readonly kind: "abort";
      readonly key: string;
      readonly path: string;
      readonly attempt: number;
    }
  /** Wake the run at `dueAtMs` with `timer`. */
  | { readonly kind: "timer"; readonly key: string; readonly dueAtMs: number };

export type EffectChange =
  | { readonly op: "start"; readonly effect: Effect }
  | { readonly op: "stop"; readonly effect: Effect };

/** A message to another run, made durable in the commit of this turn's events. */
export type Send =
  | {
      readonly kind: "child_start";
      readonly id: string;
      readonly toRunId: string;
      readonly workflow: string;
      readonly version: number | null;
      readonly input: unknown;
      readonly parent: {
        readonly runId: string;
        readonly path: string;
        readonly depth: number;
        readonly wait: boolean;
      };
      /** Of the parent; absent: it has none. */
      readonly pins?: Pins;
    }
  | {
      readonly kind: "child_end";
      readonly id: string;
      readonly toRunId: string;
      readonly path: string;
      readonly runId: string;
      readonly status: "succeeded" | "failed" | "cancelled";
      readonly output: unknown;
      readonly error: unknown;
      /** The first run of its chain, where that is another. */
      readonly chainId?: string;
    }
  /** Tells the parent that a successor goes on in the place of its child. */
  | {
      readonly kind: "child_continued";
      readonly id: string;
      readonly toRunId: string;
      readonly path: string;
      readonly runId: string;
      readonly byRunId: string;
      readonly chainId: string;
    }
  /** Starts the successor of a run (workflow.continue). */
  | {
      readonly kind: "continue_start";
      readonly id: string;
      readonly toRunId: string;
      readonly workflow: string;
      /** null: the newest. */
      readonly version: number | null;
      readonly input: unknown;
      readonly labels: Readonly<Record<string, string>>;
      readonly priority: number;
      readonly parent: ParentLink | null;
      /** Absent: it has none, or they are found anew. */
      readonly pins?: Pins;
      readonly continued: Omit<Carried, "fault">;
    }
  | {
      readonly kind: "cancel";
      readonly id: string;
      readonly toRunId: string;
      readonly fromRunId: string;
      readonly reason: string;
    };
