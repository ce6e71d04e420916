/** Every example of every pure node gives exactly the output that stands beside it. */
import { describe, expect, it } from "vitest";
import { runPure } from "#nodes/attempt.ts";
import { pureNodes } from "#nodes/pure/pure-nodes.ts";
import { evaluateWith } from "../evaluate-with.ts";

const examples = pureNodes.flatMap((definition) =>
  definition.examples.map((example) => ({ definition, example, type: definition.type })),
);

describe("examples of pure nodes", () => {
  it("has at least two for every type", () => {
    for (const { type, examples: own } of pureNodes)
      expect({ type, count: own.length }).toEqual({ type, count: expect.toSatisfy((n) => n >= 2) });
  });

  it.each(examples)("$type: $example.title", ({ definition, example }) => {
    const result = runPure(definition, evaluateWith(definition, example.with));
    expect(result).toEqual({ ok: true, output: example.output });
    const again = runPure(definition, evaluateWith(definition, example.with));
    expect(JSON.stringify(again)).toBe(JSON.stringify(result));
  });
});
