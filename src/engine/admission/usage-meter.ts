/**
 * A quota of an hour or a day: nothing passes while it is used up. Steps that were granted and are not
 * committed yet take up room, so that a host never starts more than there is; of time and processor
 * time nobody knows beforehand what an attempt takes, and what is under way goes on.
 */
import type { Gate, SlotClaim } from "./claim.ts";
import type { Line, Meter } from "./line.ts";

/** What was granted is soon committed, or given back. */
const LOOK_AGAIN_MS = 1_000;

export class UsageMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  readonly #window: Extract<Gate, { readonly kind: "usage" }>["window"];

  constructor(gate: Extract<Gate, { readonly kind: "usage" }>) {
    this.name = gate.name;
    this.#window = gate.window;
  }

  room(): number {
    const { limit, granted, of } = this.#window;
    const left = limit - this.#window.used();
    if (of.field !== "steps") return left > 0 ? Number.POSITIVE_INFINITY : 0;
    return Math.ceil(left) - granted.size;
  }

  take({ slot }: SlotClaim): void {
    if (this.#window.of.field === "steps") this.#window.granted.add(slot);
  }

  give(slot: string): boolean {
    return this.#window.granted.delete(slot);
  }

  freesAtMs(_gate: Gate, _ahead: number, nowMs: number): number {
    return nowMs + (this.#window.usedUpForMs() || LOOK_AGAIN_MS);
  }

  /** What is counted lies in the window. */
  isIdle(): boolean {
    return this.#window.granted.size === 0;
  }
}
