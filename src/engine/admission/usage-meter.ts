/**
 * Quotas of hours and days, of one tenant or workflow: nothing passes while one of them is used up. Steps
 * that were granted and are not committed yet take up room, so that a host never starts more than there
 * is; of time and processor time nobody knows beforehand what an attempt takes, and what is under way
 * goes on.
 */
import type { Gate, SlotClaim, UsageGate } from "./claim.ts";
import type { Line, Meter } from "./line.ts";
import type { UsageWindow } from "./usage-window.ts";

/** What was granted is soon committed, or given back. */
const LOOK_AGAIN_MS = 1_000;

export class UsageMeter implements Meter {
  readonly name: string;
  readonly lines: Line[] = [];
  readonly #windows: readonly UsageWindow[];
  readonly #wallMs: () => number;

  constructor({ name, windows }: UsageGate, wallMs: () => number) {
    this.name = name;
    this.#windows = windows;
    this.#wallMs = wallMs;
  }

  room(): number {
    const nowMs = this.#wallMs();
    let room = Number.POSITIVE_INFINITY;
    for (const window of this.#windows) {
      const left = window.limit - window.used(nowMs);
      if (isOfSteps(window)) room = Math.min(room, Math.ceil(left) - window.granted.size);
      else if (left <= 0) return 0;
    }
    return room;
  }

  take({ slot }: SlotClaim): void {
    for (const window of this.#windows) if (isOfSteps(window)) window.granted.add(slot);
  }

  give(slot: string): boolean {
    let isFreed = false;
    for (const { granted } of this.#windows) isFreed = granted.delete(slot) || isFreed;
    return isFreed;
  }

  freesAtMs(_gate: Gate, _ahead: number, nowMs: number): number {
    const forMs = Math.max(...this.#windows.map((window) => window.usedUpForMs()));
    return nowMs + (forMs || LOOK_AGAIN_MS);
  }

  /** What is counted lies in the windows. */
  isIdle(): boolean {
    return this.#windows.every(({ granted }) => granted.size === 0);
  }
}

function isOfSteps({ of }: UsageWindow): boolean {
  return of.field === "steps";
}
