/** `state.counter` counts: every step that counts gets a number of its own, in every scope. */
import { z } from "zod";
import type { StateChange } from "#workflow/state-operation.ts";
import { defineNode } from "../define-node.ts";
import { AnyJson, Name, Scope } from "./state-fields.ts";

export const stateCounter = defineNode({
  type: "state.counter",
  title: "Counter",
  description:
    "Adds to a named number, or reads or resets it. Each step counts exactly once, whatever is retried or crashes, and steps that count at the same time each get another number.",
  category: "state",
  icon: "hash",
  pure: false,
  config: z.strictObject({
    name: Name.describe("Name of the counter."),
    operation: z
      .enum(["increment", "decrement", "reset", "get"])
      .default("increment")
      .describe("What to do; `reset` sets it to `initial`, `get` changes nothing."),
    by: z.number().default(1).describe("increment, decrement: how much."),
    initial: z.number().default(0).describe("Where a counter begins that is not there yet."),
    scope: Scope,
  }),
  errors: ["validation_failed"],
  output: z.strictObject({
    value: z.number().describe("The number after the step."),
    previous: AnyJson.describe("The number before it; null: there was none."),
    existed: z.boolean().describe("Whether there was a number before."),
  }),
  examples: [
    {
      title: "The next invoice number of all workflows",
      with: { name: "invoice", initial: 1000, scope: "tenant" },
      output: { value: 1001, previous: null, existed: false },
    },
    {
      title: "Count down",
      with: { name: "left", operation: "decrement", by: 2, initial: 10 },
      output: { value: 8, previous: null, existed: false },
    },
  ],
  operation({ name, operation, by, initial, scope }) {
    const changes: Record<typeof operation, StateChange> = {
      increment: { kind: "add", name, by, initial },
      decrement: { kind: "add", name, by: -by, initial },
      reset: { kind: "set", name, value: initial },
      get: { kind: "get", name, otherwise: initial },
    };
    return { kind: "values", scope, changes: [changes[operation]], answers: "change" };
  },
});
