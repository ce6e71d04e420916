/** `state.accumulator` gathers values of many steps or runs into one. */
import { z } from "zod";
import type { Json } from "#workflow/json.ts";
import type { Accumulation } from "#workflow/state-operation.ts";
import { defineNode } from "../define-node.ts";
import { AnyJson, Name, Scope } from "./state-fields.ts";

const INITIAL: Record<Accumulation, Json> = { sum: 0, product: 1, concat: "", array: [], count: 0 };

export const stateAccumulator = defineNode({
  type: "state.accumulator",
  title: "Accumulator",
  description:
    "Takes a value into a named one: adds or multiplies numbers, joins texts, appends to a list, or counts. Each step is taken in exactly once.",
  category: "state",
  icon: "layers",
  pure: false,
  config: z.strictObject({
    name: Name.describe("Name of the gathered value."),
    operation: z
      .enum(["sum", "product", "concat", "array", "count"])
      .default("sum")
      .describe("How the value is taken in."),
    value: AnyJson.optional().describe("What is taken in; `count` needs none."),
    initial: AnyJson.optional().describe(
      'Where it begins: 0, 1 for product, "" for concat, [] for array.',
    ),
    scope: Scope,
  }),
  errors: ["validation_failed"],
  output: z.strictObject({
    value: AnyJson.describe("The gathered value after the step."),
    previous: AnyJson.describe("The one before; null: there was none."),
    existed: z.boolean().describe("Whether there was one before."),
  }),
  examples: [
    {
      title: "The sum of all orders of the run",
      with: { name: "total", value: 12.5 },
      output: { value: 12.5, previous: null, existed: false },
    },
    {
      title: "A list that all runs of the workflow append to",
      with: { name: "seen", operation: "array", value: { id: 7 }, scope: "workflow" },
      output: { value: [{ id: 7 }], previous: null, existed: false },
    },
  ],
  operation({ name, operation: how, value = null, initial = INITIAL[how], scope }) {
    const change = { kind: "accumulate", name, how, value, initial } as const;
    return { kind: "values", scope, changes: [change], answers: "change" };
  },
});
