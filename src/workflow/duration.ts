/** Durations of the language: text (`500ms`, `30s`, `2m`, `6h`, `3d`, `1w`) or integer milliseconds. */
import { z } from "zod";
import { DURATION_UNIT_MS, type DurationUnit } from "./expression/library/duration-units.ts";

export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;

export const Duration = z.union([z.int().min(0), z.string().regex(DURATION)]);
export type Duration = z.infer<typeof Duration>;

/** A duration in milliseconds, or null where the text is not one. */
export function durationMs(duration: unknown): number | null {
  if (typeof duration === "number")
    return Number.isInteger(duration) && duration >= 0 ? duration : null;
  const match = typeof duration === "string" ? DURATION.exec(duration) : null;
  if (match === null) return null;
  return Math.round(Number(match[1]) * DURATION_UNIT_MS[match[2] as DurationUnit]);
}
