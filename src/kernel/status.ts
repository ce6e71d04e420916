/** The status of a run in one word, and its progress in numbers. */
import type { RunStatus } from "#workflow/statuses.ts";
import { agendaWants } from "./agenda-wants.ts";
import type { RunState } from "./state.ts";

/** `waiting`: nothing runs or asks to run; only time, people or other runs can move it. */
export function statusOf(state: RunState): RunStatus {
  if (state.terminal !== null) return state.terminal;
  if (state.pausedAtMs !== null) return "paused";
  if (state.phase === "new" || state.phase === "queued") return "queued";
  return state.active > 0 || agendaWants(state) ? "running" : "waiting";
}

export interface Progress {
  readonly status: RunStatus;
  /** Known step instances: those of open scopes and all that have settled. */
  readonly total: number;
  readonly settled: number;
  readonly running: number;
  readonly waiting: number;
  readonly failed: number;
  /** How far running steps say they are, at most STEPS_SHOWN_MAX of them. */
  readonly steps: readonly {
    readonly path: string;
    readonly fraction: number;
    readonly note?: string;
  }[];
}

const STEPS_SHOWN_MAX = 100;

export function progressOf(state: RunState): Progress {
  let running = 0;
  let waiting = 0;
  let unsettled = 0;
  const steps: Progress["steps"][number][] = [];
  for (const instance of state.steps.values()) {
    const said = instance.status === "running" ? instance.live?.beat?.progress : null;
    if (said && steps.length < STEPS_SHOWN_MAX) steps.push({ path: instance.path, ...said });
    switch (instance.status) {
      case "running":
      case "open":
        running++;
        unsettled++;
        break;
      case "awaiting":
      case "retrying":
      case "scheduled":
        waiting++;
        unsettled++;
        break;
      case "waiting":
      case "ready":
        unsettled++;
        break;
      default:
        break;
    }
  }
  const settled = state.settledSteps;
  return {
    status: statusOf(state),
    total: settled + unsettled,
    settled,
    running,
    waiting,
    failed: state.failedSteps,
    steps,
  };
}
