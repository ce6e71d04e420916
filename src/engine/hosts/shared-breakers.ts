/**
 * Circuit breakers of hosts that share a store. Outcomes are counted there, by the commits of all
 * hosts; each host has the breakers in memory besides, and looks which of the store's are open.
 *
 *   SB1. Whoever turns a breaker (opens it, closes it) tells the others; after a failure it looks
 *        itself, because failures of several hosts may have opened it together.
 *   SB2. A look that was under way while this host turned a breaker says nothing of that breaker:
 *        the turn is newer. Failures that turn nothing do not contradict a breaker that the store
 *        has open, and a host whose attempts fail faster than it looks must be stopped as well.
 *   SB3. Notices may be lost: everybody looks a few times in each lease.
 *   SB4. Each host has a probe of its own.
 */
import type { Clock } from "#ports/clock.ts";
import type { Hosts } from "#ports/hosts.ts";
import type { Logger } from "#ports/logger.ts";
import { BreakerMeter, type CountedOutcome } from "../admission/breaker-meter.ts";
import type { OutsideRoom } from "../admission/outside-room.ts";
import { restoreBreaker } from "../admission/restore.ts";
import type { Scheduler } from "../admission/scheduler.ts";

/** Looks in a lease. */
const LOOKS = 3;
/** What comes together is one look. */
const GATHER_MS = 20;

interface SharedBreakersOptions {
  readonly hosts: Hosts;
  readonly slots: Scheduler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly others: () => readonly number[];
}

export class SharedBreakers {
  readonly #options: SharedBreakersOptions;
  /** Those that are open here, as far as is known. */
  readonly #open = new Map<string, BreakerMeter>();
  /** When they were opened or closed here, in looks that had begun. */
  readonly #turned = new WeakMap<BreakerMeter, number>();
  readonly #failedHere = new WeakSet<BreakerMeter>();
  readonly #unlisten: () => void;
  #looks = 0;
  #looking: Promise<void> | null = null;
  #mustLook = false;
  #mustTell = false;
  #cancelGather: (() => void) | null = null;
  #cancelNext: (() => void) | null = null;
  #isClosed = false;

  constructor(options: SharedBreakersOptions) {
    this.#options = options;
    const { slots, hosts } = options;
    const other: OutsideRoom | null = slots.outside;
    slots.outside = {
      ...other,
      made: (meter, gate) => {
        if (meter instanceof BreakerMeter)
          meter.onOutcome = (outcome) => this.#counted(meter, outcome);
        else other?.made(meter, gate);
      },
      short: (line) => other?.short(line),
    };
    this.#unlisten = hosts.onNotice((notice) => {
      if (notice === "breakers") this.#gather();
    });
    this.#armNext();
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten();
    this.#cancelGather?.();
    this.#cancelNext?.();
  }

  #counted(meter: BreakerMeter, { hasFailed, hasTurned }: CountedOutcome): void {
    if (hasTurned) this.#turned.set(meter, this.#looks);
    if (hasFailed) this.#failedHere.add(meter);
    if (meter.openedAtMs === null) this.#open.delete(meter.name);
    else this.#open.set(meter.name, meter);
    if (this.#options.others().length === 0) return;
    if (hasTurned) this.#mustTell = true;
    if (hasTurned || hasFailed) this.#gather();
  }

  #gather(): void {
    if (this.#isClosed || this.#cancelGather !== null) return;
    this.#cancelGather = this.#options.clock.after(GATHER_MS, () => {
      this.#cancelGather = null;
      this.#tellOthers();
      this.#look();
    });
  }

  #armNext(): void {
    const { clock, hosts } = this.#options;
    if (this.#isClosed) return;
    this.#cancelNext = clock.after(hosts.leaseMs / LOOKS, () => {
      this.#look();
      this.#armNext();
    });
  }

  #look(): void {
    this.#mustLook = true;
    this.#looking ??= this.#lookAgain().finally(() => {
      this.#looking = null;
    });
  }

  /** Never rejects. */
  async #lookAgain(): Promise<void> {
    const { hosts, clock, logger } = this.#options;
    while (this.#mustLook && !this.#isClosed) {
      this.#mustLook = false;
      const look = ++this.#looks;
      try {
        const found = (await hosts.openBreakers?.(clock.nowMs())) ?? [];
        if (!this.#isClosed) this.#apply(found, look);
      } catch (error) {
        // The next look comes by itself.
        logger.debug({ error: String(error) }, "breakers of other hosts cannot be looked at");
      }
    }
    this.#tellOthers();
  }

  #apply(found: Awaited<ReturnType<NonNullable<Hosts["openBreakers"]>>>, look: number): void {
    const { slots, clock } = this.#options;
    const now = { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    // Turns that came while this look was under way were noted with its number.
    const isNewer = (meter: BreakerMeter) => (this.#turned.get(meter) ?? 0) >= look;
    const isOpen = new Set(found.map(({ name }) => name));
    for (const breaker of found) {
      const present = slots.meter(breaker.name);
      if (present instanceof BreakerMeter && isNewer(present)) continue;
      const meter = restoreBreaker(slots, breaker, now);
      if (meter === null) continue;
      // Failures of several hosts together have opened it: nobody knows that yet.
      if (!this.#open.has(meter.name) && this.#failedHere.has(meter)) this.#mustTell = true;
      this.#open.set(meter.name, meter);
      slots.look(meter);
    }
    for (const [name, meter] of this.#open) {
      if (isOpen.has(name) || isNewer(meter)) continue;
      this.#open.delete(name);
      meter.closedElsewhere();
      slots.look(meter);
    }
  }

  #tellOthers(): void {
    if (!this.#mustTell) return;
    this.#mustTell = false;
    const { hosts, others, logger } = this.#options;
    for (const host of others())
      hosts.tell(host, "breakers").catch((error: unknown) => {
        logger.debug({ host, error: String(error) }, "a host was not told of a breaker");
      });
  }
}
