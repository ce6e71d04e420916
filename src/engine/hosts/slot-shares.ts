/**
 * What hosts count together of concurrency keys, bulkheads and quotas of attempts: this host has a
 * share of each gate, grants from it by itself, and tells the store what it uses and what waits, for
 * many gates in one call (gate-slots.ts says what of one gate).
 *
 *             short, asked, freed while others wait            answer
 *   resting ----------------------------------------> due ----------------> shared (more may be granted)
 *      ^                                               ^  \ no answer: due again, later
 *      |          unused for IDLE_MS, given back       |
 *      +-----------------------------------------------+
 *
 *   SS1. One call is under way at a time; what comes meanwhile goes with the next, right behind it.
 *   SS2. Nothing is granted beyond what the last answers gave, and nothing while the lease is over. After
 *        that every share is asked for anew.
 *   SS3. Whoever waits is known in the store, and is asked for again with each beat: a notice only
 *        makes it quicker.
 */
import type { Clock, Random } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { HoldingRun, SharedSlots } from "#ports/shared-slots.ts";
import type { Gate, SlotClaim } from "../admission/claim.ts";
import type { Line, Meter } from "../admission/line.ts";
import type { OutsideRuns } from "../admission/outside-room.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import { SlotMeter } from "../admission/slot-meter.ts";
import type { AttemptId } from "../embedded/attempts.ts";
import { runGateName, runGateOf, slotName } from "../embedded/claims.ts";
import { shuttingDown, storeAway } from "../embedded/run-errors.ts";
import { GateSlots } from "./gate-slots.ts";

/** Gates of one call. */
const GATES_MAX = 1_000;
/** What nobody has used for so long is given back. */
const IDLE_MS = 10_000;
/** Passed slots that are kept for their runs; those of others stand in line as if they were new. */
const PASSED_MAX = 10_000;
const RETRY_MS_FIRST = 100;
const RETRY_MS_MAX = 2_000;

interface SharesOptions {
  readonly slots: SharedSlots;
  readonly attemptSlots: Scheduler;
  readonly runSlots: Scheduler;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly defer: (work: () => void) => void;
  /** Whether the lease is held. */
  readonly mayGrant: () => boolean;
  /** Cancels a run, wherever it is driven, so that `by` gets its slot. */
  readonly displace: (run: HoldingRun, by: string) => void;
}

export class SlotShares {
  readonly #options: SharesOptions;
  readonly #gates = new Map<string, GateSlots>();
  #due = new Set<GateSlots>();
  /** Gates that were unused when they came here. */
  #resting: GateSlots[] = [];
  /** Slots that runs here have passed on to runs that are to begin, and their gates. */
  readonly #passed = new Map<string, string>();
  #cancelSweep: (() => void) | null = null;
  #settling: Promise<void> | null = null;
  #isPumpDue = false;
  #mustLook = false;
  #isLooking = false;
  #failures = 0;
  /** Answers to calls of an earlier one are void. */
  #generation = 0;
  #hasVoid = false;
  #givesUp = false;
  #isClosed = false;

  constructor(options: SharesOptions) {
    this.#options = options;
    const { attemptSlots, runSlots } = options;
    const short = (line: Line) => this.#short(line);
    attemptSlots.outside = {
      made: (meter, gate) => this.#made(meter, gate, attemptSlots),
      short,
    };
    runSlots.outside = {
      made: (meter, gate) => this.#made(meter, gate, runSlots),
      short,
      runs: this.#outsideRuns(runSlots),
    };
  }

  #outsideRuns(scheduler: Scheduler): OutsideRuns {
    return {
      ask: (gate, claim) => this.#ask(scheduler, gate, claim),
      displace: (gate, by) => this.#displace(scheduler, gate, by),
      passOn: ({ slot, gates }) => this.#passOn(slot, gates?.[0]?.name ?? ""),
      takesPassed: ({ slot, gates }) => this.#takesPassed(scheduler, slot, gates?.[0]),
    };
  }

  /** Whether the slot of an attempt is others' by now, although the attempt has not begun. */
  isVoid(id: AttemptId): boolean {
    if (!this.#hasVoid) return false;
    const { attemptSlots } = this.#options;
    const slot = slotName(id.runId, id);
    for (const { name } of attemptSlots.holder(slot)?.gates ?? [])
      if (sharedOf(attemptSlots.meter(name))?.isVoid(slot) === true) return true;
    return false;
  }

  /** Others have given this host slots, or want some of it. */
  noticed(): void {
    this.#mustLook = true;
    if (!this.#isLooking && !this.#isClosed) void this.#look();
  }

  /** SS3. */
  beat(): void {
    this.noticed();
    for (const gate of this.#gates.values()) if (gate.waiting > 0) this.#tell(gate);
  }

  /** The lease is over: nothing is granted until resume(). */
  lapsed(): void {
    this.#generation++;
    const error = storeAway("the lease of this host has run out");
    for (const gate of this.#gates.values()) gate.lapsed(error);
  }

  /** While the lease was over others may have been given all that this host had. */
  voided(): void {
    this.lapsed();
    for (const gate of this.#gates.values()) {
      gate.voided();
      this.#tell(gate);
    }
    this.#hasVoid = this.#gates.size > 0;
  }

  /** The lease is back. */
  resume(): void {
    this.#pumpSoon();
  }

  /** Nothing is begun any more: what is not used is others'. */
  drain(): void {
    this.#givesUp = true;
    for (const gate of this.#gates.values()) {
      // Nobody is asked for a slot any more: that is not to say that there is none.
      gate.refuseAskers(shuttingDown());
      this.#tell(gate);
    }
  }

  /** Gives up what is left, as far as the store answers. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#givesUp = true;
    this.#cancelSweep?.();
    await this.#settling;
    this.#failures = 0;
    for (const gate of this.#gates.values()) {
      gate.abandoned();
      this.#due.add(gate);
    }
    while (this.#due.size > 0 && this.#failures === 0 && this.#options.mayGrant())
      await this.#settle();
    this.lapsed();
  }

  #made(meter: Meter, { name, kind }: Gate, scheduler: Scheduler): void {
    // Attempts that may have ended their host are one at a time on each.
    if (!(meter instanceof SlotMeter) || kind === "quarantine") return;
    const isOfRuns = scheduler === this.#options.runSlots;
    const gate = isOfRuns ? runGateName(name) : name;
    const slots = this.#gates.get(gate) ?? this.#gateOf(gate, scheduler, isOfRuns);
    slots.meter = meter;
    meter.share = slots;
  }

  #gateOf(gate: string, scheduler: Scheduler, isOfRuns: boolean): GateSlots {
    return new GateSlots({
      ...{ gate, isOfRuns, scheduler, nowMs: () => this.#options.clock.monotonicMs() },
      tell: (one) => this.#tell(one),
      tellIn: (one, delayMs) => this.#tellIn(one, delayMs),
      rest: (one) => this.#rest(one),
    });
  }

  /** The store knows of it what this host has forgotten. */
  #unknown(gate: string): GateSlots {
    const { attemptSlots, runSlots } = this.#options;
    const run = runGateOf(gate);
    const scheduler = run === null ? attemptSlots : runSlots;
    return sharedOf(scheduler.meter(run ?? gate)) ?? this.#gateOf(gate, scheduler, run !== null);
  }

  #short({ meter }: Line): void {
    const gate = sharedOf(meter);
    if (gate?.wantsMore === true) this.#tell(gate);
  }

  #ask(scheduler: Scheduler, gate: Gate, claim: SlotClaim): Promise<void> | null {
    const meter = scheduler.meterOf(gate);
    const slots = sharedOf(meter);
    // Those who wait here go first.
    if (slots === null || !("limit" in gate) || slots.waiting > 0) return null;
    if (!(meter instanceof SlotMeter) || !meter.isShort(gate)) return null;
    if (!this.#options.mayGrant())
      return Promise.reject(storeAway("the lease of this host has run out"));
    if (this.#givesUp) return Promise.reject(shuttingDown());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    slots.ask({ claim, limit: gate.limit, answered: resolve, failed: reject });
    this.#tell(slots);
    return promise;
  }

  #passOn(slot: string, gate: string): void {
    this.#passed.set(slot, gate);
    if (this.#passed.size <= PASSED_MAX) return;
    // Others have begun those: they have stood in line there.
    for (const [oldest] of this.#passed) {
      this.#passed.delete(oldest);
      break;
    }
  }

  #takesPassed(scheduler: Scheduler, slot: string, gate: Gate | undefined): boolean {
    const to = this.#passed.get(slot);
    if (to === undefined || gate === undefined) return false;
    this.#passed.delete(slot);
    if (to !== gate.name) return false;
    sharedOf(scheduler.meterOf(gate))?.passed(slot);
    return true;
  }

  #displace(scheduler: Scheduler, gate: Gate, by: string): void {
    const slots = sharedOf(scheduler.meterOf(gate));
    if (slots === null) return;
    slots.displacedBy = by;
    this.#tell(slots);
  }

  #tell(gate: GateSlots): void {
    gate.isDue = true;
    this.#gates.set(gate.gate, gate);
    this.#due.add(gate);
    this.#pumpSoon();
  }

  #tellIn(gate: GateSlots, delayMs: number): void {
    if (gate.isLater) return;
    gate.isLater = true;
    // Two hosts that each have what the other needs must not change places for ever.
    const jittered = delayMs * (0.5 + this.#options.random.next());
    this.#options.clock.after(jittered, () => {
      gate.isLater = false;
      if (gate.hasSpare) this.#tell(gate);
    });
  }

  #rest(gate: GateSlots): void {
    gate.isResting = true;
    this.#resting.push(gate);
    this.#cancelSweep ??= this.#options.clock.after(IDLE_MS, () => this.#sweep());
  }

  /** Keys come and go by the million: each is looked at once in a while, together with others. */
  #sweep(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const resting = this.#resting;
    this.#resting = [];
    this.#cancelSweep = null;
    for (const gate of resting) {
      gate.isResting = false;
      if (gate.isUsed || !gate.hasSpare) continue;
      if (nowMs - gate.usedMs < IDLE_MS) this.#rest(gate);
      else {
        gate.giveBack();
        this.#tell(gate);
      }
    }
  }

  #pumpSoon(): void {
    if (this.#isPumpDue || this.#settling !== null || this.#isClosed) return;
    if (!this.#options.mayGrant()) return;
    this.#isPumpDue = true;
    this.#options.defer(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** SS1. */
  #pump(): void {
    if (this.#settling !== null || this.#due.size === 0 || this.#isClosed) return;
    if (!this.#options.mayGrant()) return;
    this.#settling = this.#settle().finally(() => {
      this.#settling = null;
      if (this.#due.size === 0) return;
      if (this.#failures === 0) return this.#pumpSoon();
      const limitMs = Math.min(RETRY_MS_FIRST * 2 ** (this.#failures - 1), RETRY_MS_MAX);
      const { clock, random } = this.#options;
      clock.after(limitMs * (0.5 + random.next() / 2), () => this.#pumpSoon());
    });
  }

  /** One call for those that are due. Never rejects. */
  async #settle(): Promise<void> {
    const { slots, attemptSlots, logger, mayGrant } = this.#options;
    const batch = this.#take();
    const generation = this.#generation;
    const demands = batch.map((gate) => gate.send(this.#givesUp));
    try {
      const shares = await slots.settle(demands, attemptSlots.times.ageingMs);
      // What was given meanwhile is not this host's any more, or may be another's soon.
      if (generation !== this.#generation || !mayGrant())
        return this.#unanswered(batch, generation);
      this.#failures = 0;
      for (const [at, gate] of batch.entries()) {
        const share = shares[at];
        if (share === undefined) continue;
        gate.answered(share);
        if (gate.displacedBy !== null)
          for (const run of share.holders) this.#options.displace(run, gate.displacedBy);
        if (gate.isNothing) this.#gates.delete(gate.gate);
      }
    } catch (error) {
      this.#failures++;
      logger.warn({ error: String(error) }, "slots cannot be shared; trying again");
      this.#unanswered(batch, generation, error);
    }
  }

  #take(): readonly GateSlots[] {
    const batch: GateSlots[] = [];
    for (const gate of this.#due) {
      if (batch.length >= GATES_MAX) break;
      this.#due.delete(gate);
      batch.push(gate);
    }
    return batch;
  }

  #unanswered(batch: readonly GateSlots[], generation: number, error?: unknown): void {
    for (const gate of batch) {
      if (generation === this.#generation) gate.unanswered(error ?? storeAway(null));
      this.#tell(gate);
    }
  }

  /** What others have given, and what they wait for. Never rejects. */
  async #look(): Promise<void> {
    const { slots, logger } = this.#options;
    this.#isLooking = true;
    try {
      while (this.#mustLook && !this.#isClosed) {
        this.#mustLook = false;
        for (const { gate, isGiven } of await slots.contended()) {
          const known = this.#gates.get(gate);
          if (known === undefined || isGiven) this.#tell(known ?? this.#unknown(gate));
          else known.wantedElsewhere();
        }
      }
    } catch (error) {
      // The next beat looks again.
      logger.debug({ error: String(error) }, "it is not known what others wait for");
    } finally {
      this.#isLooking = false;
    }
  }
}

function sharedOf(meter: Meter | undefined): GateSlots | null {
  return meter instanceof SlotMeter && meter.share instanceof GateSlots ? meter.share : null;
}
