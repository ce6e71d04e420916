/**
 * A JSON log line as a person reads it: `12:34:56.789 WARN  message  field=value ...`, an error's
 * stack below, indented. Colours are the terminal's own, by level only; what stands in a line steers
 * no terminal and cannot look like a line of its own.
 */
import pc from "picocolors";
import { z } from "zod";
import { visible, visibleLine } from "#errors/visible-text.ts";

const LogLine = z.looseObject({
  time: z.string(),
  level: z.string(),
  msg: z.string().default(""),
  error: z.unknown().optional(),
});

const ErrorField = z.looseObject({ stack: z.string() });

const PAINT: Readonly<Record<string, (text: string) => string>> = {
  debug: pc.dim,
  info: pc.cyan,
  warn: pc.yellow,
  error: pc.red,
};

/** One or more lines, ended by a line feed. A line that is not one of ours comes back as it is. */
export function logText(line: string): string {
  const parsed = LogLine.safeParse(JSON.parse(line));
  if (!parsed.success) return line;
  const { time, level, msg, error, ...fields } = parsed.data;
  const paint = PAINT[level] ?? String;
  const rest = Object.entries(fields).map(([name, value]) =>
    pc.dim(` ${visibleLine(name)}=${shown(value)}`),
  );
  const stack = ErrorField.safeParse(error);
  if (error !== undefined && !stack.success) rest.push(pc.dim(` error=${shown(error)}`));
  const head = `${pc.dim(time.slice(11, 23))} ${paint(level.toUpperCase().padEnd(5))} ${visibleLine(msg)}`;
  const tail = stack.success ? `${pc.dim(indented(visible(stack.data.stack)))}\n` : "";
  return `${head}${rest.join("")}\n${tail}`;
}

function shown(value: unknown): string {
  const text = typeof value === "string" && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
  return visibleLine(text);
}

function indented(text: string): string {
  return `  ${text.replaceAll("\n", "\n  ")}`;
}
