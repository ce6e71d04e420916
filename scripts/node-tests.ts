/**
 * `node scripts/node-tests.ts`: writes the table of docs/testing.md that says which tests each node
 * type has. A file counts for a type where it imports the file that defines it, or names the type; what
 * runs over all types (NODE_SUITES) is told above the table. A test holds the page to it.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { createRegistry } from "../src/nodes/registry.ts";

const PAGE = "docs/testing.md";
const START = "<!-- node tests: written by scripts/node-tests.ts -->";
const END = "<!-- end of node tests -->";

/** They take the types from the registry, and so miss none. */
export const NODE_SUITES: readonly string[] = [
  "test/nodes/contract.test.ts",
  "test/nodes/registry.test.ts",
  "test/docs/nodes-page.test.ts",
  "test/bench/nodes.test.ts",
];

/** Test files by type, sorted: those of test/nodes, or where there are none, any. */
export function nodeTests(): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const path of globSync("src/nodes/**/*.ts"))
    for (const [, type = ""] of readFileSync(path, "utf8").matchAll(/^\s+type: "([a-z_.]+)",$/gm))
      sources.set(type, [...(sources.get(type) ?? []), path.replace("src/nodes/", "#nodes/")]);
  const tests = globSync("test/**/*.test.ts")
    .toSorted()
    .filter((path) => !NODE_SUITES.includes(path))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
  return new Map(
    createRegistry()
      .names()
      .map((type) => {
        // A type of one word is a word like others, unless a step uses it.
        const before = type.includes(".") ? `(?:uses: |["'\`])` : `uses: ["']?`;
        const name = new RegExp(`${before}${type.replace(".", "\\.")}(?![\\w.])`);
        const imports = sources.get(type) ?? [];
        const isIts = (text: string) =>
          imports.some((source) => text.includes(`"${source}"`)) || name.test(text);
        const own = tests.filter(({ path, text }) => path.startsWith("test/nodes/") && isIts(text));
        const all = own.length > 0 ? own : tests.filter(({ text }) => isIts(text));
        return [type, all.map(({ path }) => path)] as const;
      }),
  );
}

function section(): string {
  const rows = [...nodeTests()].map(
    ([type, paths]) =>
      `| \`${type}\` | ${paths.map((path) => `\`${path.slice("test/".length)}\``).join(", ")} |`,
  );
  return [START, "", "| type | tests, below `test/` |", "| --- | --- |", ...rows, "", END].join(
    "\n",
  );
}

/** The page with the section as it should be. */
export function testingPage(page: string = readFileSync(PAGE, "utf8")): string {
  const [before = "", rest = ""] = page.split(START);
  const [, after = ""] = rest.split(END);
  return `${before}${section()}${after}`;
}

if (import.meta.main) writeFileSync(PAGE, testingPage());
