/** Node types that a user adds, as the recorded engine's tests had them: they get `inputs`. */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "#nodes/define-node.ts";

const user = { category: "user", icon: "circle", pure: true, output: z.unknown() } as const;
const inputs = z.array(z.unknown()).default([]);

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new NodeError("config_invalid", `The input must be a text, not a ${typeof value}.`);
}

export const ownNodes = [
  defineNode({
    ...user,
    type: "reverse_string",
    title: "Reverse a text",
    description: "Gives the text backwards.",
    config: z.looseObject({ inputs }),
    run: ({ inputs: [text] }) => [...textOf(text)].reverse().join(""),
  }),
  defineNode({
    ...user,
    type: "multiply_by_n",
    title: "Multiply",
    description: "Multiplies by a factor.",
    config: z.looseObject({ inputs, factor: z.number() }),
    run: ({ inputs: [value], factor }) => Number(value) * factor,
  }),
  defineNode({
    ...user,
    type: "concat_prefix",
    title: "Join with a prefix",
    description: "Puts a prefix before each text and joins them.",
    config: z.looseObject({ inputs, prefix: z.string() }),
    run: ({ inputs: texts, prefix }) => texts.map((text) => prefix + textOf(text)).join(" "),
  }),
  defineNode({
    ...user,
    type: "bad_executor",
    title: "Constant",
    description: "Gives a constant.",
    config: z.looseObject({ inputs }),
    run: () => "bad",
  }),
];
