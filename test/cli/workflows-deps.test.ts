/** `lockstitch workflows deps` and what `plan` says of other workflows: versions, what is missing, circles. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture } from "./captured-machine.ts";
import { lockstitch } from "./lockstitch-process.ts";

const LEAF = "language: 1\nname: leaf\nsteps: [{ id: a, uses: noop }]\n";
const MIDDLE = `language: 1
name: middle
steps:
  - { id: leaf, uses: workflow.run, with: { workflow: leaf } }
  - { id: fixed, uses: workflow.run, with: { workflow: leaf, version: 1 } }
`;
const TOP = `language: 1
name: top
steps:
  - { id: first, uses: workflow.run, with: { workflow: middle } }
  - { id: second, uses: workflow.run, with: { workflow: middle, version: latest } }
  - { id: never, uses: workflow.run, if: "false", with: { workflow: nowhere } }
  - { id: again, uses: workflow.run, if: "(input?.n ?? 0) > 0", with: { workflow: top } }
`;

async function folder(files: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries(files))
    await writeFile(join(directory.path, `${name}.workflow.yaml`), text);
  const run = async (...args: string[]) => await capture(args, { cwd: directory.path });
  const real = async (...args: string[]) => await lockstitch(args, { cwd: directory.path });
  return {
    run,
    real,
    path: directory.path,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test("saved workflows with their versions, what is missing, and recursion", async () => {
  await using at = await folder({ leaf: LEAF, middle: MIDDLE, top: TOP });
  expect((await at.real("run", "top.workflow.yaml")).code).toBe(0);
  const { code, stdout } = await at.real("workflows", "deps", "top");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n")).toEqual([
    "top version 1",
    "first: middle (version 1, pinned when the run starts)",
    "   leaf: leaf (version 1, pinned when the run starts)",
    "   fixed: leaf (version 1, as written)",
    "second: middle (version 1, the newest when the step runs), see above",
    "never: nowhere (missing)",
    "again: top (version 1, pinned when the run starts), see above",
    "! there is no workflow nowhere here, which top: never needs",
    "! top -> top is recursion, which a condition must end",
  ]);
  const json = JSON.parse((await at.real("workflows", "deps", "top", "--json")).stdout);
  expect(json).toMatchObject({ pins: { leaf: 1, middle: 1, top: 1 }, isCut: false });

  // What a run has pinned stays as it was, whatever is saved after its start.
  await writeFile(join(at.path, "leaf.workflow.yaml"), LEAF.replace("id: a", "id: b"));
  expect((await at.real("run", "leaf.workflow.yaml")).code).toBe(0);
  const runs = JSON.parse((await at.real("runs", "list", "--json")).stdout).items;
  const runOf = (name: string) =>
    runs.find((run: { workflow: string }) => run.workflow === name).id;
  const shown = await at.real("runs", "get", runOf("top"));
  expect(shown.stdout).toMatch(/^may run +top v1, middle v1, leaf v1$/m);
  const document = JSON.parse((await at.real("runs", "get", runOf("top"), "--json")).stdout);
  expect(document.pins).toEqual({ leaf: 1, middle: 1, top: 1 });
  const plain = await at.real("runs", "get", runOf("leaf"));
  expect(plain.stdout).not.toContain("may run");
  expect(JSON.parse((await at.real("runs", "get", runOf("leaf"), "--json")).stdout).pins).toEqual(
    {},
  );

  expect((await at.real("workflows", "deps", "leaf", "--at", "3")).stderr).toContain(
    "no version 3",
  );
});

test("plan shows what lies beside the file, and refuses circles that nothing ends", async () => {
  const circle = (name: string, other: string) =>
    `language: 1\nname: ${name}\nsteps: [{ id: call, uses: workflow.run, with: { workflow: ${other} } }]\n`;
  await using at = await folder({
    ...{ leaf: LEAF, middle: MIDDLE, top: TOP },
    ...{ ping: circle("ping", "pong"), pong: circle("pong", "ping"), self: circle("self", "self") },
  });
  const { code, stdout } = await at.run("plan", "top.workflow.yaml");
  expect(code).toBe(0);
  const lines = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  for (const line of [
    "runs first: middle (pinned when the run starts)",
    "leaf: leaf (pinned when the run starts)",
    "fixed: leaf (as written)",
    "! there is no workflow nowhere beside this file, which top: never needs",
  ])
    expect(lines).toContain(line);
  const refused = await at.run("plan", "ping.workflow.yaml");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("ping -> pong -> ping");
  const run = await at.real("run", "ping.workflow.yaml");
  expect(run.code).toBe(3);
  expect(run.stderr).toContain("ping -> pong -> ping");
  const self = await at.run("plan", "self.workflow.yaml");
  expect(self.code).toBe(0);
  expect(self.stdout).toContain("self -> self never ends but at the depth limit");
});
