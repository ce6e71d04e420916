/**
 * The seam to what hosts count together. A meter may then grant here only what this host was given of
 * the whole; where that is used up although the limit may leave more, more of it is asked for outside.
 *
 *   OR1. short() is called after every look at a line that ends for that reason (Meter.isShort): it is
 *        cheap, may be called again and again, and grants nothing itself.
 *   OR2. What was asked for comes later: it is added to the meter, then Scheduler.look(meter) grants.
 *   OR3. A scheduler without it (one host, SQLite) counts for itself alone and pays nothing.
 */
import type { Gate } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

export interface OutsideRoom {
  /** The meter was made: what is counted together is told apart here. */
  made(meter: Meter, gate: Gate): void;
  /** Somebody waits in the line, and finds no room but what others may have left. */
  short(line: Line): void;
}

/** What of a gate's slots this host may grant, where several hosts share them. */
export interface GateShare {
  /** How many more it may grant to claims that ask with this limit. */
  room(limit: number): number;
  /** A slot is held. `isFound`: nothing was granted for it, somebody held it already. */
  took(slot: string, isFound: boolean): void;
  /** It is not held any more. */
  gave(slot: string): void;
}

/** Asks for room where the meter's lines wait for nothing else. */
export function askOutside(outside: OutsideRoom, meter: Meter, nowMs: number): void {
  if (meter.isShort === undefined) return;
  for (const line of meter.lines)
    if (line.queue.size > 0 && meter.isShort(line.gate, nowMs)) outside.short(line);
}
