/** docs/cli.md against the commands, options, exit codes and settings that exist. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { EXIT } from "#cli/exit-codes.ts";
import { createProgram, forEachCommand } from "#cli/program.ts";
import { SETTINGS } from "#cli/settings.ts";
import { capture, capturedMachine } from "./captured-machine.ts";

const page = readFileSync("docs/cli.md", "utf8");
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section] as const),
);

/** Commands that do something, by their full name. */
function commands(): ReadonlyMap<string, Command> {
  const { machine } = capturedMachine({ cwd: "." });
  const found = new Map<string, Command>();
  forEachCommand(
    createProgram(machine, () => undefined),
    (command) => {
      if (command.commands.length > 0) return;
      const names: string[] = [];
      for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
      found.set(names.join(" "), command);
    },
  );
  return found;
}

/** The first cells of the tables in `text`, without backticks. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| (?!---|option|key|code)([^|]+) \|/gm)].map((match) =>
    (match[1] ?? "").replaceAll("`", ""),
  );
}

test("every command has its section, and no section is of a ghost", () => {
  const documented = [...sections.keys()].filter((title) => title.startsWith("lockstitch "));
  expect(documented.toSorted()).toEqual([...commands().keys()].toSorted());
});

test("every section has an example and exactly the command's options", () => {
  for (const [name, command] of commands()) {
    const section = sections.get(name) ?? "";
    expect(section, name).toContain(`\n    npx ${name}`);
    expect(firstCells(section), name).toEqual(command.options.map((option) => option.flags));
  }
});

test("the options of every command stand on top", () => {
  const { machine } = capturedMachine({ cwd: "." });
  const program = createProgram(machine, () => undefined);
  const flags = [...program.options.map((option) => option.flags), "-h, --help"];
  expect(firstCells(page.slice(0, page.indexOf("## "))).toSorted()).toEqual(flags.toSorted());
});

test("exit codes are those of the table, in the page and in --help", async () => {
  const rows = Object.values(EXIT).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  expect(
    (sections.get("Exit codes") ?? "").split("\n").filter((line) => /^\| \d/.test(line)),
  ).toEqual(rows);
  const { stdout } = await capture(["--help"], { cwd: "." });
  for (const { code, meaning } of Object.values(EXIT))
    expect(stdout).toContain(`${code}  ${meaning}`);
});

test("settings are those of the table", () => {
  const rows = (sections.get("Configuration") ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .map((cells) => [cells[1], cells[2], (cells[3] ?? "").replace(/ \(default [^)]*\)$/, "")]);
  expect(rows).toEqual(
    SETTINGS.map(({ key, env, about }) => [key, env, about.replaceAll("`", "")]),
  );
});
