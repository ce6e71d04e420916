/** Commands that read or steer what is there say so where nothing is, and make nothing. */
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { createProgram, forEachCommand } from "#cli/program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { capture, capturedMachine } from "./captured-machine.ts";
import { lockstitch } from "./lockstitch-process.ts";

/** They make a store, need none, or read a file before they ask for one. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    ...["run", "start", "restore", "validate", "graph", "plan", "schema", "doctor"],
    ...["convert", "nodes", "connections", "plugin list", "plugin inspect"],
    ...["plugin sign", "plugin verify", "workflows save", "database status", "database migrate"],
  ].map((name) => `lockstitch ${name}`),
);
/** What arguments are given where a command requires some. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  ...{ run: "run_1", step: "one", path: "one", labels: "a=b", priority: "7" },
  ...{ name: "go", file: "copy.db", runs: "run_1", signal: "go", value: "1" },
  ...{ schedule: "quick/nightly", spec: '{ "cron": "0 6 * * *" }' },
};

function commandLines(): readonly (readonly string[])[] {
  const { machine } = capturedMachine({ cwd: "." });
  const lines: string[][] = [];
  forEachCommand(
    createProgram(machine, () => undefined),
    (command) => {
      if (command.commands.length > 0) return;
      const names: string[] = [];
      for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
      if (OTHERS.has(names.join(" "))) return;
      const given = command.registeredArguments.map((argument) => {
        const text = ARGUMENTS[argument.name()];
        if (text === undefined && argument.required)
          throw new Error(`${names.join(" ")} needs <${argument.name()}>`);
        return text ?? "run_1";
      });
      const yes = command.options.some(({ long }) => long === "--yes") ? ["--yes"] : [];
      lines.push([...names.slice(1), ...given, ...yes]);
    },
  );
  return lines;
}

test("every command that needs a store says that there is none", async () => {
  const lines = commandLines();
  expect(lines.length).toBeGreaterThan(15);
  for (const line of lines) {
    const { code, stderr } = await capture(line, { cwd: "." });
    expect(stderr, line.join(" ")).toContain("There is no store in");
    expect(stderr).toContain("npx lockstitch start");
    expect(code, line.join(" ")).toBe(5);
  }
});

test("a real process that finds no store makes none", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  for (const line of [
    ["runs", "list"],
    ["runs", "explain", "run_1"],
    ["backup", "copy.db"],
  ]) {
    expect((await lockstitch(line, { cwd })).code, line.join(" ")).toBe(5);
    expect(readdirSync(cwd), line.join(" ")).toEqual([]);
  }
});

test("commands that need no store make none", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const file = "flow.yaml";
  await writeFile(
    join(cwd, file),
    'language: 1\nname: f\nsteps: [{ id: a, uses: noop }, { id: b, uses: http.request, with: { url: "https://x.test", auth: { type: bearer, token: "${{ secrets.KEY }}" } } }]\n',
  );
  for (const line of [
    ["doctor"],
    ["validate", file],
    ["graph", file],
    ["plan", file],
    ["schema"],
  ]) {
    await lockstitch(line, { cwd, env: { LOCKSTITCH_SECRET_KEY: "a-long-secret-value" } });
    expect(readdirSync(cwd), line.join(" ")).toEqual([file]);
  }
});
