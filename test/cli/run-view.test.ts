/** What standard error shows of a run, on a terminal and without one. */
import { expect, test } from "vitest";
import { createOutput, type Output } from "#cli/output.ts";
import { createRunViewer } from "#cli/progress/run-view.ts";
import type { EventView } from "#engine/engine.ts";

function event(type: string, path: string, fields: object = {}, atMs = 1_000): EventView {
  return { seq: 1, atMs, type, path, event: { type, path, ...fields } };
}

/** An Output whose standard error is kept; `rows` makes it a terminal. */
function kept(rows: number | null): { output: Output; text: () => string } {
  let text = "";
  const stream = {
    write: (chunk: string) => {
      text += chunk;
      return true;
    },
    ...(rows === null ? {} : { isTTY: true, columns: 80, rows }),
  } as unknown as NodeJS.WriteStream;
  const output = createOutput({
    stdout: stream,
    stderr: stream,
    env: { NO_COLOR: "1" },
    isJson: false,
  });
  return { output, text: () => text };
}

const hint = (...words: readonly string[]) => words.join(" ");
const EVENTS = [
  event("step.started", "a", { attempt: 1 }, 1_000),
  event("step.started", "b", { attempt: 1 }, 1_000),
  event("step.succeeded", "a", { attempt: 1 }, 2_000),
  event("step.waiting", "c", { for: { kind: "signal", name: "go", key: null }, input: {} }, 2_000),
];

test("without a terminal: a line when a step settles or waits, and how to answer it", () => {
  const { output, text } = kept(null);
  const viewer = createRunViewer({ output, runId: "run_1", hint });
  for (const seen of EVENTS) viewer.see(seen);
  viewer.end();
  expect(text()).toBe(
    [
      "  ✓ a                1.0 s",
      "  ◷ c                waits for a signal  go",
      "    runs signal run_1 go --payload {}",
      "",
    ].join("\n"),
  );
});

test("on a terminal: what settled or waits for somebody stays, the region of steps in work is gone at the end", () => {
  const { output, text } = kept(24);
  const viewer = createRunViewer({ output, runId: "run_1", hint });
  for (const seen of EVENTS) viewer.see(seen);
  viewer.end();
  expect(screen(text())).toEqual([
    "  ✓ a                1.0 s",
    "  ◷ c                waits for a signal  go",
    "    runs signal run_1 go --payload {}",
  ]);
});

test("without a terminal a fan-out in trouble does not flood the log", () => {
  const { output, text } = kept(null);
  const viewer = createRunViewer({ output, runId: "run_1", hint });
  const error = { code: "failed", message: "no", retryable: false };
  for (let item = 0; item < 1_000; item++)
    viewer.see(event("step.failed", `lines[${item}].price`, { error }));
  viewer.end();
  expect(text().split("\n")).toHaveLength(22);
});

/** What a terminal shows after `text`: lines, with cursor-up and clear-below obeyed. */
function screen(text: string): string[] {
  const lines: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that the viewer writes
  for (const part of text.split(/(\u001b\[\d*[AJ]|\n|\r)/)) {
    const up = /\[(\d+)A/.exec(part);
    if (up !== null) lines.splice(lines.length - Number(up[1]));
    else if (part !== "" && part !== "\n" && part !== "\r" && !part.endsWith("J")) lines.push(part);
  }
  return lines;
}
