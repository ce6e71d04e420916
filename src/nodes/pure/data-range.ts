/**
 * `data.range` counts from one number to another. Items are `start + n * step` rounded to the
 * decimals of both, so that steps of 0.1 give 0.3 and not 0.30000000000000004.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX } from "./collection.ts";
import { fieldFault, limitFault } from "./field-fault.ts";

/** Beyond these a double has no digits left to round. */
const DECIMALS_MAX = 15;

export const dataRange = defineNode({
  type: "data.range",
  title: "Range",
  description: "Makes a list of numbers from `start` towards `end` in steps of `step`.",
  category: "data",
  icon: "list-ordered",
  pure: true,
  config: z.strictObject({
    start: z.number().default(0).describe("The first number"),
    end: z.number().describe("Where it ends"),
    step: z
      .number()
      .refine((step) => step !== 0, { error: "must not be 0" })
      .default(1)
      .describe("From one number to the next; negative counts down"),
    inclusive: z.boolean().default(false).describe("Whether `end` itself belongs to the range"),
    onAway: z
      .enum(["empty", "fail"])
      .default("empty")
      .describe("A step that leads away from the end: an empty list, or an error"),
  }),
  output: z.array(z.number()),
  examples: [
    {
      title: "A step that leads away",
      with: { start: 5, end: 1, onAway: "fail" },
      error: "config_invalid",
    },
    { title: "Three numbers", with: { end: 3 }, output: [0, 1, 2] },
    {
      title: "Up to and with the end",
      with: { start: 1, end: 3, inclusive: true },
      output: [1, 2, 3],
    },
    {
      title: "Down in decimals",
      with: { start: 0.3, end: 0, step: -0.1 },
      output: [0.3, 0.2, 0.1],
    },
  ],
  run({ start, end, step, inclusive, onAway }) {
    if (onAway === "fail" && (end - start) / step < 0)
      throw fieldFault(
        "step",
        `${step} leads away from the end: from ${start} to ${end} it must be ${end < start ? "negative" : "positive"}.`,
      );
    const steps = stepsBetween(start, end, step);
    const count = Math.max(0, inclusive ? Math.floor(steps) + 1 : Math.ceil(steps));
    if (count > ITEMS_MAX)
      throw limitFault(
        "items",
        ITEMS_MAX,
        `The range has ${Number.isFinite(count) ? count : "endlessly many"} numbers, more than ${ITEMS_MAX}.`,
      );
    const decimals = Math.max(decimalsOf(start), decimalsOf(step));
    return Array.from({ length: count }, (_, index) => rounded(start + index * step, decimals));
  },
});

/** How many steps fit, where 2.9999999999999996 means 3. */
function stepsBetween(start: number, end: number, step: number): number {
  const steps = (end - start) / step;
  const whole = Math.round(steps);
  return Math.abs(steps - whole) < 1e-9 * Math.max(1, Math.abs(whole)) ? whole : steps;
}

function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

function rounded(value: number, decimals: number): number {
  return decimals > DECIMALS_MAX || Number.isInteger(value)
    ? value
    : Number(value.toFixed(decimals));
}
