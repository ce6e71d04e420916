/** One step as one line, cut to a width before it is coloured, so that no line ever wraps. */

import { displayWidth, fitted, padded } from "../display-width.ts";
import { formatDuration, stepMark } from "../format.ts";
import type { Hint } from "../hints.ts";
import { type Colors, oneLine } from "../output.ts";
import type { StepEntry } from "./step-log.ts";

const NAME_WIDTH = 16;
/** Indent, mark and the blanks between mark, name, word and detail. */
const MARGINS = 7;

export function stepLine(
  step: StepEntry,
  options: { readonly colors: Colors; readonly width: number; readonly nowMs: number },
): string {
  const { colors, width, nowMs } = options;
  const word = fitted(wordFor(step, nowMs), Math.max(0, width - MARGINS));
  // On a narrow terminal the name gives way.
  const rest = Math.max(0, width - MARGINS - displayWidth(word));
  const nameWidth = Math.min(NAME_WIDTH, rest);
  const name = padded(
    oneLine(step.path, Math.min(Math.max(NAME_WIDTH, width - 40), rest)),
    nameWidth,
  );
  const detail = detailOf(step);
  const room = rest - displayWidth(name);
  const tail = detail === "" || room < 8 ? "" : `  ${oneLine(detail, room)}`;
  const isTrouble = step.status === "failed" || step.status === "retrying";
  const paintedTail = isTrouble ? colors.red(tail) : colors.dim(tail);
  return `  ${stepMark(step.status, colors)} ${name} ${colors.dim(word)}${paintedTail}`.trimEnd();
}

/** The commands that would let a waiting step go on, one a line, each below its step. */
export function askLines(step: StepEntry, runId: string, hint: Hint): readonly string[] {
  if (step.ask === null) return [];
  const indent = " ".repeat(4);
  if (step.ask.kind === "approval")
    return [
      `${indent}${hint("approvals", "approve", runId, step.path)}`,
      `${indent}${hint("approvals", "reject", runId, step.path)}`,
    ];
  const key = step.ask.key === null ? [] : ["--key", step.ask.key];
  return [`${indent}${hint("runs", "signal", runId, step.ask.name, ...key, "--payload", "{}")}`];
}

function wordFor(step: StepEntry, nowMs: number): string {
  const spent = (step.endedAtMs ?? nowMs) - step.sinceMs;
  switch (step.status) {
    case "succeeded":
      // A pure step settles in the turn that reaches it: its duration says nothing.
      return spent > 0 ? formatDuration(spent) : "";
    case "failed":
    case "running":
      return `${step.status} ${formatDuration(spent)}`;
    case "retrying":
      return step.dueAtMs === null
        ? `attempt ${step.attempt}`
        : `attempt ${step.attempt} in ${formatDuration(step.dueAtMs - nowMs)}`;
    case "waiting":
      if (step.ask !== null)
        return `waits for ${step.ask.kind === "approval" ? "an approval" : "a signal"}`;
      return step.dueAtMs === null ? "waits" : `waits ${formatDuration(step.dueAtMs - nowMs)}`;
    case "pending":
    case "skipped":
    case "blocked":
    case "cancelled":
      return step.status;
  }
}

function detailOf(step: StepEntry): string {
  if (step.ask?.kind === "approval") return step.ask.title;
  if (step.ask?.kind === "signal") return step.ask.name;
  const parts: string[] = [];
  if (step.note !== "") parts.push(step.note);
  if (step.status === "succeeded" && step.attempt > 1) parts.push(`at attempt ${step.attempt}`);
  if (step.memoRunId !== null) parts.push(`from memo (run ${step.memoRunId})`);
  if (step.innerSettled > 0)
    parts.push(
      `${step.innerSettled} inner steps${step.innerFailed > 0 ? `, ${step.innerFailed} failed` : ""}`,
    );
  return parts.join("  ");
}
