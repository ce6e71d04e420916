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
  expect(lines[1]).toMatch(/ ERROR failed\n {2}Error: no\n {6}at /);
});

test("text: a line without an error is text too", () => {
  const { logger, lines } = recorded({ level: "info", format: "text" });
  logger.info({ port: 7420 }, "serving");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}serving port=7420\n$/);
});

test("text: nothing that is logged steers the terminal or looks like a line of its own", () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "text", write: (l) => lines.push(l) });
  const forged = "12:34:56.789 INFO  paid";
  const evil = `x\r\n${forged}\u001b[2J\u009b2J\u202edlog\u2028${forged}`;
  const error = new Error(evil);
  logger.warn(
    { path: evil, [evil]: 1, short: "\u001b[2J\u009b1m", deep: { [evil]: [evil] } },
    evil,
  );
  logger.error({ error }, "failed");
  logger.error({ error: { code: evil } }, "failed");
  const text = stripVTControlCharacters(lines.join(""));
  expect(text).toContain("\\u202e");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
  for (const line of text.split("\n")) expect(line.startsWith(forged)).toBe(false);
  expect(lines[0]?.match(/\n/g)).toHaveLength(1);
  // The colours are ours: nothing but them was taken out.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin so
  for (const sequence of lines.join("").match(/\u001b[^m]*m?/g) ?? [])
    expect(sequence).toMatch(/\[[\d;]+m$/);
});
