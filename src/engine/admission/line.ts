/**
 * What a gate counts. A meter stands behind each name; claims that ask with different limits share
 * what is counted, and each is held to its own limit (so each limit has a line of its own).
 *
 *   M1. take() is called only where there is room, and is given back at most once.
 *   M2. Where time alone makes room, freesAtMs() says when; where a release must, it says null.
 *
 * A line is those who wait at one gate with one limit, and what is known of how fast it moves.
 * Instants are monotonic here: a wall clock that jumps freezes nothing.
 */
import type { Gate, SlotClaim } from "./claim.ts";
import { type Entry, FairQueue, type QueueTimes } from "./fair-queue.ts";

export interface Meter {
  readonly name: string;
  /** Those who wait, by what they asked for; mostly one. */
  readonly lines: Line[];
  /** How many more may pass now; Infinity: any number. */
  room(gate: Gate, nowMs: number): number;
  /** `isFound`: nobody granted it, it was held before this host knew of it. */
  take(claim: SlotClaim, nowMs: number, isFound: boolean): void;
  /** The slot is given back. True: that made room. */
  give(slot: string): boolean;
  /** When `ahead` others have gone, the instant at which time lets the next one pass; null: unknown. */
  freesAtMs(gate: Gate, ahead: number, nowMs: number): number | null;
  /** Whether nothing would be forgotten with it. */
  isIdle(nowMs: number): boolean;
  /** Whether it lacks room only because other hosts may have it (outside-room.ts); absent: never. */
  isShort?(gate: Gate, nowMs: number): boolean;
}

/** Those who wait at one gate with one limit. */
export interface Line {
  readonly meter: Meter;
  readonly gate: Gate;
  readonly queue: FairQueue;
  /** Claims by signature; one only, where all that wait need the same gates. */
  readonly signatures: Map<string, Same>;
  /** When one who waited here went last, and how long that takes on average; 0: not known yet. */
  lastGrantMs: number;
  intervalMs: number;
}

/** A claim that waits in a line. */
export interface Waiting extends Entry {
  readonly line: Line;
  /** The line that let it pass to this one. */
  readonly origin: Line | null;
  readonly signature: string;
  /** Since when it waits at a gate of its own, by the monotonic clock. */
  readonly gatedSinceMs: number | null;
}

/** Weight of the newest interval in the average. */
const NEWEST = 0.2;

/** The line of `meter` for claims with the limits of `gate`. */
export function lineOf(meter: Meter, gate: Gate, times: QueueTimes): Line {
  for (const line of meter.lines) if (isSameLimit(line.gate, gate)) return line;
  const line: Line = {
    ...{ meter, gate, queue: new FairQueue(times), signatures: new Map() },
    ...{ lastGrantMs: 0, intervalMs: 0 },
  };
  meter.lines.push(line);
  return line;
}

function isSameLimit(a: Gate, b: Gate): boolean {
  switch (a.kind) {
    case "rate_limit":
      return b.kind === a.kind && a.limit === b.limit && a.perMs === b.perMs;
    case "circuit_breaker":
    case "usage":
      return b.kind === a.kind;
    default:
      return b.kind === a.kind && a.limit === b.limit;
  }
}

/** Names all gates with their limits: claims of one signature are blocked by the same gate. */
export function signatureOf({ gates }: SlotClaim): string {
  let signature = "";
  for (const gate of gates ?? [])
    signature += `${gate.name}\n${"limit" in gate ? gate.limit : 0}\n${"perMs" in gate ? gate.perMs : 0}\n`;
  return signature;
}

/** One who waited in `line` has gone. */
export function noteGrant(line: Line, nowMs: number): void {
  if (line.lastGrantMs > 0) {
    const intervalMs = nowMs - line.lastGrantMs;
    line.intervalMs =
      line.intervalMs === 0 ? intervalMs : line.intervalMs * (1 - NEWEST) + intervalMs * NEWEST;
  }
  line.lastGrantMs = nowMs;
}

/** Claims of one signature: how many wait here, and where those wait that this line let pass. */
interface Same {
  waiting: number;
  readonly passed: Map<Line, number>;
}

/** A claim of `signature` came into `line`, which `origin` let it pass to. */
export function noteCame(line: Line, origin: Line | null, signature: string): void {
  sameOf(line, signature).waiting++;
  if (origin === null) return;
  const { passed } = sameOf(origin, signature);
  passed.set(line, (passed.get(line) ?? 0) + 1);
}

/** It left `line`. */
export function noteLeft(line: Line, origin: Line | null, signature: string): void {
  const here = sameOf(line, signature);
  here.waiting--;
  dropUnused(line, signature, here);
  if (origin === null) return;
  const there = sameOf(origin, signature);
  const others = (there.passed.get(line) ?? 0) - 1;
  if (others > 0) there.passed.set(line, others);
  else there.passed.delete(line);
  dropUnused(origin, signature, there);
}

function sameOf(line: Line, signature: string): Same {
  let same = line.signatures.get(signature);
  if (same === undefined) {
    same = { waiting: 0, passed: new Map() };
    line.signatures.set(signature, same);
  }
  return same;
}

function dropUnused(line: Line, signature: string, same: Same): void {
  if (same.waiting === 0 && same.passed.size === 0) line.signatures.delete(signature);
}

/**
 * How many claims that the line let pass are blocked elsewhere, and with them all that wait here,
 * because all of them need the same gates; 0 where that is not so.
 */
export function blockedElsewhere({ signatures }: Line, isBlocked: (line: Line) => boolean): number {
  if (signatures.size !== 1) return 0;
  let blocked = 0;
  for (const { passed } of signatures.values())
    for (const [line, count] of passed) {
      if (!isBlocked(line)) return 0;
      blocked += count;
    }
  return blocked;
}

export function isUnused(meter: Meter): boolean {
  return meter.lines.every(({ queue, signatures }) => queue.size === 0 && signatures.size === 0);
}
