/** What stands on a line of a terminal: wide characters, narrow terminals, terminals without a size. */
import fc from "fast-check";
import pc from "picocolors";
import { expect, test } from "vitest";
import { displayWidth, fitted, padded } from "#cli/display-width.ts";
import { createOutput, oneLine } from "#cli/output.ts";
import { createRunViewer } from "#cli/progress/run-view.ts";
import { stepLine } from "#cli/progress/step-line.ts";
import type { StepEntry } from "#cli/progress/step-log.ts";

test.each([
  ["plain text", 10],
  ["naïve", 5],
  ["日本語", 6],
  ["한국", 4],
  ["ＡＢ", 4],
  ["e\u0301", 1],
  ["👍", 2],
  ["a\u200db", 2],
  ["…✓▸", 3],
])("%j takes %i columns", (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test("what is cut fits, and no character is cut in half", () => {
  const unit = fc.constantFrom("a", "日", "👍", "e\u0301", "\u{20000}");
  fc.assert(
    fc.property(fc.string({ unit }), fc.nat(20), (text, width) => {
      const cut = fitted(text, width);
      expect(displayWidth(cut)).toBeLessThanOrEqual(width);
      expect(cut.isWellFormed()).toBe(true);
      expect(displayWidth(padded(cut, 20))).toBe(20);
    }),
  );
  expect(oneLine("日本語 日本語", 8)).toBe("日本語 …");
});

const ENTRY: StepEntry = {
  path: "months.price",
  isInner: false,
  status: "running",
  attempt: 3,
  memoRunId: null,
  sinceMs: 0,
  endedAtMs: null,
  dueAtMs: null,
  note: "読み込み中です、しばらくお待ちください。読み込み中です、しばらくお待ちください。",
  ask: null,
  innerSettled: 0,
  innerFailed: 0,
};

test.each([8, 12, 20, 30, 39, 40, 60, 80, 200])(
  "a step's line never wraps on a terminal of %i columns",
  (width) => {
    const entries = [ENTRY, { ...ENTRY, status: "retrying" as const, dueAtMs: 600_000 }];
    for (const step of [...entries, { ...ENTRY, path: "a.very.long.path.of.some.inner.step" }]) {
      const line = stepLine(step, { colors: pc.createColors(false), width, nowMs: 83_000 });
      expect(displayWidth(line)).toBeLessThanOrEqual(width);
      expect(line).toContain(step.status === "running" ? "▸" : "↻");
    }
  },
);

test("a terminal that does not know its size is taken for one of 80 columns and 24 rows", () => {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const stream = { write, isTTY: true, columns: 0, rows: 0 } as unknown as NodeJS.WriteStream;
  const env = { NO_COLOR: "1" };
  const output = createOutput({ stdout: stream, stderr: stream, env, isJson: false });
  expect([output.columns(), output.rows()]).toEqual([80, 24]);
  const viewer = createRunViewer({ output, runId: "r", hint: (...words) => words.join(" ") });
  const done = { type: "step.failed", path: "a", error: { code: "x", message: "why it failed" } };
  viewer.see({ seq: 1, atMs: 1, type: done.type, path: "a", event: done });
  viewer.end();
  expect(text).toContain("x: why it failed");
});

test.each([
  [{}, true],
  [{ NO_COLOR: "1" }, false],
  [{ NO_COLOR: "" }, true],
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  [{ FORCE_COLOR: "0" }, false],
  [{ TERM: "dumb" }, false],
  [{ TERM: "dumb", FORCE_COLOR: "1" }, true],
])("with %j a terminal has colours: %s", (env, hasColours) => {
  const stream = { isTTY: true } as unknown as NodeJS.WriteStream;
  const output = createOutput({ stdout: stream, stderr: stream, env, isJson: false });
  expect(output.colors.red("x") !== "x").toBe(hasColours);
});
