/**
 * The slots of one gate as this host has them: how many it uses, how many more it may grant, and
 * what it tells the store of that (ports/shared-slots.ts).
 *
 *   G1. While a call is under way nothing is granted but what came free since: all else was offered
 *       with it. Its answer says what stays, a call without an answer leaves nothing.
 *   G2. While claims wait elsewhere, a slot that comes free stays for claims here for a quantum after
 *       the last call; past that the store decides who goes next.
 *   G3. Slots of runs belong to runs: one that is written counts by itself, and when its run ends it is
 *       nobody's. None is kept that nobody here waits for.
 *   G4. After the lease was over what is used is void: others may use it. It counts until it is given
 *       back, and nothing may begin with it.
 */
import type { HoldingRun, SlotDemand, SlotShare, WaitingClaims } from "#ports/shared-slots.ts";
import type { SlotClaim } from "../admission/claim.ts";
import type { GateShare } from "../admission/outside-room.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import type { SlotMeter } from "../admission/slot-meter.ts";
import { idOfRunKey } from "../embedded/host-services.ts";

/** For how long a host goes on with a slot that others wait for. */
const QUANTUM_MS = 100;
/** In which a run that asked for a slot takes it. */
const MOMENT_MS = 10;

/** A claim that is refused unless there is room elsewhere. */
export interface Asker {
  readonly claim: SlotClaim;
  readonly limit: number;
  answered(): void;
  failed(error: unknown): void;
}

interface GateOptions {
  /** As the store calls it. */
  readonly gate: string;
  readonly isOfRuns: boolean;
  readonly scheduler: Scheduler;
  readonly nowMs: () => number;
  /** What it has to tell is to be told soon. */
  readonly tell: (gate: GateSlots) => void;
  /** It has more than it needs now, for at most so long. */
  readonly tellIn: (gate: GateSlots, delayMs: number) => void;
  /** Nobody uses it. */
  readonly rest: (gate: GateSlots) => void;
}

const NEVER = Number.NEGATIVE_INFINITY;
const NOBODY: ReadonlySet<string> = new Set();

export class GateSlots implements GateShare {
  readonly gate: string;
  readonly isOfRuns: boolean;
  /** Who waits, and what is held; another one once that was forgotten. null: nothing is known of it here. */
  meter: SlotMeter | null = null;
  /** Runs that make room for one that waits are cancelled in the name of this one. */
  displacedBy: string | null = null;
  /** When it was last in use. */
  usedMs = NEVER;
  /** It stands among those that rest. */
  isResting = false;
  /** It is to be told in the next call, or in a while. */
  isDue = false;
  isLater = false;
  readonly #options: GateOptions;
  /** More that may be granted now. */
  #spare = 0;
  /** Of attempts: held. Of runs: granted, and not written yet. */
  #used = 0;
  /** Of runs: those. */
  readonly #unwritten = new Set<string>();
  /** Those that were used when the lease was over. */
  #void: Set<string> | null = null;
  /** Slots that others have, and runs, as the last answer said. */
  #elsewhere = 0;
  #waitingElsewhere = 0;
  #limit = 0;
  #settledMs = NEVER;
  /** What the call said that is under way; null: there is none. */
  #sent: { readonly used: number; readonly found: number } | null = null;
  /** Claims that the store knows of, and the greatest priority among them. */
  #told = { waiting: 0, priority: NEVER };
  #found: HoldingRun[] = [];
  /** Slots of runs that were passed on by their predecessors: the store knows of them. */
  readonly #passed = new Set<string>();
  #askers: Asker[] = [];
  #asking: Asker[] = [];

  constructor(options: GateOptions) {
    this.#options = options;
    this.gate = options.gate;
    this.isOfRuns = options.isOfRuns;
  }

  /** Nothing of it is to be remembered, here or in the store. */
  get isNothing(): boolean {
    if (this.isDue || this.#spare > 0 || this.#used > 0) return false;
    return this.#askers.length === 0 && this.#found.length === 0 && this.waiting === 0;
  }

  /** Claims that wait in lines of the gate. */
  get waiting(): number {
    let waiting = 0;
    for (const { queue } of this.meter?.lines ?? []) waiting += queue.size;
    return waiting;
  }

  get isUsed(): boolean {
    return this.#used > 0;
  }

  room(limit: number): number {
    if (limit > this.#limit) this.#limit = limit;
    return Math.min(this.#spare, limit - this.#elsewhere - this.#used);
  }

  took({ slot, tenant, runId }: SlotClaim, isFound: boolean): void {
    if (isFound) {
      if (this.#passed.delete(slot)) return;
      this.#found.push({ tenant, runId: idOfRunKey(runId) });
      return this.#options.tell(this);
    }
    this.#used++;
    this.#spare--;
    if (this.isOfRuns) this.#unwritten.add(slot);
  }

  gave(slot: string): void {
    if (this.isOfRuns) {
      if (this.#unwritten.delete(slot)) this.#used--;
      this.#void?.delete(slot);
      return this.#options.tell(this);
    }
    this.#used--;
    if (this.#void?.delete(slot) === true) return this.#options.tell(this);
    const nowMs = this.#options.nowMs();
    this.usedMs = nowMs;
    if (this.#waitingElsewhere === 0) {
      this.#spare++;
      if (this.#used === 0 && !this.isResting) this.#options.rest(this);
    } else if (nowMs - this.#settledMs < QUANTUM_MS) {
      this.#spare++;
      this.#options.tellIn(this, QUANTUM_MS);
    } else this.#options.tell(this);
  }

  written(slot: string): void {
    if (this.#unwritten.delete(slot)) {
      this.#used--;
      this.#elsewhere++;
    } else if (this.#void?.delete(slot) === true) this.#spare--;
    // The call under way may have said that it is used still; who waits may want it to make room.
    if (this.#sent !== null || this.displacedBy !== null) this.#options.tell(this);
  }

  isVoid(slot: string): boolean {
    return this.#void?.has(slot) === true;
  }

  passed(slot: string): void {
    this.#passed.add(slot);
  }

  ask(asker: Asker): void {
    this.#limit = Math.max(this.#limit, asker.limit);
    this.#askers.push(asker);
  }

  /** Whether the store knows too little of those who wait. */
  get wantsMore(): boolean {
    if (this.isDue || this.#sent !== null) return false;
    const { waiting, priority } = this.#told;
    if (waiting === 0 || this.waiting > 2 * waiting) return true;
    for (const { queue } of this.meter?.lines ?? [])
      for (const { priority: own } of queue.byPriority()) if (own > priority) return true;
    return false;
  }

  /** Others want slots of it: what it has for them it gives, or soon. */
  wantedElsewhere(): void {
    this.#waitingElsewhere = Math.max(1, this.#waitingElsewhere);
    this.#settle();
  }

  get hasSpare(): boolean {
    return this.#spare > 0;
  }

  /** Nobody has used it for long: the next call gives it back. */
  giveBack(): void {
    this.#spare = 0;
  }

  /** G1. `givesUp`: nothing is wanted or kept any more. */
  send(givesUp: boolean): SlotDemand {
    this.isDue = false;
    this.#asking.push(...this.#askers.splice(0));
    const claims = givesUp ? [] : this.#claims();
    let waiting = 0;
    for (const { count } of claims) waiting += count;
    const priority = Math.max(NEVER, ...claims.map((one) => one.priority));
    const spare = givesUp ? 0 : this.#kept(waiting);
    this.#sent = { used: this.#used, found: this.#found.length };
    this.#told = { waiting, priority };
    this.#spare = 0;
    return {
      ...{ gate: this.gate, isOfRuns: this.isOfRuns, limit: this.#limit, inUse: this.#used },
      ...{ spare, waiting: claims, runs: [...this.#found] },
    };
  }

  answered({ held, besides, waitingElsewhere }: SlotShare): void {
    const sent = this.#sent;
    if (sent === null) return;
    this.#sent = null;
    this.#spare += held - sent.used;
    this.#elsewhere = besides;
    this.#waitingElsewhere = waitingElsewhere;
    this.#settledMs = this.#options.nowMs();
    this.usedMs = this.#settledMs;
    this.#found.splice(0, sent.found);
    const { scheduler } = this.#options;
    if (this.meter !== null) scheduler.look(this.meter);
    this.#told = { ...this.#told, waiting: Math.min(this.#told.waiting, this.waiting) };
    const asking = this.#asking.splice(0);
    for (const { answered } of asking) answered();
    // Who is refused waits no more: the store would give it the next slot.
    if (asking.length > 0 && held <= sent.used) this.#options.tell(this);
    if (this.waiting === 0) this.displacedBy = null;
    this.#settle();
  }

  /** What nobody here takes at once. */
  #settle(): void {
    if (this.#spare <= 0) return;
    const { scheduler, tellIn, tell, rest } = this.#options;
    // Who asked takes it in a moment, or nobody does (G3).
    if (this.isOfRuns) return tellIn(this, MOMENT_MS);
    if (this.#waitingElsewhere > 0) {
      // What waits here, at another gate it may be, may need both.
      if (scheduler.waiting > 0) tellIn(this, QUANTUM_MS);
      else tell(this);
    } else if (this.#used === 0 && !this.isResting) rest(this);
  }

  /** The call had no answer, or one that is too late: what it offered is gone. */
  unanswered(error: unknown): void {
    this.#sent = null;
    this.#told = { waiting: 0, priority: NEVER };
    for (const { failed } of this.#asking.splice(0)) failed(error);
  }

  /** The lease is over, and what this host may grant with it. */
  lapsed(error: unknown): void {
    this.unanswered(error);
    this.#spare = 0;
    this.refuseAskers(error);
  }

  /** Those that the store has not been asked for. */
  refuseAskers(error: unknown): void {
    for (const { failed } of this.#askers.splice(0)) failed(error);
  }

  /** G4. Others may have had it all meanwhile. */
  voided(): void {
    this.#spare = 0;
    if (this.isOfRuns) {
      this.#used -= this.#unwritten.size;
      this.#void = new Set(this.#unwritten);
      this.#unwritten.clear();
    } else this.#void = new Set(this.meter?.holders.keys() ?? NOBODY);
  }

  /** Nothing goes on here any more. */
  abandoned(): void {
    this.giveBack();
    this.#used = 0;
    this.#unwritten.clear();
  }

  #claims(): readonly WaitingClaims[] {
    const claims: WaitingClaims[] = [];
    for (const { gate, queue } of this.meter?.lines ?? []) {
      if (queue.size === 0 || !("limit" in gate)) continue;
      for (const { priority, count, next } of queue.byPriority())
        claims.push({ limit: gate.limit, priority, count, sinceMs: next.sinceMs });
    }
    for (const { limit, claim } of this.#asking)
      claims.push({ limit, priority: claim.priority, count: 1, sinceMs: claim.sinceMs });
    return claims;
  }

  /** Where nobody else waits, twice what it uses: a host alone asks seldom. */
  #kept(waiting: number): number {
    if (this.isOfRuns || this.#waitingElsewhere > 0) return 0;
    return waiting > 0 ? Math.min(this.#limit, 2 * this.#used) : this.#spare;
  }
}
