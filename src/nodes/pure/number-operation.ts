/**
 * `number.operation` calculates. Operations of several numbers go from left to right. A result that
 * is no finite number (a division by zero, a root of -1) is an error, never NaN.
 */
import { z } from "zod";
import { OBJECT_FUNCTIONS } from "#workflow/expression/library/objects.ts";
import { defineNode } from "../define-node.ts";
import { ITEMS_MAX } from "./collection.ts";
import { fieldFault } from "./field-fault.ts";
import { callLibrary } from "./library-call.ts";

/** Of the result so far and the next number. */
const PAIRS = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => left * right,
  divide: (left, right) => left / right,
  modulo: (left, right) => left % right,
  power: (left, right) => left ** right,
} as const satisfies Record<string, (left: number, right: number) => number>;

/** Of any number of numbers. */
const LISTS = {
  min: (numbers) => numbers.reduce((least, number) => Math.min(least, number)),
  max: (numbers) => numbers.reduce((most, number) => Math.max(most, number)),
  average: (numbers) => numbers.reduce((sum, number) => sum + number) / numbers.length,
} as const satisfies Record<string, (numbers: readonly number[]) => number>;

/** Of one number. */
const SINGLES = {
  absolute: Math.abs,
  negate: (number) => -number,
  sign: Math.sign,
  // Rounded to `digits`, which are 0 then.
  round: (number) => number,
  floor: Math.floor,
  ceil: Math.ceil,
  truncate: Math.trunc,
  square_root: Math.sqrt,
} as const satisfies Record<string, (number: number) => number>;

const OPERATIONS = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "modulo",
  "power",
  "min",
  "max",
  "average",
  "absolute",
  "negate",
  "sign",
  "round",
  "floor",
  "ceil",
  "truncate",
  "square_root",
  "clamp",
] as const;

type Operation = (typeof OPERATIONS)[number];

export const numberOperation = defineNode({
  type: "number.operation",
  title: "Number operation",
  description:
    "Calculates: add, subtract, multiply, divide, modulo, power, min, max, average of several numbers; absolute, round, square_root and the like of one.",
  category: "text",
  icon: "calculator",
  pure: true,
  config: z
    .strictObject({
      operation: z
        .enum(OPERATIONS)
        .describe("What is calculated; modulo has the sign of the first number"),
      numbers: z
        .array(z.number())
        .min(1)
        .max(ITEMS_MAX)
        .describe("The numbers, from left to right: `[10, 2, 3]` divided is 10 / 2 / 3"),
      min: z.number().optional().describe("clamp: the least result"),
      max: z.number().optional().describe("clamp: the greatest result"),
      digits: z
        .int()
        .min(0)
        .max(20)
        .optional()
        .describe("Decimals to which the result is rounded, half away from zero"),
    })
    .refine(
      ({ operation, min, max }) =>
        operation === "clamp" || (min === undefined && max === undefined),
      { error: "min and max are limits for clamp only", path: ["min"] },
    )
    .refine(({ operation, numbers }) => !Object.hasOwn(PAIRS, operation) || numbers.length >= 2, {
      error: ({ input }) => `needs at least two for ${operationOf(input)}`,
      path: ["numbers"],
    })
    .refine(
      ({ operation, numbers }) =>
        Object.hasOwn(PAIRS, operation) || Object.hasOwn(LISTS, operation) || numbers.length === 1,
      { error: ({ input }) => `must be one for ${operationOf(input)}`, path: ["numbers"] },
    )
    .refine(({ min, max }) => min === undefined || max === undefined || min <= max, {
      error: "must not be greater than max",
      path: ["min"],
    }),
  output: z.number(),
  examples: [
    { title: "A sum", with: { operation: "add", numbers: [1, 2, 3.5] }, output: 6.5 },
    {
      title: "A price, rounded",
      with: { operation: "multiply", numbers: [19.99, 1.19], digits: 2 },
      output: 23.79,
    },
    { title: "A remainder", with: { operation: "modulo", numbers: [-7, 3] }, output: -1 },
    {
      title: "A division by zero",
      with: { operation: "divide", numbers: [1, 0] },
      error: "config_invalid",
    },
    {
      title: "Within limits",
      with: { operation: "clamp", numbers: [120], min: 0, max: 100 },
      output: 100,
    },
  ],
  run({ operation, numbers, min, max, digits }) {
    const result = calculated(operation, numbers, { min, max });
    if (!Number.isFinite(result))
      throw fieldFault("numbers", `${operation} of ${shown(numbers)} gives no finite number.`);
    const decimals = digits ?? (operation === "round" ? 0 : null);
    if (decimals === null) return result;
    return callLibrary("digits", () =>
      OBJECT_FUNCTIONS.get("roundTo")?.([result, decimals]),
    ) as number;
  },
});

function calculated(
  operation: Operation,
  numbers: readonly number[],
  { min, max }: { readonly min: number | undefined; readonly max: number | undefined },
): number {
  if (operation in PAIRS) {
    const apply = PAIRS[operation as keyof typeof PAIRS];
    return numbers.reduce((result, number) => {
      if (number === 0 && (operation === "divide" || operation === "modulo"))
        throw fieldFault("numbers", `${operation} of ${shown(numbers)} divides by zero.`);
      return apply(result, number);
    });
  }
  if (operation in LISTS) return LISTS[operation as keyof typeof LISTS](numbers);
  const [number = 0] = numbers;
  if (operation === "clamp") return Math.min(Math.max(number, min ?? -Infinity), max ?? Infinity);
  return SINGLES[operation as keyof typeof SINGLES](number);
}

function operationOf(input: unknown): string {
  return String((input as { readonly operation?: unknown } | undefined)?.operation);
}

function shown(numbers: readonly number[]): string {
  return numbers.length > 5 ? `${numbers.slice(0, 5).join(", ")}, …` : numbers.join(", ");
}
