/** Chance from the machine: the adapter of the Random port in production (jitter, never secrets). */
import type { Random } from "#ports/clock.ts";

export const systemRandom: Random = { next: () => Math.random() };
