/**
 * What `with` of each control step holds once its expressions were evaluated, bare fields left
 * out: see control-steps.ts.
 */
import { z } from "zod";
import { Duration } from "./definition.ts";

export const DEFAULT_ITEM_NAME = "item";

const Expires = Duration.optional();
const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);

export const RangeItems = z.strictObject({
  start: z.int(),
  /** Exclusive. */
  end: z.int(),
  step: z
    .int()
    .refine((step) => step !== 0, "must not be 0")
    .optional(),
});

/** An array, an object (its entries) or `{ range }`, which is an object with that one key. */
const Items = z.union([
  z.array(z.unknown()),
  z.strictObject({ range: RangeItems }),
  z
    .record(z.string(), z.unknown())
    .refine((entries) => Object.keys(entries).join() !== "range", "range must hold start and end"),
]);

export const ForEachConfig = z.strictObject({
  items: Items,
  as: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "must be an identifier")
    .default(DEFAULT_ITEM_NAME),
  /** Items in work at the same time. */
  concurrency: z.int().min(1).max(10_000).default(16),
  onItemError: z.enum(["fail", "continue"]).default("fail"),
  /** Items handed to one instance as an array; absent: one item. */
  batch: z.int().min(1).optional(),
  /** false: results are not kept. */
  collect: z.boolean().default(true),
});

export const WhileConfig = z.strictObject({
  check: z.enum(["before", "after"]).default("before"),
  maxIterations: z.int().min(1).max(1_000_000),
  /** First values; `update` gives the next ones. */
  carry: z.record(z.string(), z.unknown()).default({}),
});

export const ParallelConfig = z.strictObject({
  join: z.enum(["all", "any", "first"]).default("all"),
});
export const IfConfig = z.strictObject({});
export const SwitchConfig = z.strictObject({ value: z.json() });
export const TryConfig = z.strictObject({});
export const SagaConfig = z.strictObject({});

export const WorkflowRunConfig = z.strictObject({
  workflow: z.string().min(1),
  /** Default: the newest when the step runs. */
  version: z.int().min(1).optional(),
  input: z.json().optional(),
  wait: z.boolean().default(true),
  onParentEnd: z.enum(["cancel", "abandon"]).default("cancel"),
});

export const WaitForConfig = z.strictObject({ duration: Duration });
export const WaitUntilConfig = z.strictObject({
  /** ISO 8601 with an offset, or epoch milliseconds. */
  at: z.union([z.int().min(0), z.iso.datetime({ offset: true })]),
});
export const WaitSignalConfig = z.strictObject({
  name: z.string().min(1).max(200),
  /** Numbers are compared as text. */
  key: z.union([z.string(), z.number()]).optional(),
  schema: JsonSchema.optional(),
  expires: Expires,
});
export const WaitApprovalConfig = z.strictObject({
  title: z.string().min(1),
  description: z.string().optional(),
  /** JSON Schema of what the person fills in. */
  form: JsonSchema.optional(),
  assignees: z.array(z.string()).optional(),
  expires: Expires,
});
export const FailConfig = z.strictObject({
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/i, "must be words joined by dots, like user.no_stock")
    .default("failed"),
  message: z.string().default("The workflow failed by a fail step."),
  details: z.json().optional(),
});
export const StopConfig = z.strictObject({ output: z.json().optional() });
export const WorkflowContinueConfig = z.strictObject({
  /** The successor's input; default: that of this run. */
  input: z.json().optional(),
  /** Absent: the successor is of the same version. */
  version: z.literal("latest").optional(),
});
