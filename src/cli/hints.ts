/** Commands that a person can paste, for the data directory in force. */
import { resolve } from "node:path";

export type Hint = (...words: readonly string[]) => string;

/** Builds `npx lockstitch ...`, with `--data` where it is not the default of `cwd`. */
export function hintsFor(data: string, cwd: string): Hint {
  const flag = data === resolve(cwd, ".lockstitch") ? [] : ["--data", data];
  return (...words) => ["npx", "lockstitch", ...words, ...flag].map(shellWord).join(" ");
}

/** `word` as a POSIX shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
