/**
 * The meters of a scheduler by name: made when a gate is met for the first time, dropped when
 * nothing would be forgotten with them. Keys of workflows come and go by the million.
 */
import type { Clock } from "#ports/clock.ts";
import { BreakerMeter } from "./breaker-meter.ts";
import type { Gate } from "./claim.ts";
import { isUnused, type Meter } from "./line.ts";
import { RateMeter } from "./rate-meter.ts";
import { SlotMeter } from "./slot-meter.ts";
import { UsageMeter } from "./usage-meter.ts";

/** Meters that nothing would be forgotten with are looked for when this many more exist. */
const SWEEP_MIN = 1_000;

export class Meters {
  readonly #clock: Clock;
  readonly #made: (meter: Meter, gate: Gate) => void;
  readonly #byName = new Map<string, Meter>();
  #sweepAt = SWEEP_MIN;

  constructor(clock: Clock, made: (meter: Meter, gate: Gate) => void) {
    this.#clock = clock;
    this.#made = made;
  }

  get(name: string): Meter | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<Meter> {
    return this.#byName.values();
  }

  /** The meter behind `gate`, made if need be. */
  of(gate: Gate): Meter {
    const present = this.#byName.get(gate.name);
    if (present !== undefined) return present;
    if (this.#byName.size >= this.#sweepAt) this.#sweep();
    const meter = newMeter(gate, this.#clock);
    this.#byName.set(gate.name, meter);
    this.#made(meter, gate);
    return meter;
  }

  /** Drops a meter of slots that nobody holds or waits for; the others are swept. */
  forget(meter: Meter): void {
    if (meter instanceof SlotMeter && meter.isIdle() && isUnused(meter))
      this.#byName.delete(meter.name);
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, meter] of this.#byName)
      if (isUnused(meter) && meter.isIdle(nowMs)) this.#byName.delete(name);
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * this.#byName.size);
  }
}

function newMeter(gate: Gate, clock: Clock): Meter {
  switch (gate.kind) {
    case "rate_limit":
      return new RateMeter(gate.name);
    case "circuit_breaker":
      return new BreakerMeter(gate.name);
    case "usage":
      return new UsageMeter(gate, () => clock.nowMs());
    default:
      return new SlotMeter(gate.name);
  }
}
