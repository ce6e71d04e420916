/**
 * Where a command writes. Results go to standard output, everything else (progress, hints,
 * errors) to standard error, so that a pipe gets results only.
 *
 * O1. With `--json`, standard output gets exactly one JSON document: printJson is called once and
 *     printText writes nothing. What is followed until it ends gives one document a line instead.
 * O2. Text that comes from workflows or users never reaches a terminal with control characters in
 *     it: it goes through visible().
 */
import pc from "picocolors";
import { visible } from "#errors/visible-text.ts";
import { fitted } from "./display-width.ts";

export type Colors = ReturnType<typeof pc.createColors>;

export interface Output {
  readonly isJson: boolean;
  /** Colours of standard output and of standard error: each may be a pipe. */
  readonly colors: Colors;
  readonly noteColors: Colors;
  /** True where standard error is a terminal that may be redrawn. */
  readonly isLive: boolean;
  columns(): number;
  rows(): number;
  /** One result for people, on standard output. */
  printText(text: string): void;
  /** The result for machines, on standard output. */
  printJson(value: unknown): void;
  /** One of many results for machines, on a line of its own. */
  printJsonLine(value: unknown): void;
  /** A line for people on standard error, `--json` or not. */
  note(line: string): void;
  /** Raw bytes to standard error, for redrawing. */
  draw(text: string): void;
}

type Stream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export function createOutput(options: {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isJson: boolean;
}): Output {
  const { stdout, stderr, env, isJson } = options;
  const isTerminal = (stream: Stream) => stream.isTTY === true && env["TERM"] !== "dumb";
  const hasColor = (stream: Stream) =>
    !env["NO_COLOR"] &&
    env["FORCE_COLOR"] !== "0" &&
    (Boolean(env["FORCE_COLOR"]) || isTerminal(stream));
  return {
    isJson,
    colors: pc.createColors(hasColor(stdout)),
    noteColors: pc.createColors(hasColor(stderr)),
    isLive: isTerminal(stderr),
    // A terminal that does not know its size says 0.
    columns: () => stderr.columns || 80,
    rows: () => stderr.rows || 24,
    printText(text) {
      if (!isJson) stdout.write(`${text}\n`);
    },
    printJson(value) {
      stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    printJsonLine(value) {
      stdout.write(`${JSON.stringify(value)}\n`);
    },
    note(line) {
      stderr.write(`${line}\n`);
    },
    draw(text) {
      stderr.write(text);
    },
  };
}

/** `text` on one line of at most `width` columns. */
export function oneLine(text: string, width: number): string {
  return fitted(visible(text).replace(/\s+/g, " ").trim(), width);
}

/** Any value as one short line. */
export function brief(value: unknown, width: number): string {
  return value === undefined || value === null ? "" : oneLine(JSON.stringify(value), width);
}
