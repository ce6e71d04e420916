/**
 * One turn of one run while it is being decided: what it took from the mailbox, what it adds to
 * the journal, and the values it holds on to until its commit.
 */

import type { LockstitchError } from "#errors/errors.ts";
import type { Decision } from "#kernel/decision.ts";
import type { Effect, EffectChange, Send } from "#kernel/effects.ts";
import type { RunEvent } from "#kernel/events.ts";
import type { Input } from "#kernel/inputs.ts";
import { refKey, type ValueRef } from "#kernel/value-ref.ts";
import type { AdmissionRecord } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import type { StoredEvent } from "./event-blobs.ts";
import type { Mail, MailEnd } from "./mail.ts";
import type { SharedTurn } from "./shared-entry.ts";
import type { ValueLoader, ValueSource } from "./value-loader.ts";

export interface TakenMail {
  readonly mail: Mail;
  end: MailEnd | null;
}

export type AdmitRunEffect = Extract<Effect, { readonly kind: "admit_run" }>;

/** Of a run that is refused unless it gets its slot (`whenFull: reject`). */
export type Refusable = AdmitRunEffect & {
  readonly concurrency: NonNullable<AdmitRunEffect["concurrency"]>;
};

export interface Asking {
  readonly effect: Refusable;
  /** Why nobody could be asked, which is another thing than that all are full; null: they were. */
  failure: LockstitchError | null;
}

/** What a turn waits for before it goes on. */
export type TurnWait =
  /** These are pinned in it. */
  | { readonly kind: "needs"; readonly refs: readonly ValueRef[] }
  /** Other hosts were asked for a slot. Never rejects. */
  | { readonly kind: "asks"; readonly asked: Promise<void> };

export interface Turn {
  readonly firstSeq: number;
  readonly atMs: number;
  /** Monotonic instant at which its time began to count. */
  countedFromMs: number;
  /** Processor time of the thread when its first pure step was computed; null: none was. */
  cpuFromMs: number | null;
  events: readonly RunEvent[];
  changes: readonly EffectChange[];
  sends: readonly Send[];
  compute: Decision["compute"];
  /** Mails it took, with what they come to once it is durable. */
  taken: readonly TakenMail[];
  /** Inputs that the engine adds: admissions, and going on. */
  own: readonly Input[];
  /** A mail whose input must be decided again, now that its values are there. */
  again: TakenMail | null;
  /** Values by key: made by this turn, and loaded for it. */
  made: Map<string, unknown> | null;
  pinned: Map<string, unknown> | null;
  /** Keys of values that were asked for by readers that take them packed. */
  wantedPacked: Set<string> | null;
  /** Slots granted for this turn, from the mailbox or on the way; one may be named twice. */
  slots: readonly string[];
  /** Whether admission had something to say of a grant. */
  hasGrants: boolean;
  /** What it makes durable for admission; known once it is decided. */
  admission: AdmissionRecord | null;
  /** Times that values were loaded for it. */
  loads: number;
  hasMore: boolean;
  /** The run's own slot, for which other hosts were asked before it is refused; null: they were not. */
  asksFor: Asking | null;
  /** What it has of shared values; null: nothing. */
  shared: SharedTurn | null;
  /** Whether it took changes of the cache. */
  hasCached: boolean;
}

export function newTurn(firstSeq: number, atMs: number, countedFromMs: number): Turn {
  return {
    firstSeq,
    atMs,
    countedFromMs,
    cpuFromMs: null,
    events: NONE,
    changes: NONE,
    sends: NONE,
    compute: NONE,
    taken: NONE,
    own: NONE,
    again: null,
    made: null,
    pinned: null,
    wantedPacked: null,
    slots: NONE,
    hasGrants: false,
    admission: null,
    loads: 0,
    hasMore: false,
    asksFor: null,
    shared: null,
    hasCached: false,
  };
}

/** Adds what one decide() answered. */
export function gather(turn: Turn, decision: Decision): void {
  turn.events = joined(turn.events, decision.events);
  turn.changes = joined(turn.changes, decision.changes);
  turn.sends = joined(turn.sends, decision.sends);
  turn.compute = joined(turn.compute, decision.compute);
}

export const NONE: readonly never[] = [];

/** Lists of a turn mostly hold what one decision gave: then they are that list, not a copy. */
function joined<Item>(all: readonly Item[], more: readonly Item[]): readonly Item[] {
  if (more.length === 0) return all;
  if (all.length === 0) return more;
  // The first decision's list is nobody else's any more.
  const own = all as Item[];
  for (const item of more) own.push(item);
  return own;
}

/** `list` with one more, in place from the second on: one is the usual case. The list is the turn's alone. */
export function withItem<Item>(list: readonly Item[], item: Item): readonly Item[] {
  if (list.length === 0) return [item];
  (list as Item[]).push(item);
  return list;
}

/** Loads of values for one turn; a kernel that asks for more is at fault. */
const LOADS_MAX = 10_000;

/** Resolves when the turn can go on. Rejects with what the store throws. */
export function awaited(
  turn: Turn,
  wait: TurnWait,
  values: ValueLoader,
  source: ValueSource,
): Promise<void> {
  return wait.kind === "asks" ? wait.asked : pinValues(turn, wait.refs, values, source);
}

/** Loads what the turn needs and keeps it until the turn's end, whatever the cache does. */
async function pinValues(
  turn: Turn,
  needs: readonly ValueRef[],
  values: ValueLoader,
  source: ValueSource,
): Promise<void> {
  if (++turn.loads > LOADS_MAX) throw new Error("one turn asks for values without end");
  turn.pinned ??= new Map();
  for (const ref of needs) {
    if ("v" in ref) continue;
    const key = refKey(ref);
    // Asked for again although it is here: by somebody who must look into it.
    const packed = turn.wantedPacked?.delete(key) === true && !turn.pinned.has(key);
    const value = await (packed ? values.loadPacked(source, ref) : values.load(source, ref));
    turn.pinned.set(key, value);
  }
}

/** The event with sequence number `seq` if it is one of this turn. */
export function eventOf(turn: Turn, seq: number): StoredEvent | null {
  const event = turn.events[seq - turn.firstSeq];
  return event === undefined ? null : (event as unknown as StoredEvent);
}

/** After a commit: answers who waits for it. */
export function settleCalls(turn: Turn): void {
  for (const { mail, end } of turn.taken)
    mail.settle?.(end ?? { kind: "done", refusal: null, applied: false });
}

/**
 * After a refused commit: answers the calls and gives back what the world had reported. `error`
 * null: the calls are decided again too.
 */
export function refuseCalls(turn: Turn, error: LockstitchError | null): Mail[] {
  const kept: Mail[] = [];
  for (const { mail } of turn.taken) {
    if (mail.isCall && error !== null) mail.settle?.({ kind: "failed", error });
    // The scheduler grants again what the reload asks for again.
    else if (mail.input.kind !== "admit" && mail.input.kind !== "admit_run") kept.push(mail);
  }
  return kept;
}

/** Which inputs a turn had taken that failed by a fault of the kernel. */
export function logFault(logger: Logger, run: string, { taken }: Turn, error: unknown): void {
  const { stack } = error as Error;
  const inputs = taken.map(({ mail }) => mail.input.kind);
  logger.error({ run, inputs, stack }, "a turn failed");
}
