/**
 * Admission: the one place that decides whether an attempt, or a run, may start now. Nothing waits
 * inside a started attempt.
 *
 * A claim names the gates that it must pass: concurrency key, bulkheads, quota, rate limit, circuit
 * breaker; the bound on all attempts is the last gate of every claim. It waits in the line of the
 * first gate that blocks it. When that gate gets room, its next claim is checked against all its
 * gates: it is granted, or moves to the line of the gate that blocks it now.
 *
 *   A1. Nothing is granted beyond `bound` slots (one that falls takes none back), nor beyond any
 *       gate's limit: a claim takes all its gates at once or none.
 *   A2. Of two that could start, the one that its line puts first does (fair-queue.ts).
 *   A3. What could start now never waits: every release, and every instant at which time makes
 *       room, grants what it made room for; but for those that stand back (hold-back.ts).
 *   A4. A claim that waits at one gate holds up nobody of another.
 *   A5. A newcomer that meets a line stands behind it, so nobody is overtaken. Where all of a line
 *       need the same gates, it lets pass no more than have room: when the others are moved to the
 *       gate that blocks the first, a million claims do not wander to and fro with each release.
 *
 * A slot is named by its holder (`slot`), so asking and releasing are idempotent. Slots live in
 * memory: after a start attempts are lost and ask again, and runs that had been admitted take
 * theirs back by `hold`. Rates and breakers come back from the store (restore.ts).
 */
import type { Clock } from "#ports/clock.ts";
import { BreakerMeter } from "./breaker-meter.ts";
import type { Gate, SlotClaim } from "./claim.ts";
import type { QueueTimes } from "./fair-queue.ts";
import { heldBackBy } from "./hold-back.ts";
import {
  blockedElsewhere,
  type Line,
  lineOf,
  type Meter,
  noteCame,
  noteGrant,
  noteLeft,
  signatureOf,
  type Waiting,
} from "./line.ts";
import { Meters } from "./meters.ts";
import { askOutside, type OutsideRoom } from "./outside-room.ts";
import { RateMeter } from "./rate-meter.ts";
import { SlotMeter } from "./slot-meter.ts";
import { Wakes } from "./wakes.ts";

export interface Grant {
  readonly claim: SlotClaim;
  /** How long it waited at gates other than the bound; null: it never did. */
  readonly waitedMs: number | null;
}

interface SchedulerOptions {
  readonly clock: Clock;
  /** Slots held at the same time. */
  readonly bound: number;
  /** A claim counts one level more for each so many milliseconds that it waits. */
  readonly ageingMs?: number;
  /** Called for each claim that waited and now holds its slot. */
  readonly onGrant: (grant: Grant) => void;
}

export const AGEING_MS = 60_000;
/** Claims that one line lets pass to wait at other gates, while nothing says that they would not. */
const PASSED_MAX = 1_000;
const BOUND = "bound";

export class Scheduler {
  readonly times: QueueTimes;
  /** Where several hosts count together; set before anything is asked for. */
  outside: OutsideRoom | null = null;
  readonly #clock: Clock;
  readonly #onGrant: (grant: Grant) => void;
  #bound: number;
  readonly #boundLine: Line;
  readonly #held = new Map<string, SlotClaim>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #meters: Meters;
  /** Lines that hold back others of their meter. */
  readonly #holding = new Set<Line>();
  /** Meters that may have got room since their lines were looked at. */
  #freed = new Set<Meter>();
  readonly #wakes: Wakes;
  #order = 0;
  #isStopped = false;
  #isGranting = false;

  constructor(options: SchedulerOptions) {
    const { clock, bound, ageingMs = AGEING_MS, onGrant } = options;
    this.times = { ageingMs, urgencyMs: ageingMs };
    this.#clock = clock;
    this.#meters = new Meters(clock, (meter, gate) => this.outside?.made(meter, gate));
    this.#bound = bound;
    this.#onGrant = onGrant;
    this.#wakes = new Wakes(clock, (meter) => this.look(meter));
    // The bound counts what is held; its meter only holds the line.
    const gate: Gate = { kind: "quota", name: BOUND, key: BOUND, limit: bound };
    this.#boundLine = lineOf(new SlotMeter(BOUND), gate, this.times);
  }

  get held(): number {
    return this.#held.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether the slot is held (granted or taken back), so that asking again is not needed. */
  holds(slot: string): boolean {
    return this.#held.has(slot);
  }

  /** The claim that holds `slot`. */
  holder(slot: string): SlotClaim | undefined {
    return this.#held.get(slot);
  }

  /** Another bound from now on; what has room by it is granted. */
  setBound(bound: number): void {
    this.#bound = bound;
    this.#grantAll();
  }

  /** Takes the slot if it can start now and nobody who waits goes first. */
  tryAdmit(claim: SlotClaim): boolean {
    if (this.#held.has(claim.slot)) return true;
    if (this.#isStopped || this.#held.size >= this.#bound) return false;
    if (this.#boundLine.queue.size > 0) return false;
    if (claim.gates !== null && this.#isBlocked(claim)) return false;
    this.#take(claim, false);
    return true;
  }

  /** One that waits already has its place in a line, and goes from there. */
  #isBlocked(claim: SlotClaim): boolean {
    return this.#waiting.has(claim.slot) || this.#firstBlocking(claim, null) !== null;
  }

  /**
   * Waits for the slot; `onGrant` is called when it is held, at once if there is room. One that waits
   * keeps its place, unless its priority is another now.
   */
  request(claim: SlotClaim): void {
    if (this.#held.has(claim.slot)) return;
    const waiting = this.#waiting.get(claim.slot);
    if (waiting !== undefined) {
      if (waiting.claim.priority === claim.priority) return;
      this.release(claim.slot);
    }
    const line = this.#firstBlocking(claim, null) ?? this.#boundLine;
    this.#enqueue(claim, line, {
      order: this.#order++,
      gatedSinceMs: waiting?.gatedSinceMs ?? null,
      origin: null,
    });
    this.#free(line.meter);
    this.#grantAll();
    this.#armWake(line.meter);
  }

  /** Holds a slot without asking: what was admitted before this engine started. */
  hold(claim: SlotClaim): void {
    if (!this.#held.has(claim.slot)) this.#take(claim, true);
  }

  #take(claim: SlotClaim, isFound: boolean): void {
    this.#held.set(claim.slot, claim);
    if (claim.gates === null) return;
    const nowMs = this.#clock.monotonicMs();
    for (const gate of claim.gates) this.#meters.of(gate).take(claim, nowMs, isFound);
  }

  /** Grants what the meter has room for: it may have got some from outside. */
  look(meter: Meter): void {
    this.#free(meter);
    this.#grantAll();
  }

  /** Gives the slot back, or stops waiting for it. */
  release(slot: string): void {
    const waiting = this.#waiting.get(slot);
    if (waiting !== undefined) {
      waiting.line.queue.remove(waiting);
      this.#left(waiting);
      this.#grantAll();
      this.#meters.forget(waiting.line.meter);
      return;
    }
    const claim = this.#held.get(slot);
    if (claim === undefined) return;
    this.#held.delete(slot);
    if (claim.gates !== null)
      for (const { name } of claim.gates) {
        const meter = this.#meters.get(name);
        if (meter?.give(slot)) this.#free(meter);
      }
    if (this.#freed.size === 0 && this.#boundLine.queue.size === 0) return;
    this.#grantAll();
    for (const { name } of claim.gates ?? []) {
      const meter = this.#meters.get(name);
      if (meter !== undefined) this.#meters.forget(meter);
    }
  }

  /** The attempt that holds `slot` begins: rate limits count from now. False: it is too late for that. */
  started(slot: string): boolean {
    const claim = this.#held.get(slot);
    for (const gate of claim?.gates ?? []) {
      if (gate.kind !== "rate_limit") continue;
      const meter = this.#meters.get(gate.name);
      if (meter instanceof RateMeter && !meter.started(slot, this.#clock.monotonicMs()))
        return false;
      if (meter !== undefined) this.#armWake(meter);
    }
    return true;
  }

  /** What came of the attempt that holds, or held, `slot`, once that is durable. */
  outcome(
    gate: Extract<Gate, { readonly kind: "circuit_breaker" }>,
    { isProbe, hasFailed }: { readonly isProbe: boolean; readonly hasFailed: boolean },
  ): void {
    const meter = this.#meters.of(gate);
    if (!(meter instanceof BreakerMeter)) return;
    const nowMs = this.#clock.monotonicMs();
    const isClosed = meter.outcome({ ...gate, isProbe, hasFailed, nowMs });
    if (isClosed) this.#freed.add(meter);
    this.#grantAll();
    this.#armWake(meter);
  }

  /** What is counted under `name`, for reading; undefined: nothing. */
  meter(name: string): Meter | undefined {
    return this.#meters.get(name);
  }

  /** All that is counted, for reading. */
  meters(): Iterable<Meter> {
    return this.#meters.all();
  }

  /** The meter behind `gate`, made if need be. */
  meterOf(gate: Gate): Meter {
    return this.#meters.of(gate);
  }

  /** Whether the line is that of the bound on all slots. */
  isBound(line: Line): boolean {
    return line === this.#boundLine;
  }

  /** The claim that waits in `slot`, and where; undefined: it does not wait. */
  waitOf(slot: string): { readonly claim: SlotClaim; readonly line: Line } | undefined {
    return this.#waiting.get(slot);
  }

  /** Grants nothing from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#wakes.clear();
  }

  /** Goes on granting: after recovery, when every slot that was held is held again. */
  resume(): void {
    this.#isStopped = false;
    for (const meter of this.#meters.all()) this.#freed.add(meter);
    this.#grantAll();
    for (const meter of this.#meters.all()) this.#armWake(meter);
  }

  #enqueue(
    claim: SlotClaim,
    line: Line,
    { order, gatedSinceMs, origin }: Pick<Waiting, "order" | "gatedSinceMs" | "origin">,
  ): void {
    const sinceMs =
      line === this.#boundLine ? gatedSinceMs : (gatedSinceMs ?? this.#clock.monotonicMs());
    const signature = signatureOf(claim);
    const waiting: Waiting = {
      ...{ claim, order, isGone: false, line, origin, signature, gatedSinceMs: sinceMs },
    };
    this.#waiting.set(claim.slot, waiting);
    line.queue.push(waiting);
    if (signature !== "") noteCame(line, origin, signature);
  }

  /** An entry that is out of its line's queue is out of everything else. */
  #left({ claim, line, origin, signature }: Waiting): void {
    this.#waiting.delete(claim.slot);
    if (signature !== "") noteLeft(line, origin, signature);
    // There may be room for another to pass.
    if (origin !== null && origin.queue.size > 0) this.#free(origin.meter);
    if (this.#holding.size > 0 && this.#holding.delete(line)) this.#free(line.meter);
  }

  #free(meter: Meter): void {
    if (meter !== this.#boundLine.meter) this.#freed.add(meter);
  }

  /** The first gate that blocks the claim, the bound last; null: it may start. `from`: its line so far. */
  #firstBlocking(claim: SlotClaim, from: Line | null): Line | null {
    if (claim.gates !== null) {
      const nowMs = this.#clock.monotonicMs();
      for (const gate of claim.gates) {
        const meter = this.#meters.of(gate);
        const line = lineOf(meter, gate, this.times);
        // Who comes from a line passes where there is room: two lines that stood behind each other
        // would exchange their claims for ever.
        if ((from !== null || line.queue.size === 0) && this.#hasRoom(line, claim, nowMs)) continue;
        return line;
      }
    }
    const bound = this.#boundLine;
    const isFull = this.#held.size >= this.#bound || (from !== bound && bound.queue.size > 0);
    return isFull ? bound : null;
  }

  #hasRoom(line: Line, claim: SlotClaim, nowMs: number): boolean {
    if (line.meter.room(line.gate, nowMs) <= 0) return false;
    if (line.meter.lines.length === 1) return true;
    const { ageingMs } = this.times;
    const by = heldBackBy(claim, line, { wallMs: this.#clock.nowMs(), ageingMs });
    if (by !== null) this.#holding.add(by);
    return by === null;
  }

  #grantAll(): void {
    // A grant may release or request: the outer loop sees what that made room for.
    if (this.#isGranting || this.#isStopped) return;
    this.#isGranting = true;
    try {
      for (;;) {
        // Gates first: who passes one stands in line at the bound with the others (A2).
        const [meter] = this.#freed;
        if (meter === undefined) {
          if (!this.#serveBound()) break;
          continue;
        }
        this.#freed.delete(meter);
        for (const line of meter.lines) this.#serve(line);
        this.#armWake(meter);
      }
    } finally {
      this.#isGranting = false;
    }
  }

  /**
   * Lets claims of a line go on while its gate has room: at least one, and where all need the same
   * gates no more than have room, counting those that it let pass before (A5).
   */
  #serve(line: Line): void {
    for (let isFirst = true; !this.#isStopped && line.queue.size > 0; isFirst = false) {
      const nowMs = this.#clock.monotonicMs();
      const room = line.meter.room(line.gate, nowMs);
      const next = line.queue.peek(this.#clock.nowMs());
      if (next === undefined || !this.#hasRoom(line, next.claim, nowMs)) return;
      const isBlocked = (at: Line) => at === this.#boundLine || at.meter.room(at.gate, nowMs) <= 0;
      if (!isFirst && blockedElsewhere(line, isBlocked) >= Math.min(room, PASSED_MAX)) return;
      this.#advance(line);
    }
  }

  /** Lets one claim of the bound's line go on; false: none can. */
  #serveBound(): boolean {
    const line = this.#boundLine;
    if (this.#isStopped || line.queue.size === 0 || this.#held.size >= this.#bound) return false;
    this.#advance(line);
    return true;
  }

  /** Takes the line's next claim, and grants it or moves it to where it is blocked now. */
  #advance(line: Line): void {
    const entry = line.queue.shift(this.#clock.nowMs()) as Waiting | undefined;
    if (entry === undefined) return;
    const { claim } = entry;
    this.#left(entry);
    const blocking = this.#firstBlocking(claim, line);
    const nowMs = this.#clock.monotonicMs();
    if (blocking !== null) {
      const { order, gatedSinceMs } = entry;
      this.#enqueue(claim, blocking, { order, gatedSinceMs, origin: line });
      this.#armWake(blocking.meter);
      return;
    }
    for (const origin of [entry.origin, line]) if (origin !== null) noteGrant(origin, nowMs);
    this.#take(claim, false);
    const waitedMs = entry.gatedSinceMs === null ? null : nowMs - entry.gatedSinceMs;
    this.#onGrant({ claim, waitedMs });
  }

  /** What makes room for those who wait there: time, or other hosts. */
  #armWake(meter: Meter): void {
    if (this.#isStopped) return;
    if (!(meter instanceof SlotMeter)) this.#wakes.arm(meter);
    if (this.outside !== null) askOutside(this.outside, meter, this.#clock.monotonicMs());
  }
}
