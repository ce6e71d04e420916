/**
 * Shows a run while it goes on, on standard error.
 *
 * On a terminal: a step that has settled or waits for somebody is printed once and scrolls away;
 * below it the steps in work are redrawn in place, at most ten times a second and never more
 * lines than the terminal has.
 * Without one: a line when a step settles, is retried or waits; nothing is ever redrawn.
 */
import type { EventView } from "#engine/engine.ts";
import { fitted } from "../display-width.ts";
import type { Hint } from "../hints.ts";
import type { Output } from "../output.ts";
import { askLines, stepLine } from "./step-line.ts";
import { type StepEntry, StepLog } from "./step-log.ts";

export interface RunViewer {
  see(event: EventView): void;
  /** Draws the last state and releases the terminal. */
  end(): void;
}

/** Lines for inner instances in trouble; a fan-out of thousands must not flood a log. */
const INNER_LINES_MAX = 20;
const REDRAW_MS = 100;
/** Running times are shown to a tenth of a second, so they are refreshed now and then. */
const TICK_MS = 1_000;

interface RunViewerOptions {
  readonly output: Output;
  readonly runId: string;
  readonly hint: Hint;
}

export function createRunViewer(options: RunViewerOptions): RunViewer {
  return options.output.isLive ? liveViewer(options) : plainViewer(options);
}

function plainViewer({ output, runId, hint }: RunViewerOptions): RunViewer {
  const log = new StepLog();
  let innerLines = 0;
  return {
    see(event) {
      const step = log.apply(event);
      if (step === null || step.path !== event.path || !isWorthLine(step)) return;
      if (step.isInner) {
        innerLines += 1;
        if (innerLines === INNER_LINES_MAX + 1) output.note("  … more inner steps are not shown");
        if (innerLines > INNER_LINES_MAX) return;
      }
      output.note(stepLine(step, { colors: output.noteColors, width: 160, nowMs: event.atMs }));
      for (const line of askLines(step, runId, hint)) output.note(line);
    },
    end() {},
  };
}

function isWorthLine(step: StepEntry): boolean {
  return step.status !== "running" && step.status !== "pending";
}

function liveViewer({ output, runId, hint }: RunViewerOptions): RunViewer {
  const log = new StepLog();
  const colors = output.noteColors;
  /** New lines that stay: printed once, above the region. */
  let lasting: string[] = [];
  let drawnLines = 0;
  let innerLines = 0;
  /** The journal's clock may differ from ours: running times count from the last event. */
  let lastAtMs = 0;
  let lastSeenMs = 0;
  let pending: NodeJS.Timeout | null = null;

  const nowMs = () => lastAtMs + Math.max(0, performance.now() - lastSeenMs);
  const line = (step: StepEntry) =>
    stepLine(step, { colors, width: output.columns(), nowMs: nowMs() });
  const region = () => {
    const lines: string[] = [];
    for (const step of log.entries())
      if (step.endedAtMs === null && step.ask === null) lines.push(line(step));
    const room = Math.max(1, output.rows() - 2);
    if (lines.length <= room) return lines;
    const more = fitted(`  … ${lines.length - room + 1} more`, output.columns());
    return [...lines.slice(0, room - 1), colors.dim(more)];
  };
  const draw = (lines: readonly string[]) => {
    // The terminal may have echoed a ^C: back to the first column, then up.
    const erase = drawnLines > 0 ? `\r\x1b[${drawnLines}A\x1b[J` : "\r";
    const text = [...lasting, ...lines].map((text) => `${text}\n`).join("");
    lasting = [];
    drawnLines = lines.length;
    output.draw(`${erase}${text}`);
  };
  const stay = (step: StepEntry) => {
    if (step.isInner) innerLines += 1;
    if (step.isInner && innerLines > INNER_LINES_MAX) return;
    // Commands to paste must not be cut, and a wrapped line cannot be redrawn: said once.
    const asks = askLines(step, runId, hint).map((text) => colors.cyan(text));
    lasting.push(line(step), ...asks);
  };
  const tick = setInterval(() => draw(region()), TICK_MS);
  const redrawSoon = () => {
    pending ??= setTimeout(() => {
      pending = null;
      draw(region());
    }, REDRAW_MS);
  };
  return {
    see(event) {
      lastAtMs = event.atMs;
      lastSeenMs = performance.now();
      const step = log.apply(event);
      if (step === null) return;
      if (step.path === event.path && (step.endedAtMs !== null || step.ask !== null)) stay(step);
      redrawSoon();
    },
    end() {
      clearInterval(tick);
      if (pending !== null) clearTimeout(pending);
      draw([]);
    },
  };
}
