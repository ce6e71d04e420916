/** The commands that need files only: validate, graph, schema; and how a usage error ends. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";

const VALID =
  "language: 1\nname: hello\nsteps:\n  - { id: a, uses: noop }\n  - { id: b, uses: noop }\n";
const INVALID =
  "language: 1\nname: hello\nsteps:\n  - { id: a, uses: nop }\n  - { id: a, uses: noop }\n";

async function folder() {
  const directory = await temporaryDirectory();
  await writeFile(join(directory.path, "valid.yaml"), VALID);
  await writeFile(join(directory.path, "invalid.yaml"), INVALID);
  return directory;
}

test("validate says which files are right", async () => {
  await using directory = await folder();
  const { code, stdout } = await capture(["validate", "valid.yaml"], { cwd: directory.path });
  expect(code).toBe(0);
  expect(stdout).toBe("✓ valid.yaml  hello\n");
});

test("validate names every mistake with its place, and exits 3", async () => {
  await using directory = await folder();
  const { code, stdout } = await capture(["validate", "valid.yaml", "invalid.yaml"], {
    cwd: directory.path,
  });
  expect(code).toBe(3);
  expect(stdout).toContain("✗ invalid.yaml  2 mistakes");
  expect(stdout).toContain("invalid.yaml:4:");
  expect(stdout).toContain("noop");
});

test("validate --json is one document", async () => {
  await using directory = await folder();
  const { stdout } = await capture(["validate", "--json", "valid.yaml", "invalid.yaml"], {
    cwd: directory.path,
  });
  expect(JSON.parse(stdout)).toMatchObject({
    valid: false,
    files: [
      { file: "valid.yaml", valid: true, name: "hello", problems: [] },
      { file: "invalid.yaml", valid: false, problems: [{ line: 4 }, { line: 5 }] },
    ],
  });
});

test("a TypeScript file exports its workflow", async () => {
  await using directory = await folder();
  await writeFile(
    join(directory.path, "hello.ts"),
    'export default { language: 1 as const, name: "hello", steps: [{ id: "a", uses: "noop" }] };\n',
  );
  const { code } = await capture(["validate", "hello.ts"], { cwd: directory.path });
  expect(code).toBe(0);
});

test("a file that is not there is named, with exit code 5", async () => {
  await using directory = await folder();
  const { code, stderr } = await capture(["validate", "none.yaml"], { cwd: directory.path });
  expect(code).toBe(5);
  expect(stderr).toContain("none.yaml cannot be read: there is no such file");
});

test("graph draws Mermaid and DOT, groups included", async () => {
  await using directory = await folder();
  await writeFile(
    join(directory.path, "loop.yaml"),
    [
      "language: 1",
      "name: loop",
      "steps:",
      "  - id: check",
      "    uses: if",
      "    with: { condition: 'true' }",
      "  - id: each",
      "    uses: for_each",
      "    needs: [check.true]",
      "    with: { items: [1, 2] }",
      "    steps: [{ id: inner, uses: noop }]",
      "",
    ].join("\n"),
  );
  const cwd = directory.path;
  const mermaid = (await capture(["graph", "loop.yaml"], { cwd })).stdout;
  expect(mermaid).toMatch(/^flowchart TD\n[\s\S]*for_each[\s\S]*subgraph[\s\S]*-->\|"true"\|/);
  const dot = (await capture(["graph", "--format", "dot", "loop.yaml"], { cwd })).stdout;
  expect(dot).toMatch(/^digraph "loop" \{[\s\S]*"check" -> "each" \[label="true"\];[\s\S]*\}\n$/);
  const json = (await capture(["graph", "--json", "loop.yaml"], { cwd })).stdout;
  expect(JSON.parse(json).edges).toEqual([
    { from: "check", to: "each", port: "true", implied: false },
  ]);
});

test("schema prints a JSON Schema that names the fields", async () => {
  await using directory = await folder();
  const { code, stdout } = await capture(["schema"], { cwd: directory.path });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ properties: { name: {}, steps: {} } });
});

test.each([
  [["frobnicate"], "unknown command 'frobnicate'"],
  [["graph", "a.yaml", "--format", "svg"], "Allowed choices are mermaid, dot"],
  [["runs", "events", "r", "--limit", "many"], "It must be a whole number from 1 to 100000"],
  [["validate"], "missing required argument 'files'"],
])("%j is a usage error: exit code 2 and what is wrong", async (argv, message) => {
  await using directory = await folder();
  const { code, stdout, stderr } = await capture(argv, { cwd: directory.path });
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(message);
});

test("run stops before anything is opened: at a wrong definition, at input that is no JSON", async () => {
  await using directory = await folder();
  const cwd = directory.path;
  const wrong = await capture(["run", "invalid.yaml"], { cwd });
  expect(wrong.code).toBe(3);
  expect(wrong.stderr).toMatch(/invalid\.yaml:4:.*noop/);
  const input = await capture(["run", "valid.yaml", "--input", "{n: 1}"], { cwd });
  expect(input.code).toBe(2);
  expect(input.stderr).toContain("--input is not JSON");
  const file = await capture(["run", "valid.yaml", "--input", "@none.json"], { cwd });
  expect(file.stderr).toContain("none.json cannot be read");
});

test("a broken configuration ends every command that reads it with code 2, as JSON too", async () => {
  await using directory = await folder();
  await writeFile(join(directory.path, "lockstitch.config.yaml"), "port: high\n");
  const { code, stdout, stderr } = await capture(["validate", "valid.yaml", "--json"], {
    cwd: directory.path,
  });
  expect(code).toBe(2);
  expect(stderr).toContain('port in lockstitch.config.yaml: "high"');
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "config_invalid" } });
});
