/** A run and its steps, for people and for machines; `run` and `runs get` print the same. */

import { type RunJson, runToJson } from "#client/wire/run.ts";
import type { RunStateView, RunView, StepView } from "#engine/engine.ts";
import type { TriggerOrigin } from "#engine/engine-triggers.ts";
import { visible } from "#errors/visible-text.ts";
import type { CheckpointMark } from "#ports/journal.ts";
import { formatDuration, formatInstant, formatTable, paintStatus, stepMark } from "./format.ts";
import { brief, type Colors, oneLine } from "./output.ts";

/** Of each step what scripts ask for; see runDocument. */
export interface StepDocument {
  readonly status: StepView["status"];
  readonly output: unknown;
  readonly error: StepView["error"];
  readonly attempts: number;
  /** Whose remembered result it is; missing: of an attempt of its own. */
  readonly memo?: StepView["memo"];
}

/** The one document of `run --json`. Inner instances only with `allSteps`. */
export function runDocument(state: RunStateView, allSteps: boolean) {
  return {
    runId: state.run.id,
    status: state.run.status,
    output: state.run.output ?? null,
    error: state.run.error,
    ...(state.run.continuedTo === null ? {} : { continuedTo: state.run.continuedTo }),
    steps: stepDocuments(state, allSteps),
  };
}

/** The one document of `runs get --json`: the run as over HTTP, and its steps. */
export function runStateDocument(
  state: RunStateView,
  allSteps: boolean,
): RunJson & {
  readonly pins: RunStateView["pins"];
  readonly steps: Readonly<Record<string, StepDocument>>;
} {
  const { run, pins } = state;
  return { ...runToJson(run), pins, steps: stepDocuments(state, allSteps) };
}

function stepDocuments(
  state: RunStateView,
  allSteps: boolean,
): Readonly<Record<string, StepDocument>> {
  const shown = state.steps.filter((step) => allSteps || !step.inner);
  return Object.fromEntries(
    shown.map((step) => [
      // A node of a graph may be called "1": it is found by that name, not by the quoted path.
      step.inner ? step.path : step.id,
      {
        status: step.status,
        output: step.output ?? null,
        error: step.error,
        attempts: step.attempts,
        ...(step.memo === null ? {} : { memo: step.memo }),
      },
    ]),
  );
}

const OUTPUT_WIDTH = 60;

interface RunTextOptions {
  readonly allSteps: boolean;
  /** A sentence about where it stands. */
  readonly why: string | null;
  /** Its pinned checkpoints, newest first. */
  readonly pinned: readonly CheckpointMark[];
}

/** The run's head lines and a table of its steps. */
export function runText(
  state: RunStateView,
  { allSteps, why, pinned }: RunTextOptions,
  colors: Colors,
): string {
  const steps = state.steps.filter((step) => allSteps || !step.inner);
  const hidden = state.steps.length - steps.length;
  const table = formatTable(
    ["", "step", "uses", "status", "tries", "took", "output or error"],
    steps.map((step) => stepRow(step, colors)),
    colors,
  );
  const lines = [...headLines(state, { why, pinned }, colors), "", table];
  if (hidden > 0) lines.push(colors.dim(`${hidden} inner steps; --all-steps shows them`));
  return lines.join("\n");
}

function headLines(
  { run, pins }: RunStateView,
  { why, pinned }: Omit<RunTextOptions, "allSteps">,
  colors: Colors,
): readonly string[] {
  const row = (name: string, value: string) => `${colors.dim(name.padEnd(10))}${value}`;
  const lines = [
    `${colors.bold(run.id)}  ${visible(run.workflow)} v${run.version}  ${paintStatus(run.status, run.status, colors)}`,
    row("started", formatInstant(run.startedAtMs)),
  ];
  if (run.endedAtMs !== null) {
    const took =
      run.startedAtMs === null ? "" : ` (${formatDuration(run.endedAtMs - run.startedAtMs)})`;
    lines.push(row("ended", `${formatInstant(run.endedAtMs)}${took}`));
  }
  if (why !== null) lines.push(row("why", oneLine(why, 500)));
  if (run.trigger !== null) lines.push(row("trigger", oneLine(originText(run.trigger), 300)));
  if (run.forkedFrom !== null) lines.push(row("rerun of", run.forkedFrom));
  if (run.parentRunId !== null) lines.push(row("parent", run.parentRunId));
  if (run.continuedFrom !== null) lines.push(row("goes on", `from ${run.continuedFrom}`));
  if (run.continuedTo !== null) lines.push(row("goes on", `as ${run.continuedTo}`));
  const versions = Object.entries(pins).map(([name, version]) => `${visible(name)} v${version}`);
  if (versions.length > 0) lines.push(row("may run", oneLine(versions.join(", "), 500)));
  for (const { seq, bytes } of pinned)
    lines.push(row("pinned", `checkpoint at event ${seq}, ${bytes} bytes`));
  for (const warning of run.warnings) lines.push(row("warning", warning));
  lines.push(row("input", brief(run.input, 200)));
  if (run.output !== null) lines.push(row("output", brief(run.output, 200)));
  if (run.error !== null) lines.push(row("error", colors.red(errorLine(run.error))));
  return lines;
}

/** `schedule nightly, 2026-03-29T04:00:00.000Z`. */
function originText({ kind, id, instantMs, event, hook, isManual }: TriggerOrigin): string {
  const what = instantMs === undefined ? (event ?? hook ?? "") : new Date(instantMs).toISOString();
  return `${kind} ${id}, ${isManual === true ? "by hand " : ""}${what}`;
}

/** `code at path: message`. */
export function errorLine(error: NonNullable<RunView["error"]>): string {
  const place = error.path === undefined ? "" : ` at ${error.path}`;
  return oneLine(`${error.code}${place}: ${error.message}`, 500);
}

function stepRow(step: StepView, colors: Colors): readonly string[] {
  const took =
    step.startedAtMs === null || step.endedAtMs === null || step.endedAtMs === step.startedAtMs
      ? ""
      : formatDuration(step.endedAtMs - step.startedAtMs);
  const result =
    step.error === null
      ? brief(step.output, OUTPUT_WIDTH)
      : colors.red(oneLine(`${step.error.code}: ${step.error.message}`, OUTPUT_WIDTH));
  return [
    stepMark(step.status, colors),
    visible(step.path),
    visible(step.uses),
    paintStatus(step.status, step.status, colors),
    step.memo !== null ? "memo" : step.attempts > 1 ? String(step.attempts) : "",
    took,
    result,
  ];
}
