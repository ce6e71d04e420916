/** docs/nodes.md is what the definitions say: `node scripts/node-docs.ts` writes it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { nodesPage } from "../../scripts/node-docs.ts";

test("the page of step types is the one that the script writes", () => {
  expect(readFileSync("docs/nodes.md", "utf8")).toBe(nodesPage());
});

test("it has every type of the registry", () => {
  for (const type of createRegistry().names()) expect(nodesPage()).toContain(`\n## ${type}\n`);
});
