import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import { createLogger, type LoggerOptions } from "#observe/logger.ts";

function recorded(options: Omit<LoggerOptions, "write">) {
  const lines: string[] = [];
  const logger = createLogger({
    ...options,
    write: (line) => lines.push(stripVTControlCharacters(line)),
  });
  return { logger, lines };
}

test("json: one document a line, with level, time, message and the fields as given", () => {
  const { logger, lines } = recorded({ level: "info", format: "json" });
  logger.info({ runId: "run_1", path: "a.b", trace: null }, "step started");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith("\n")).toBe(true);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    runId: "run_1",
    path: "a.b",
    trace: null,
    msg: "step started",
  });
});

test("json: an error keeps its code, details and cause", () => {
  const { logger, lines } = recorded({ level: "info", format: "json" });
  const cause = new Error("disk full");
  logger.error(
    {
      error: new LockstitchError("store_unavailable", "cannot write", { cause, details: { a: 1 } }),
    },
    "commit",
  );
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "error",
    error: {
      code: "store_unavailable",
      message: "cannot write",
      details: { a: 1 },
      cause: { message: "disk full" },
    },
  });
});

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["silent", []],
] as const)("level %s lets through %j", (level, expected) => {
  const { logger, lines } = recorded({ level, format: "json" });
  logger.debug({}, "m");
  logger.info({}, "m");
  logger.warn({}, "m");
  logger.error({}, "m");
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(expected);
});

test("text: time, level, message, fields; a stack below", () => {
  const { logger, lines } = recorded({ level: "info", format: "text" });
  logger.warn({ runId: "run_1", text: "two words", error: { code: "timeout" } }, "slow step");
  logger.error({ error: new Error("no") }, "failed");
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow step runId=run_1 text="two words" error=\{"code":"timeout"\}\n$/,
  );
  expect(lines[1]).toMatch(/ ERROR failed\nError: no\n {4}at /);
});

test("text: a line without an error is text too", () => {
  const { logger, lines } = recorded({ level: "info", format: "text" });
  logger.info({ port: 7420 }, "serving");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}serving port=7420\n$/);
});
