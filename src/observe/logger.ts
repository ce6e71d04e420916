/**
 * The Logger port on pino: one line per event on standard error, so that standard output stays
 * free for results. A terminal gets short text, everything else JSON lines with the fields as
 * given (`runId`, `path`, `trace` are the correlation ids) and `time` in ISO form.
 *
 * Writes are synchronous: what was logged before a crash is there after it.
 */
import { type DestinationStream, pino, stdSerializers, stdTimeFunctions } from "pino";
import type { Logger } from "#ports/logger.ts";
import { logText } from "./log-text.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** text: a short line for people. json: one JSON document a line. */
  readonly format: "text" | "json";
  /** Takes one whole line, line feed included. */
  write(line: string): void;
}

export function createLogger({ level, format, write }: LoggerOptions): Logger {
  const stream: DestinationStream = {
    write: format === "json" ? write : (line) => write(logText(line)),
  };
  const lines = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields, cause: errorFields },
    },
    stream,
  );
  return {
    debug: (fields, message) => lines.debug(fields, message),
    info: (fields, message) => lines.info(fields, message),
    warn: (fields, message) => lines.warn(fields, message),
    error: (fields, message) => lines.error(fields, message),
  };
}

/** The process's own logger: text on a terminal, JSON lines elsewhere, always on standard error. `redact` takes secrets out. */
export function standardErrorLogger(level: LogLevel, redact: (line: string) => string): Logger {
  const stderr = pino.destination({ fd: 2, sync: true });
  return createLogger({
    level,
    format: process.stderr.isTTY ? "text" : "json",
    write: (line) => stderr.write(redact(line)),
  });
}

/** Errors keep their code and cause; error data of a step passes through as it is. */
function errorFields(value: unknown): unknown {
  return value instanceof Error ? stdSerializers.errWithCause(value) : value;
}
