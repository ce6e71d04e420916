/**
 * The programs beyond npm that tests use, and where they are. A test asks `findProgram` and skips
 * itself, with the reason, when the answer is null; scripts/setup.ts installs what is missing.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, globSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Program {
  /** What people call it. */
  readonly name: string;
  /** Commands that do, the best first. */
  readonly commands: readonly string[];
  /** Folders beside the path where it may lie; patterns of `globSync`. */
  readonly folders?: readonly string[];
  /** Environment variable that names the command outright. */
  readonly variable: string;
  /** Debian and Ubuntu packages to try in turn. */
  readonly packages: readonly string[];
  /** What its tests prove, for the message when it is missing. */
  readonly usedFor: string;
}

export const PROGRAMS = {
  chromium: {
    name: "Chromium",
    commands: ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"],
    variable: "LOCKSTITCH_CHROMIUM",
    packages: ["chromium", "chromium-browser"],
    usedFor: "the browser tests of the live page",
  },
  strace: {
    name: "strace",
    commands: ["strace"],
    variable: "LOCKSTITCH_STRACE",
    packages: ["strace"],
    usedFor: "the count of fsyncs per acknowledged commit",
  },
  postgres: {
    name: "PostgreSQL",
    commands: ["postgres"],
    folders: ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"],
    variable: "LOCKSTITCH_POSTGRES",
    packages: ["postgresql"],
    usedFor: "the tests of sql.query on PostgreSQL",
  },
  redis: {
    name: "Redis",
    commands: ["redis-server", "valkey-server"],
    variable: "LOCKSTITCH_REDIS",
    packages: ["redis-server", "valkey-server"],
    usedFor: "the tests of redis.command",
  },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

/** The path of a program that starts (`--version` exits 0), or null. */
export function findProgram(name: ProgramName): string | null {
  const program: Program = PROGRAMS[name];
  const named = process.env[program.variable];
  const folders = [...pathFolders(), ...(program.folders ?? []).flatMap((at) => globSync(at))];
  const candidates =
    named === undefined
      ? program.commands.flatMap((command) => inFolders(command, folders))
      : [named];
  return candidates.find(starts) ?? null;
}

function pathFolders(): string[] {
  return (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
}

function inFolders(command: string, folders: readonly string[]): string[] {
  return folders.map((folder) => join(folder, command)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A distribution's placeholder (Ubuntu's `chromium-browser`) is executable and does not start. */
function starts(path: string): boolean {
  try {
    execFileSync(path, ["--version"], { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
