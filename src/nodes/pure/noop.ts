/** `noop` does nothing and passes its value on: a place to meet, and a placeholder while drawing. */
import { z } from "zod";
import { defineNode } from "../define-node.ts";

export const noop = defineNode({
  type: "noop",
  title: "No operation",
  description: "Does nothing; its output is its `value`.",
  category: "control",
  icon: "circle",
  pure: true,
  config: z.strictObject({
    value: z.unknown().optional().describe("Becomes the output; null without one"),
  }),
  output: z.unknown(),
  examples: [
    { title: "Nothing at all", with: {}, output: null },
    { title: "A value passed on", with: { value: { a: 1 } }, output: { a: 1 } },
  ],
  handsOn: "value",
  run: ({ value }) => value ?? null,
});
