/** Whatever a document shows as a whole workflow is one: it parses, checks and plans as it stands. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { parseWorkflow } from "#workflow/parse.ts";

interface Block {
  readonly where: string;
  readonly format: "yaml" | "json";
  readonly text: string;
}

/** Fenced blocks that begin a definition (`language: 1`), with the line they start on. */
const blocks: Block[] = ["README.md", ...globSync("docs/**/*.md")].flatMap((path) => {
  const document = readFileSync(path, "utf8");
  return [...document.matchAll(/^```(yaml|json)\n([\s\S]*?)^```$/gm)].flatMap((match) => {
    const text = match[2] ?? "";
    if (!/^(language: 1$|\{\s*"language": 1,)/m.test(text)) return [];
    const line = document.slice(0, match.index).split("\n").length;
    return [{ where: `${path}:${line}`, format: match[1] === "json" ? "json" : "yaml", text }];
  });
});

test("the documents show at least one workflow", () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test.each(blocks)("$where is a valid workflow", ({ text, format }) => {
  const { problems } = parseWorkflow(text, { nodes: createRegistry(), format });
  expect(problems).toEqual([]);
});
