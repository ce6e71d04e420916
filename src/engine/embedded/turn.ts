/**
 * One turn of one run while it is being decided: what it took from the mailbox, what it adds to
 * the journal, and the values it holds on to until its commit.
 */
import type { Decision } from "#kernel/decision.ts";
import type { EffectChange, Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { Input } from "#kernel/inputs.ts";
import type { Mail, MailEnd } from "./mail.ts";

export interface Turn {
  readonly firstSeq: number;
  readonly atMs: number;
  /** Monotonic instant at which its time began to count. */
  countedFromMs: number;
  readonly events: RunEvent[];
  readonly changes: EffectChange[];
  readonly sends: Send[];
  readonly compute: Decision["compute"][number][];
  /** Mails it took, with what they come to once it is durable. */
  readonly taken: { readonly mail: Mail; end: MailEnd | null }[];
  /** Inputs that the engine adds: admissions, and going on. */
  readonly own: Input[];
  /** A mail whose input must be decided again, now that its values are there. */
  again: { readonly mail: Mail; end: MailEnd | null } | null;
  /** Values by key: made by this turn, and loaded for it. */
  readonly made: Map<string, unknown>;
  readonly pinned: Map<string, unknown>;
  /** Slots granted for this turn, from the mailbox or on the way. */
  readonly slots: Set<string>;
  /** Times that values were loaded for it. */
  loads: number;
  hasMore: boolean;
}

export function newTurn(firstSeq: number, atMs: number, countedFromMs: number): Turn {
  return {
    firstSeq,
    atMs,
    countedFromMs,
    events: [],
    changes: [],
    sends: [],
    compute: [],
    taken: [],
    own: [],
    again: null,
    made: new Map(),
    pinned: new Map(),
    slots: new Set(),
    loads: 0,
    hasMore: false,
  };
}

/** Adds what one decide() answered. */
export function gather(turn: Turn, decision: Decision): void {
  for (const event of decision.events) turn.events.push(event);
  for (const change of decision.changes) turn.changes.push(change);
  for (const send of decision.sends) turn.sends.push(send);
  for (const compute of decision.compute) turn.compute.push(compute);
}
