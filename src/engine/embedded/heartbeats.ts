/**
 * The heartbeats of one attempt: the first is told at once, those that follow within a second are
 * told together, the newest standing for all. Made when a node first beats.
 *
 *   B1. What is told is plain JSON of at most HEARTBEAT_SIZE_MAX characters, as it was when the node beat: a copy,
 *       since a node counts up in what it beats with.
 *   B2. What was still held back is told before the attempt's outcome (flush).
 */
import { toOwnJson } from "#nodes/pure/plain-json.ts";
import type { Clock } from "#ports/clock.ts";
import type { HeartbeatReport } from "./attempts.ts";

const EVERY_MS = 1_000;
/** Characters of JSON of one heartbeat. */
export const HEARTBEAT_SIZE_MAX = 64 * 1024;
const NOTE_LENGTH_MAX = 500;

export interface HeartbeatHost {
  readonly clock: Clock;
  tell(beat: HeartbeatReport): void;
}

export class Heartbeats {
  readonly #host: HeartbeatHost;
  #held: HeartbeatReport | null = null;
  #cancel: (() => void) | null = null;

  constructor(host: HeartbeatHost) {
    this.#host = host;
  }

  /** Throws where `details` is no plain JSON or too large. */
  beat(details: unknown): void {
    const value = details === undefined ? undefined : toOwnJson(details, HEARTBEAT_SIZE_MAX);
    this.#hold({ value, progress: this.#held?.progress ?? null });
  }

  progress(fraction: number, note?: string): void {
    const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
    const text = note?.slice(0, NOTE_LENGTH_MAX);
    const progress = { fraction: bounded, ...(text === undefined ? {} : { note: text }) };
    this.#hold({ value: this.#held?.value, progress });
  }

  /** Tells what is held back, if anything is. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#host.tell(held);
  }

  #hold(beat: HeartbeatReport): void {
    this.#held = beat;
    if (this.#cancel !== null) return;
    const { clock, tell } = this.#host;
    this.#held = null;
    tell(beat);
    this.#cancel = clock.after(EVERY_MS, () => {
      this.#cancel = null;
      const held = this.#held;
      if (held !== null) this.#hold(held);
    });
  }
}
