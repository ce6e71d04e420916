/**
 * What `with` of each control step holds once its expressions were evaluated, bare fields left
 * out: see control-steps.ts.
 */
import { z } from "zod";
import { Duration } from "./duration.ts";

export const DEFAULT_ITEM_NAME = "item";

const Expires = Duration.optional().meta({ description: "How long it waits; without it for ever" });
const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);

export const RangeItems = z.strictObject({
  start: z.int().meta({ description: "The first number" }),
  end: z.int().meta({ description: "Exclusive" }),
  step: z
    .int()
    .refine((step) => step !== 0, "must not be 0")
    .optional()
    .meta({ description: "From one number to the next; default 1" }),
});

/** An array, a stream, an object (its entries) or `{ range }`, which is an object with that one key. */
const Items = z.union([
  z.array(z.unknown()),
  z.strictObject({ range: RangeItems.meta({ description: "Numbers instead of a list" }) }),
  z
    .record(z.string(), z.unknown())
    .refine((entries) => Object.keys(entries).join() !== "range", "range must hold start and end"),
]);

/** Whether the items of a for_each are a stream; whether it can be read shows when it is. */
export function areStream(items: unknown): boolean {
  if (typeof items !== "object" || items === null) return false;
  return Object.keys(items).join() === "$stream";
}

export const ForEachConfig = z.strictObject({
  items: Items.meta({
    description: "A list, an object (its entries), a range, or a stream of records",
  }),
  as: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "must be an identifier")
    .default(DEFAULT_ITEM_NAME)
    .meta({ description: "The name of the item inside" }),
  concurrency: z
    .int()
    .min(1)
    .max(10_000)
    .default(16)
    .meta({ description: "Items in work at the same time" }),
  onItemError: z
    .enum(["fail", "continue"])
    .default("fail")
    .meta({ description: "continue: a failed item is null in the result" }),
  batch: z
    .int()
    .min(1)
    .optional()
    .meta({ description: "Items handed to one pass as a list; without it one item" }),
  collect: z.boolean().default(true).meta({ description: "false: results are not kept" }),
});

export const WhileConfig = z.strictObject({
  check: z
    .enum(["before", "after"])
    .default("before")
    .meta({ description: "When the condition is looked at: before or after a pass" }),
  maxIterations: z
    .int()
    .min(1)
    .max(1_000_000)
    .meta({ description: "Passes after which the step fails" }),
  carry: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ description: "First values; `update` gives the next ones" }),
});

export const ParallelConfig = z.strictObject({
  join: z
    .enum(["all", "any", "first"])
    .default("all")
    .meta({ description: "Waits for all branches, one that succeeds, or the first that ends" }),
});
export const IfConfig = z.strictObject({});
export const SwitchConfig = z.strictObject({
  value: z.json().meta({ description: "What the cases are compared with" }),
});
export const TryConfig = z.strictObject({});
export const SagaConfig = z.strictObject({});

export const WorkflowRunConfig = z.strictObject({
  workflow: z.string().min(1).meta({ description: "The name of the workflow" }),
  version: z
    .union([z.int().min(1), z.literal("latest")])
    .optional()
    .meta({
      description:
        "Default: the newest when the outermost run started; `latest`: the newest when the step runs",
    }),
  input: z.json().optional().meta({ description: "The input of the run" }),
  wait: z.boolean().default(true).meta({ description: "false: the step only starts the run" }),
  onParentEnd: z
    .enum(["cancel", "abandon"])
    .default("cancel")
    .meta({ description: "What becomes of the run when this one is told to stop" }),
});

export const WaitForConfig = z.strictObject({
  duration: Duration.meta({ description: "`30s`, `2h`, or milliseconds" }),
});
export const WaitUntilConfig = z.strictObject({
  at: z
    .union([z.int().min(0), z.iso.datetime({ offset: true })])
    .meta({ description: "ISO 8601 with an offset, or epoch milliseconds" }),
});
export const WaitSignalConfig = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: "The name of the signal" }),
  key: z
    .union([z.string(), z.number()])
    .optional()
    .meta({ description: "Only a signal with the same key fits; numbers are compared as text" }),
  schema: JsonSchema.optional().meta({ description: "JSON Schema that a payload must fit" }),
  expires: Expires,
});
export const WaitApprovalConfig = z.strictObject({
  title: z.string().min(1).meta({ description: "What is asked" }),
  description: z.string().optional().meta({ description: "More about it" }),
  form: JsonSchema.optional().meta({ description: "JSON Schema of what the person fills in" }),
  assignees: z
    .array(z.string())
    .optional()
    .meta({ description: "Who is asked; for people to read" }),
  expires: Expires,
});
export const FailConfig = z.strictObject({
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/i, "must be words joined by dots, like user.no_stock")
    .default("failed")
    .meta({ description: "The code of the error" }),
  message: z
    .string()
    .default("The workflow failed by a fail step.")
    .meta({ description: "The message of the error" }),
  details: z.json().optional().meta({ description: "More for machines" }),
});
export const StopConfig = z.strictObject({
  output: z.json().optional().meta({ description: "The output of the run" }),
});
export const WorkflowContinueConfig = z.strictObject({
  input: z
    .json()
    .optional()
    .meta({ description: "The successor's input; default: that of this run" }),
  version: z
    .literal("latest")
    .optional()
    .meta({ description: "Without it the successor is of the same version" }),
});
