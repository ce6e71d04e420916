/** What a person sees of a run's events: one line a step, inner instances counted. */

import pc from "picocolors";
import { expect, test } from "vitest";
import { askLines, stepLine } from "#cli/progress/step-line.ts";
import { StepLog } from "#cli/progress/step-log.ts";
import type { EventView } from "#engine/engine.ts";

const PLAIN = { colors: pc.createColors(false), width: 100, nowMs: 10_000 };

function event(type: string, path: string | null, fields: object = {}, atMs = 1_000): EventView {
  return { seq: 1, atMs, type, path, event: { type, path, ...fields } };
}

function linesAfter(...events: readonly EventView[]): string[] {
  const log = new StepLog();
  for (const seen of events) log.apply(seen);
  return [...log.entries()].map((step) => stepLine(step, PLAIN));
}

test("a step shows its last status and how long it took", () => {
  expect(
    linesAfter(
      event("step.scheduled", "fetch", { attempt: 1 }, 1_000),
      event("step.started", "fetch", { attempt: 1 }, 1_100),
      event("step.succeeded", "fetch", { attempt: 1 }, 3_500),
    ),
  ).toEqual(["  ✓ fetch            2.5 s"]);
});

test("a retry says which attempt comes when, and why", () => {
  const error = { code: "http.503", message: "busy", retryable: true };
  expect(
    linesAfter(
      event("step.started", "fetch", { attempt: 1 }),
      event("step.retry_scheduled", "fetch", { attempt: 2, dueAtMs: 12_000, error }),
    ),
  ).toEqual(["  ↻ fetch            attempt 2 in 2.0 s  http.503: busy"]);
});

test("a running step says how far it is, and no more once it has settled", () => {
  const started = event("step.started", "fetch", { attempt: 1 });
  const beat = event("step.heartbeat", "fetch", {
    attempt: 1,
    progress: { fraction: 0.405, note: "page 3" },
  });
  const silent = event("step.heartbeat", "fetch", { attempt: 1, value: { page: 4 } });
  expect(linesAfter(started, beat, silent)).toEqual([
    "  ▸ fetch            running 9.0 s  40 %: page 3",
  ]);
  expect(linesAfter(started, beat, event("step.succeeded", "fetch", {}, 3_000))).toEqual([
    "  ✓ fetch            2.0 s",
  ]);
});

test("a remembered result says whose it is", () => {
  const from = { runId: "run_1", path: "fetch", atMs: 500 };
  expect(
    linesAfter(
      event("step.scheduled", "fetch", { attempt: 1 }),
      event("step.memo_hit", "fetch", { key: "00", from }),
      event("step.succeeded", "fetch", {}),
    ),
  ).toEqual(["  ✓ fetch              from memo (run run_1)"]);
});

test("an approval names its title and the commands that decide it", () => {
  const log = new StepLog();
  const step = log.apply(
    event("step.waiting", "approve", {
      for: { kind: "approval", dueAtMs: null },
      input: { title: "Ship it?" },
    }),
  );
  if (step === null) throw new Error("the wait left no entry");
  expect(stepLine(step, PLAIN)).toBe("  ◷ approve          waits for an approval  Ship it?");
  expect(askLines(step, "run_1", (...words) => words.join(" "))).toEqual([
    "    approvals approve run_1 approve",
    "    approvals reject run_1 approve",
  ]);
});

test("inner instances are counted for the step above, in trouble they get a line of their own", () => {
  const error = { code: "failed", message: "no", retryable: false };
  const log = new StepLog();
  log.apply(event("step.started", "lines", { attempt: 1 }));
  for (const item of [0, 1, 2]) log.apply(event("step.succeeded", `lines[${item}].price`));
  log.apply(event("step.started", "lines[3].price", { attempt: 1 }));
  const failed = log.apply(event("step.failed", "lines[3].price", { error }));
  expect(failed).toMatchObject({ path: "lines[3].price", isInner: true, status: "failed" });
  expect([...log.entries()]).toMatchObject([{ path: "lines", innerSettled: 4, innerFailed: 1 }]);
});

test("events that are not about a step change nothing", () => {
  expect(linesAfter(event("run.started", null), event("scope.opened", "lines[0]"))).toEqual([]);
});

test("a line never exceeds the width and never carries control characters", () => {
  const error = { code: "failed", message: `\u001b[2J${"long ".repeat(100)}`, retryable: false };
  const [line = ""] = linesAfter(event("step.failed", "x", { error }));
  expect(line.length).toBeLessThanOrEqual(PLAIN.width);
  expect(line).not.toContain("\u001b");
  expect(line).toContain("\\x1b");
});
