/** Commands that a person can paste, for the data directory in force. */
import { resolve } from "node:path";
import type { RunView } from "#engine/engine.ts";
import { visibleLine } from "#errors/visible-text.ts";
import type { EngineHost } from "./machine.ts";

export type Hint = (...words: readonly string[]) => string;

/** Builds `npx lockstitch ...`, with `--data` where it is not the default of `cwd`. */
export function hintsFor(data: string, cwd: string): Hint {
  const flag = data === resolve(cwd, ".lockstitch") ? [] : ["--data", data];
  return (...words) => ["npx", "lockstitch", ...words, ...flag].map(shellWord).join(" ");
}

/**
 * What to say after a change in a data directory that nobody runs; null where there is nothing to
 * say: a server has it, or the run has ended.
 */
export function idleNote(
  { host }: { readonly host: EngineHost | null },
  run: RunView,
  hint: Hint,
): string | null {
  if (host === null || run.endedAtMs !== null) return null;
  return `Stored. The run goes on when an engine has this data directory open: ${hint("start")}`;
}

/** `word` as a POSIX shell (2024) reads it back, without characters that would steer the terminal. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (visibleLine(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${visibleLine(word.replaceAll(/['\\]/g, "\\$&"))}'`;
}
