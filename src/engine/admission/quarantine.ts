/**
 * Suspects: attempts whose step was lost twice in a row. A step that ends its host (it exhausts the
 * memory, say) takes every attempt beside it along, so a loss proves nothing unless the attempt ran
 * alone. One loss is no suspicion yet: after a power cut thousands would run one after another.
 *
 *   Q1. A suspect starts by a turn of its own: no other one starts until it has run for `aloneMs`
 *       or given a heartbeat, and that is durable (`step.joined`). So thousands of long attempts
 *       are all at work soon, and one that ends its host early does so in its own turn.
 *   Q2. A third loss fails the step (`host_lost`) if no other suspect was at work beside it. Else
 *       it is tried again beside fewer: after n losses it starts where fewer than 10^(5 - n)
 *       suspects are at work. From the fifth loss on it is strictly alone to its end, so the sixth
 *       loss at the latest says whose doing it was, however late the host ends.
 *   Q3. A turn in which nobody waits for the next one goes on: its loss stays a proof.
 */
import type { Clock } from "#ports/clock.ts";
import type { Gate, SlotClaim } from "./claim.ts";
import type { Scheduler } from "./scheduler.ts";
import { SlotMeter } from "./slot-meter.ts";

export const SUSPECT_LOSSES = 2;
/** Held by the one suspect whose turn it is. */
const TURN = "quarantine";
/** Held by every suspect at work. */
export const SUSPECTS = "quarantine:suspects";
const KEY = "lost with their host";
const ALONE_LOSSES = 5;

/** What a suspect must pass after `lost` losses in a row. */
export function suspectGates(lost: number): readonly Gate[] {
  const limit = 10 ** Math.max(0, ALONE_LOSSES - lost);
  return [
    { kind: "quarantine", name: SUSPECTS, key: KEY, limit },
    { kind: "quarantine", name: TURN, key: KEY, limit: 1 },
  ];
}

/** Whether other suspects are at work beside the one that holds `claim`. */
export function isBesideSuspects(scheduler: Scheduler, { gates }: SlotClaim): boolean {
  if (gates?.some(({ name }) => name === SUSPECTS) !== true) return false;
  const meter = scheduler.meter(SUSPECTS);
  return meter instanceof SlotMeter && meter.holders.size > 1;
}

interface TurnsOptions {
  readonly clock: Clock;
  readonly aloneMs: number;
  readonly scheduler: Scheduler;
  /** Tells the run that others may start beside the attempt; ended() once that is durable. */
  readonly join: (claim: SlotClaim) => void;
}

export class SuspectTurns {
  readonly #options: TurnsOptions;
  #slot = "";
  #cancel = () => {};

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** The attempt that was granted `slot` has begun; nothing where it is no suspect. */
  began(slot: string): void {
    if (!this.#isTurnOf(slot)) return;
    this.#cancel();
    this.#slot = slot;
    this.#arm();
  }

  /** A sign of life: whoever says that it works is not what ends its host at once. */
  beat(slot: string): void {
    if (slot === this.#slot) this.#offer();
  }

  /** Q1: it is durable that others may start. */
  ended(slot: string): void {
    if (slot === this.#slot) this.close();
    this.#options.scheduler.giveGate(slot, TURN);
  }

  close(): void {
    this.#cancel();
    this.#slot = "";
  }

  #isTurnOf(slot: string): boolean {
    const meter = this.#options.scheduler.meter(TURN);
    return meter instanceof SlotMeter && meter.holders.has(slot);
  }

  /** Again and again while the turn lasts: what it told may have got lost with a refused commit. */
  #arm(): void {
    const { clock, aloneMs } = this.#options;
    this.#cancel = clock.after(aloneMs, () => {
      if (!this.#isTurnOf(this.#slot)) return;
      this.#offer();
      this.#arm();
    });
  }

  #offer(): void {
    const { scheduler, join } = this.#options;
    const claim = scheduler.holder(this.#slot);
    const lines = scheduler.meter(TURN)?.lines ?? [];
    if (claim === undefined || lines.every(({ queue }) => queue.size === 0)) return;
    const own = claim.gates?.find(({ name }) => name === SUSPECTS);
    if (own !== undefined && "limit" in own && own.limit > 1) join(claim);
  }
}
