/** Graph JSON on the command line: run, validate, convert there and back, into a file with comments. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";
import { lockstitch } from "./lockstitch-process.ts";

const GRAPH = {
  nodes: [
    { id: "1", data: { value: 10 }, position: { x: 5, y: 6 } },
    { id: "2", data: { value: 5 } },
    { id: "3", data: { op: "add" } },
  ],
  edges: [
    { id: "e1-3", source: "1", target: "3" },
    { id: "e2-3", source: "2", target: "3" },
  ],
};

test("a graph is converted to every form and back, with its positions", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  await writeFile(join(cwd, "My Graph.json"), JSON.stringify(GRAPH));
  const yaml = await capture(["convert", "My Graph.json"], { cwd });
  expect(yaml.code).toBe(0);
  expect(yaml.stdout).toContain("name: my-graph\n");
  await writeFile(join(cwd, "flow.yaml"), yaml.stdout);
  const form = await capture(["convert", "flow.yaml", "--to", "graph"], { cwd });
  expect(JSON.parse(form.stdout).nodes[0]).toMatchObject({ id: "1", position: { x: 5, y: 6 } });
  await writeFile(join(cwd, "form.json"), form.stdout);
  const again = await capture(["convert", "form.json"], { cwd });
  expect(again.stdout).toBe(yaml.stdout);
  const json = await capture(["convert", "My Graph.json", "--to", "json", "--json"], { cwd });
  expect(JSON.parse(JSON.parse(json.stdout).text)).toMatchObject({ language: 1 });
  const code = await capture(["convert", "My Graph.json", "--to", "ts"], { cwd });
  expect(code.stdout).toContain('w.step("3", "number.operation"');
});

test("a changed graph goes into a YAML file, whose comments stay", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const before = `# ours
language: 1
name: two
steps:
  - { id: a, uses: noop } # first
  - { id: b, uses: noop }
`;
  await writeFile(join(cwd, "two.yaml"), before);
  const form = JSON.parse(
    (await capture(["convert", "two.yaml", "--to", "graph"], { cwd })).stdout,
  );
  await writeFile(join(cwd, "drawn.json"), JSON.stringify({ ...form, edges: [] }));
  const { code, stdout } = await capture(["convert", "drawn.json", "--into", "two.yaml"], { cwd });
  expect([code, stdout]).toEqual([0, "two.yaml changed; its comments are as they were.\n"]);
  expect(await readFile(join(cwd, "two.yaml"), "utf8")).toBe(
    before.replace("{ id: b, uses: noop }", "{ id: b, uses: noop, needs: [] }"),
  );
});

test("mistakes name the node, and the exit code is that of a wrong file", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const edges = [...GRAPH.edges, { source: "3", target: "1" }];
  await writeFile(join(cwd, "graph.json"), JSON.stringify({ ...GRAPH, edges }));
  for (const command of ["validate", "convert"]) {
    const { code, stdout, stderr } = await capture([command, "graph.json"], { cwd });
    expect(code).toBe(3);
    expect(stdout + stderr).toContain("1 -> 3 -> 1");
  }
});

test("a graph runs, each node's result under its id", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "graph.json"), JSON.stringify(GRAPH));
  const { code, stdout } = await lockstitch(["run", "graph.json", "--json"], {
    cwd: directory.path,
  });
  expect(code).toBe(0);
  const { output, steps } = JSON.parse(stdout);
  expect(output).toBe(15);
  expect(
    Object.entries(steps).map(([id, step]) => [id, (step as { output: unknown }).output]),
  ).toEqual([
    ["1", 10],
    ["2", 5],
    ["3", 15],
  ]);
});
