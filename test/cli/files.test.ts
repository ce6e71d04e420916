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
      { file: "valid.yaml", valid: true, name: "hello", secrets: [], problems: [] },
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

test.each([
  ["a missing argument", ["run"]],
  ["an unknown option", ["run", "valid.yaml", "--bogus"]],
  ["an unknown command", ["nonsense"]],
  ["an unknown command of a group", ["runs", "nonsense"]],
  ["a value that is none of the choices", ["runs", "list", "--status", "odd"]],
  ["a value that is no number", ["runs", "list", "--limit", "x"]],
  ["no command", []],
  ["no command of a group", ["runs"]],
])("with --json %s is one document too, and exits 2", async (_what, argv) => {
  await using directory = await folder();
  for (const args of [
    [...argv, "--json"],
    ["--json", ...argv],
  ]) {
    const { code, stdout, stderr } = await capture(args, { cwd: directory.path });
    expect(code).toBe(2);
    expect(stderr).not.toBe("");
    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: "request_invalid", details: {} });
    expect(error["message"]).toMatch(/^(?!error)\w/);
  }
  const { stdout } = await capture(argv, { cwd: directory.path });
  expect(stdout).toBe("");
});

test("a file that is no UTF-8 text is named with the place, a folder as a folder", async () => {
  await using directory = await folder();
  await writeFile(join(directory.path, "latin.yaml"), Buffer.from(`${VALID}# caf\xe9\n`, "latin1"));
  await writeFile(join(directory.path, "wide.yaml"), Buffer.from(`\uFEFF${VALID}`, "utf16le"));
  await writeFile(join(directory.path, "marked.yaml"), `\uFEFF${VALID.replaceAll("\n", "\r\n")}`);
  const latin = await capture(["validate", "latin.yaml"], { cwd: directory.path });
  expect(latin.code).toBe(3);
  expect(latin.stdout).toContain("latin.yaml:6:6: This is not UTF-8 text. Save the file as UTF-8.");
  const wide = await capture(["validate", "wide.yaml"], { cwd: directory.path });
  expect(wide.stdout).toContain("wide.yaml:1:1: This is not UTF-8 text.");
  expect((await capture(["validate", "marked.yaml"], { cwd: directory.path })).code).toBe(0);
  const there = await capture(["validate", directory.path], { cwd: directory.path });
  expect([there.code, there.stderr]).toEqual([5, expect.stringContaining("it is a folder")]);
});
