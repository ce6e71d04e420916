/** What waits in a run's mailbox: an input, and what becomes of whoever sent it. */
import type { LockstitchError } from "#errors/errors.ts";
import type { Refusal } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";

export interface Mail {
  readonly input: Input;
  /** Id of the message that it applies, consumed in the same commit. */
  readonly consumes: string | null;
  /**
   * True for a call: while the store is away it fails with store_unavailable and is gone. What the
   * world reported is kept and decided again.
   */
  readonly isCall: boolean;
  /** The slot that was granted with an `admit` input. */
  readonly slot: string | null;
  /** Of the mail that creates a run. */
  readonly startKey: { readonly key: string; readonly bodyHash: string } | null;
  /** Called once, when the outcome is durable or there is none. */
  readonly settle: ((end: MailEnd) => void) | null;
}

export type MailEnd =
  | { readonly kind: "done"; readonly refusal: Refusal | null; readonly applied: boolean }
  /** The run exists already (a start), or is over. */
  | { readonly kind: "exists" | "over" }
  | { readonly kind: "failed"; readonly error: LockstitchError };

/** Mail that the world reports and nobody waits for. */
export function report(input: Input): Mail {
  return { input, consumes: null, isCall: false, slot: null, startKey: null, settle: null };
}
