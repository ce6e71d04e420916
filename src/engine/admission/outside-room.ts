/**
 * The seam to what hosts count together. A meter may then grant here only what this host was given of
 * the whole; where that is used up although the limit may leave more, more of it is asked for outside.
 *
 *   OR1. short() is called after every look at a line that ends for that reason (Meter.isShort): it is
 *        cheap, may be called again and again, and grants nothing itself.
 *   OR2. What was asked for comes later: it is added to the meter, then Scheduler.look(meter) grants.
 *   OR3. A scheduler without it (one host, SQLite) counts for itself alone and pays nothing.
 */
import type { Gate, RateGate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

export interface OutsideRoom {
  /** The meter was made: what is counted together is told apart here. */
  made(meter: Meter, gate: Gate): void;
  /** Somebody waits in the line, and finds no room but what others may have left. */
  short(line: Line): void;
  /** Of the scheduler of runs. */
  readonly runs?: OutsideRuns;
}

/** Slots of runs are held across hosts: a run may be begun on one and continued on another. */
export interface OutsideRuns {
  /**
   * The claim is about to be refused because this host has no room at `gate`: resolves when more has
   * been asked for, whatever came of it. Rejects with store_unavailable. null: there is none elsewhere.
   */
  ask(gate: Gate, claim: SlotClaim): Promise<void> | null;
  /** `by` waits, and who holds slots of the gate is to make room (whenFull: cancelRunning), wherever it is. */
  displace(gate: Gate, by: string): void;
  /** What a run holds goes to the run that continues it, whichever host begins that one. */
  passOn(to: SlotClaim): void;
  /** Whether the claim's slot was passed on to it here: it is held, without being granted. Once. */
  takesPassed(claim: SlotClaim): boolean;
}

/** What of a gate's slots this host may grant, where several hosts share them. */
export interface GateShare {
  /** How many more it may grant to claims that ask with this limit. */
  room(limit: number): number;
  /** A slot is held. `isFound`: nothing was granted for it, somebody held it already. */
  took(claim: SlotClaim, isFound: boolean): void;
  /** It is not held any more. */
  gave(slot: string): void;
  /** That it is held is durable: it counts by itself from now on, not as a part of the share. */
  written(slot: string): void;
  /** Whether what the slot stands for may not begin: others may have it by now. */
  isVoid(slot: string): boolean;
}

/** Starts of a rate that this host may make, where several hosts count them together. */
export interface RateShare {
  /** How many more it may let start with this limit. */
  room(gate: RateGate): number;
  /** One is about to start. `isFound`: nothing was granted for it. */
  took(slot: string, gate: RateGate, isFound: boolean): void;
  /** It will not start after all. */
  gave(slot: string): void;
  /** Whether it was allowed so long before `atMs` that others may have been given its place. */
  isLate(slot: string, atMs: number): boolean;
  /** It has begun at `atMs`, by the monotonic clock. */
  began(slot: string, atMs: number): void;
  /** When more may be had, by the monotonic clock; -Infinity: maybe at once; null: it is being asked. */
  freesAtMs(gate: RateGate): number | null;
  /** Whether nothing that was granted is left here. */
  readonly isIdle: boolean;
}

/** Asks for room where the meter's lines wait for nothing else. */
export function askOutside(outside: OutsideRoom, meter: Meter, nowMs: number): void {
  if (meter.isShort === undefined) return;
  for (const line of meter.lines)
    if (line.queue.size > 0 && meter.isShort(line.gate, nowMs)) outside.short(line);
}
