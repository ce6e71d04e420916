/** The table of docs/testing.md that says which tests each node type has is what the files say. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { NODE_SUITES, nodeTests, testingPage } from "../../scripts/node-tests.ts";

test("the table is the one that `node scripts/node-tests.ts` writes", () => {
  const page = readFileSync("docs/testing.md", "utf8");
  expect(testingPage(page)).toBe(page);
  for (const type of createRegistry().names()) expect(page).toContain(`\n| \`${type}\` | \``);
});

test("every type has tests of its own beside the suites that take all types from the registry", () => {
  for (const suite of NODE_SUITES) {
    expect(existsSync(suite), suite).toBe(true);
    expect(readFileSync(suite, "utf8"), suite).toContain("createRegistry(");
  }
  for (const [type, paths] of nodeTests()) expect(paths.length, type).toBeGreaterThan(0);
});

test("a type that the tests do not know would be missed", () => {
  const page = readFileSync("docs/testing.md", "utf8").replace(/^\| `data\.zip`.*\n/m, "");
  expect(testingPage(page)).not.toBe(page);
});
