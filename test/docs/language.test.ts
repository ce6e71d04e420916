import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkDefinition } from "#workflow/check.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { formatProblem } from "#workflow/problem.ts";
import { fakeNodes } from "../workflow/fake-nodes.ts";
import { runBuilderCode } from "../workflow/run-builder-code.ts";
import { edgeTable, problemTable, ruleTable } from "./language-tables.ts";

const text = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
const blocks = [...text.matchAll(/```(yaml|ts)\n(.*?)```/gs)].map(([, kind, code]) => ({
  kind: kind ?? "",
  code: code ?? "",
}));
const examples = blocks.flatMap((block, at) => {
  const next = blocks[at + 1];
  const name = /^name: (\S+)/m.exec(block.code)?.[1] ?? "?";
  return block.kind === "yaml" ? [{ name, yaml: block.code, next }] : [];
});

describe("docs/language.md", () => {
  it("has a TypeScript form beside every YAML form", () => {
    expect(examples.length).toBeGreaterThanOrEqual(11);
    expect(blocks.length).toBe(examples.length * 2);
    for (const { next } of examples) expect(next?.kind).toBe("ts");
  });

  it.each(examples)("$name is valid, and the same in YAML and TypeScript", ({ yaml, next }) => {
    const parsed = parseWorkflow(yaml, { nodes: fakeNodes });
    expect(parsed.problems.map(formatProblem)).toEqual([]);
    const built = checkDefinition(runBuilderCode(next?.code ?? ""), { nodes: fakeNodes });
    expect(built.problems.map(formatProblem)).toEqual([]);
    expect(built.definition).toEqual(parsed.definition);
    expect(built.plan?.hash).toBe(parsed.plan?.hash);
  });

  it("shows every control step", () => {
    const yaml = examples.map((example) => example.yaml).join("\n");
    for (const kind of CONTROL_STEPS.keys()) expect(yaml).toContain(`uses: ${kind}`);
  });

  it.each([
    ["edges", edgeTable()],
    ["rules", ruleTable()],
    ["problems", problemTable()],
  ])("has the table of %s as the code has it", (name, expected) => {
    const found = new RegExp(`<!-- ${name} -->\n(.*?)\n<!-- /${name} -->`, "s").exec(text)?.[1];
    expect(found).toBe(expected);
  });
});
