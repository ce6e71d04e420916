/** Durations, tables and words for shells as people read them. */
import { spawnSync } from "node:child_process";
import pc from "picocolors";
import { expect, test } from "vitest";
import { formatDuration, formatTable } from "#cli/format.ts";
import { hintsFor, hintsToStore, idleNote } from "#cli/hints.ts";
import { brief } from "#cli/output.ts";
import { visible } from "#errors/visible-text.ts";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_250, "1.2 s"],
  [59_999, "59.9 s"],
  [60_000, "1 m 00 s"],
  [3_599_000, "59 m 59 s"],
  [3_600_000, "1 h 00 m"],
  [90_000_000, "1 d 1 h"],
  [-5, "0 ms"],
])("%i ms is %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test("a table has aligned columns and no frame", () => {
  expect(
    formatTable(
      ["a", "b"],
      [
        ["1", "two"],
        ["333", "4"],
      ],
      pc.createColors(false),
    ),
  ).toBe("a    b\n1    two\n333  4");
});

test("hints can be pasted into a shell and carry the data directory", () => {
  expect(hintsFor("/here/.lockstitch", "/here")("runs", "list")).toBe("npx lockstitch runs list");
  const here = { cwd: "/here", env: { LOCKSTITCH_DATABASE_URL: "postgres://me:secret@b/x" } };
  const other = "postgres://me:secret@a:5433/x?sslmode=require&password=secret";
  const hint = (database: string | null) =>
    hintsToStore({ data: "/here/.lockstitch", database }, here)("release");
  expect(hint(null)).toBe("npx lockstitch release");
  expect(hint("postgres://me:secret@b/x")).toBe("npx lockstitch release");
  expect(hint(other)).toBe(
    "npx lockstitch release --database 'postgres://me@a:5433/x?sslmode=require'",
  );
  const idle = (database: string | null) => {
    const settings = { data: "/here/.lockstitch", database };
    const host = {} as Parameters<typeof idleNote>[0]["host"];
    return idleNote({ host }, { endedAtMs: null }, { settings, machine: here });
  };
  expect(idle(null)).toBe(
    "Stored. The run goes on when an engine has this data directory open: npx lockstitch start",
  );
  expect(idle("postgres://me:secret@b/x")).toBe(
    "Stored. The run goes on at a host of the database, as soon as there is one: npx lockstitch start",
  );
  expect(hintsFor("/o'there", "/here")("runs", "signal", "r", "a b")).toBe(
    `npx lockstitch runs signal r 'a b' --data '/o'\\''there'`,
  );
});

test.each(["\u001b[2J", "it's\n\ttwo", "a\u202eb \\x41 $(id) `id`", "\u0007'\\''"])(
  "a hint with %j steers no terminal, and a shell reads it back",
  (word) => {
    const hint = hintsFor("/here/.lockstitch", "/here")("runs", "signal", word);
    expect(visible(hint)).toBe(hint);
    expect(hint).not.toMatch(/[\n\t]/);
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    const shell = spawnSync("bash", ["-c", hint.replace("npx lockstitch", "printf %s,")], { env });
    expect(String(shell.stdout)).toBe(`runs,signal,${word},`);
  },
);

test("what comes from outside cannot steer the terminal", () => {
  expect(visible("a\u001b[31mb\u0007\u009b")).toBe("a\\x1b[31mb\\x07\\u009b");
  expect(visible("a\u202eb\u2028c\u2066\td\n")).toBe("a\\u202eb\\u2028c\\u2066\td\n");
  expect(brief({ text: "line\nbreak" }, 40)).toBe('{"text":"line\\nbreak"}');
  expect(brief("x".repeat(100), 10)).toHaveLength(10);
});
