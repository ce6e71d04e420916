/**
 * The end of cleaning up: what `finally` and compensations have not done within their cleanupTimeout
 * is aborted. The workflow's counts from the cancel or the passed deadline and ends the run at once;
 * that of a saga or try counts from the first compensation or from `finally`, and fails that step.
 */
import { cancelChildren } from "./cancel-step.ts";
import { endRun } from "./end-run.ts";
import type { StepInstance } from "./state.ts";
import { emit, type Turn } from "./turn.ts";
import { failedCleanups } from "./unclean.ts";

/** Paths that an error names. */
const PATHS_MAX = 20;

/** When the cleanup of a run that ends now is cut off. */
export function runCleanupOf(turn: Turn): { readonly cleanupAtMs?: number } {
  const { phase, plan } = turn.state;
  return phase === "steps" || phase === "finally"
    ? { cleanupAtMs: turn.world.nowMs + plan.cleanupMs }
    : {};
}

export function cutOffRun(turn: Turn): void {
  const { state } = turn;
  const running: string[] = [];
  for (const { status, path } of state.steps.values())
    if (status === "running" || status === "awaiting" || status === "scheduled") running.push(path);
  cancelChildren(turn);
  endRun(turn, {
    type: "run.failed",
    error: {
      code: "cleanup_timeout",
      message: `Cleaning up took longer than the cleanupTimeout of ${state.plan.cleanupMs} ms; ${running.length === 0 ? "nothing was running" : `aborted: ${running.slice(0, PATHS_MAX).join(", ")}`}.`,
      retryable: false,
      details: {
        aborted: running.slice(0, PATHS_MAX),
        count: running.length,
        failed: failedCleanups(state).map(({ path, error }) => ({ path, code: error.code })),
      },
    },
  });
}

/** The step fails once what it started for cleaning up has been aborted. */
export function cutOffCleanup(turn: Turn, { path, step }: StepInstance): void {
  emit(turn, {
    type: "step.cancel_requested",
    path,
    reason: "cleanup",
    error: {
      code: "cleanup_timeout",
      message: `Cleaning up "${path}" took longer than its cleanupTimeout of ${step.cleanupMs} ms.`,
      retryable: false,
    },
  });
}
