/** `state.variable` reads, sets and deletes a named value. */
import { z } from "zod";
import type { StateChange } from "#workflow/state-operation.ts";
import { defineNode } from "../define-node.ts";
import { AnyJson, Name, Scope } from "./state-fields.ts";

export const stateVariable = defineNode({
  type: "state.variable",
  title: "Variable",
  description:
    "Reads, sets or deletes a named value of the run, the workflow or the tenant. A value of the run that `vars` declares is also read as `vars.<name>`. The output has the value, the one before, and whether there was one.",
  category: "state",
  icon: "variable",
  pure: false,
  config: z
    .strictObject({
      name: Name.describe("Name of the value."),
      operation: z
        .enum(["get", "set", "delete"])
        .default("get")
        .describe("What to do; `get` changes nothing."),
      value: AnyJson.optional().describe("set: the new value, any JSON of up to 64 Ki characters."),
      default: AnyJson.optional().describe("get: the answer where there is no value; else null."),
      scope: Scope,
    })
    .refine(({ operation, value }) => (operation === "set") === (value !== undefined), {
      error: "goes with operation set, and set needs it",
      path: ["value"],
    }),
  output: z.strictObject({
    value: AnyJson.describe("What the name holds now; get: the default where it holds nothing."),
    previous: AnyJson.describe("What it held before; null: nothing."),
    existed: z.boolean().describe("Whether it held anything before."),
  }),
  examples: [
    {
      title: "Set a value that all runs of the workflow see",
      with: { name: "cursor", operation: "set", value: "2026-01-31", scope: "workflow" },
      output: { value: "2026-01-31", previous: null, existed: false },
    },
    {
      title: "Read one that may not be there",
      with: { name: "cursor", default: "1970-01-01", scope: "workflow" },
      output: { value: "1970-01-01", previous: null, existed: false },
    },
  ],
  operation({ name, operation, value = null, default: otherwise = null, scope }) {
    const changes: Record<typeof operation, StateChange> = {
      get: { kind: "get", name, otherwise },
      set: { kind: "set", name, value },
      delete: { kind: "delete", name },
    };
    return { kind: "values", scope, changes: [changes[operation]], answers: "change" };
  },
});
