/** Meters to look at again when time has made room: at most one wake is armed for each. */
import type { Clock } from "#ports/clock.ts";
import type { Meter } from "./line.ts";

export class Wakes {
  readonly #clock: Clock;
  readonly #onWake: (meter: Meter) => void;
  readonly #armed = new Map<Meter, { readonly atMs: number; readonly cancel: () => void }>();

  constructor(clock: Clock, onWake: (meter: Meter) => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  /** Wakes when time lets one of the meter's lines move on; nobody waits there: not at all. */
  arm(meter: Meter): void {
    const armed = this.#armed.get(meter);
    const atMs = this.#freesAtMs(meter);
    if (armed !== undefined && atMs !== null && armed.atMs <= atMs) return;
    armed?.cancel();
    this.#armed.delete(meter);
    if (atMs === null) return;
    const delayMs = Math.max(1, Math.ceil(atMs - this.#clock.monotonicMs()));
    const cancel = this.#clock.after(delayMs, () => {
      this.#armed.delete(meter);
      this.#onWake(meter);
      this.arm(meter);
    });
    this.#armed.set(meter, { atMs, cancel });
  }

  clear(): void {
    for (const { cancel } of this.#armed.values()) cancel();
    this.#armed.clear();
  }

  #freesAtMs(meter: Meter): number | null {
    const nowMs = this.#clock.monotonicMs();
    let earliest: number | null = null;
    for (const { gate, queue } of meter.lines) {
      const atMs = queue.size === 0 ? null : meter.freesAtMs(gate, 0, nowMs);
      if (atMs !== null) earliest = Math.min(earliest ?? atMs, atMs);
    }
    return earliest;
  }
}
