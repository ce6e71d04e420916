/** Node types that a user adds, as the recorded engine's tests had them: they get `inputs`. */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "#nodes/define-node.ts";

const user = { category: "user", icon: "circle", output: z.unknown() } as const;
const inputs = z.array(z.unknown()).default([]);

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new NodeError("config_invalid", `The input must be a text, not a ${typeof value}.`);
}

export const ownNodes = [
  defineNode({
    ...user,
    pure: true,
    type: "reverse_string",
    title: "Reverse a text",
    description: "Gives the text backwards.",
    config: z.looseObject({ inputs }),
    run: (config) => [...textOf(config.inputs[0])].reverse().join(""),
  }),
  defineNode({
    ...user,
    pure: true,
    type: "multiply_by_n",
    title: "Multiply",
    description: "Multiplies by a factor.",
    config: z.looseObject({ inputs, factor: z.number() }),
    run: (config) => Number(config.inputs[0]) * config.factor,
  }),
  defineNode({
    ...user,
    pure: true,
    type: "concat_prefix",
    title: "Join with a prefix",
    description: "Puts a prefix before each text and joins them.",
    config: z.looseObject({ inputs, prefix: z.string() }),
    run: ({ inputs: texts, prefix }) => texts.map((text) => prefix + textOf(text)).join(" "),
  }),
  defineNode({
    ...user,
    pure: true,
    type: "bad_executor",
    title: "Constant",
    description: "Gives a constant.",
    config: z.looseObject({ inputs }),
    run: () => "bad",
  }),
];
