/** Commands that a person can paste, for the data directory in force. */
import { resolve } from "node:path";
import type { RunView } from "#engine/engine.ts";
import { visibleLine } from "#errors/visible-text.ts";
import type { EngineHost, Machine } from "./machine.ts";
import type { Settings } from "./settings.ts";

export type Hint = (...words: readonly string[]) => string;

/** Builds `npx lockstitch ...`, with `--data` where it is not the default of `cwd`. */
export function hintsFor(data: string, cwd: string, database: string | null = null): Hint {
  const flags = data === resolve(cwd, ".lockstitch") ? [] : ["--data", data];
  if (database !== null) flags.push("--database", database);
  return (...words) => ["npx", "lockstitch", ...words, ...flags].map(shellWord).join(" ");
}

/** For commands that have to find the same store again, also where the environment does not name its database. */
export function hintsToStore(
  { data, database }: Pick<Settings, "data" | "database">,
  { cwd, env }: Pick<Machine, "cwd" | "env">,
): Hint {
  const isKnown = database === null || env["LOCKSTITCH_DATABASE_URL"] === database;
  return hintsFor(data, cwd, isKnown ? null : withoutPassword(database));
}

/** Whoever pastes it gives the password as PGPASSWORD, or is asked for none. */
function withoutPassword(database: string): string {
  const url = new URL(database);
  url.password = "";
  url.searchParams.delete("password");
  return url.toString();
}

/**
 * What to say after a change in a data directory that nobody runs; null where there is nothing to
 * say: a server has it, or the run has ended.
 */
export function idleNote(
  { host }: { readonly host: EngineHost | null },
  run: Pick<RunView, "endedAtMs">,
  {
    settings,
    machine,
  }: {
    readonly settings: Pick<Settings, "data" | "database">;
    readonly machine: Pick<Machine, "cwd" | "env">;
  },
): string | null {
  if (host === null || run.endedAtMs !== null) return null;
  return `Stored. The run goes on ${whenDriven(settings)}: ${hintsToStore(settings, machine)("start")}`;
}

/** Who goes on with a run that this command leaves. */
export function whenDriven({ database }: Pick<Settings, "database">): string {
  return database === null
    ? "when an engine has this data directory open"
    : "at a host of the database, as soon as there is one";
}

/** `word` as a POSIX shell (2024) reads it back, without characters that would steer the terminal. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (visibleLine(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${visibleLine(word.replaceAll(/['\\]/g, "\\$&"))}'`;
}
