/** A line that a step logged, for people: `10:11:12.345 WARN  fetch (2)  slow answer  {"ms":900}`. */

import type { LogLineView } from "#engine/engine.ts";
import { visible } from "#errors/visible-text.ts";
import type { LogLevel } from "#ports/step-logs.ts";
import type { Colors } from "../output.ts";

/** The attempt stands behind the path from the second on. */
export function logLineText(line: LogLineView, colors: Colors): string {
  const { atMs, level, path, attempt, text, fields } = line;
  const time = new Date(atMs).toISOString().slice(11, 23);
  const name = attempt === 1 ? path : `${path} (${attempt})`;
  const word = painted(level, level.toUpperCase().padEnd(5), colors);
  const rest = fields === null ? "" : `  ${colors.dim(visible(JSON.stringify(fields)))}`;
  // Further lines of the text stand below the first.
  const shown = visible(text).replaceAll("\n", `\n${" ".repeat(time.length + 7)}`);
  return `${colors.dim(time)} ${word} ${colors.dim(visible(name))}  ${shown}${rest}`;
}

function painted(level: LogLevel, text: string, colors: Colors): string {
  switch (level) {
    case "debug":
      return colors.dim(text);
    case "info":
      return colors.cyan(text);
    case "warn":
      return colors.yellow(text);
    case "error":
      return colors.red(text);
  }
}
