/**
 * How commands write instants, durations, statuses and tables for people. Pure text; machines get
 * the values themselves from `--json`.
 */
import Table from "cli-table3";
import type { RunStatus, StepStatus } from "#workflow/statuses.ts";
import type { Colors } from "./output.ts";

/** `850 ms`, `1.2 s`, `2 m 05 s`, `3 h 04 m`, `2 d 3 h`. */
export function formatDuration(durationMs: number): string {
  const duration = Math.max(0, Math.round(durationMs));
  if (duration < 1_000) return `${duration} ms`;
  if (duration < 60_000) return `${(Math.floor(duration / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(duration / 1_000);
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-05-04 10:11:12` in UTC: what a log of a durable system is compared by. */
export function formatInstant(atMs: number | null): string {
  return atMs === null ? "" : new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
}

/** `10:11:12` in UTC. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

const MARKS: Readonly<Record<StepStatus, string>> = {
  pending: "·",
  waiting: "◷",
  running: "▸",
  retrying: "↻",
  succeeded: "✓",
  failed: "✗",
  skipped: "–",
  blocked: "⊘",
  cancelled: "⊗",
};

/** One character for a step's status, coloured. */
export function stepMark(status: StepStatus, colors: Colors): string {
  return paintStatus(status, MARKS[status], colors);
}

/** `text` in the colour of a step's or run's status. */
export function paintStatus(status: StepStatus | RunStatus, text: string, colors: Colors): string {
  switch (status) {
    case "succeeded":
      return colors.green(text);
    case "failed":
      return colors.red(text);
    case "running":
      return colors.cyan(text);
    case "retrying":
    case "waiting":
    case "paused":
      return colors.yellow(text);
    case "cancelled":
    case "blocked":
      return colors.magenta(text);
    case "pending":
    case "queued":
    case "skipped":
      return colors.dim(text);
  }
}

/** A table without a frame: columns aligned, two spaces apart, the head dimmed. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string {
  const table = new Table({
    head: head.map((title) => colors.dim(title)),
    chars: FRAMELESS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const FRAMELESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};
