/** `state.context` sets several named values at once, or gives those that are missing their constants. */
import { z } from "zod";
import type { Json } from "#workflow/json.ts";
import { defineNode } from "../define-node.ts";
import { AnyJson, Name, Scope } from "./state-fields.ts";

export const stateContext = defineNode({
  type: "state.context",
  title: "Context",
  description:
    "Sets several named values in one step, all or none. Constants are set once: setting one again to the same value changes nothing, to another value it fails.",
  category: "state",
  icon: "braces",
  pure: false,
  config: z.strictObject({
    values: z
      .record(Name, AnyJson)
      .refine((values) => Object.keys(values).length <= 100, { error: "has more than 100 names" })
      .describe("The values by name, at most 100."),
    kind: z
      .enum(["variables", "constants"])
      .default("variables")
      .describe("Whether the values may be set again."),
    scope: Scope,
  }),
  errors: ["validation_failed"],
  output: z.strictObject({
    values: z.record(z.string(), AnyJson).describe("The values by name as they are now."),
  }),
  examples: [
    {
      title: "Several variables of the run",
      with: { values: { region: "eu", attempts: 0 } },
      output: { values: { region: "eu", attempts: 0 } },
    },
    {
      title: "Constants of all runs of the workflow",
      with: { values: { currency: "EUR" }, kind: "constants", scope: "workflow" },
      output: { values: { currency: "EUR" } },
    },
  ],
  operation({ values, kind, scope }) {
    const changes = Object.entries(values).map(([name, value]) => ({
      kind: "set" as const,
      ...{ name, value: value as Json },
      ...(kind === "constants" ? { once: true } : {}),
    }));
    return { kind: "values", scope, changes, answers: "values" };
  },
});
