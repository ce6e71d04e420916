/**
 * What the process says to the shell when it ends. The table is the single source: `--help` prints
 * it and docs/cli.md repeats it (test/cli/docs.test.ts fails when the two differ).
 */
import type { ErrorCode } from "#errors/errors.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { RunStatus } from "#workflow/statuses.ts";

export const EXIT = {
  ok: { code: 0, meaning: "done; of `run`: the run succeeded" },
  runFailed: { code: 1, meaning: "the run failed" },
  usage: { code: 2, meaning: "wrong arguments, input or configuration" },
  invalid: { code: 3, meaning: "the definition has mistakes" },
  cancelled: { code: 4, meaning: "the run was cancelled" },
  notFound: { code: 5, meaning: "no such run, step, workflow or file" },
  refused: { code: 6, meaning: "the run's state does not allow it, e.g. it has ended" },
  unwell: { code: 7, meaning: "of `doctor` and `plugin`: something must be put right" },
  unavailable: { code: 69, meaning: "server or store unavailable; trying again may help" },
  internal: { code: 70, meaning: "a fault inside Lockstitch" },
  owned: {
    code: 75,
    meaning: "another process owns the data directory and cannot be reached",
  },
  interrupted: { code: 130, meaning: "interrupted by Ctrl-C; the run stays durable" },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ExitName = keyof typeof EXIT;

const BY_ERROR: Readonly<Record<ErrorCode, ExitName>> = {
  definition_invalid: "invalid",
  input_invalid: "usage",
  request_invalid: "usage",
  config_invalid: "usage",
  payload_too_large: "usage",
  unsupported_media_type: "usage",
  method_not_allowed: "usage",
  signal_invalid: "usage",
  unauthorized: "usage",
  forbidden: "usage",
  not_found: "notFound",
  workflow_not_found: "notFound",
  value_not_found: "notFound",
  run_not_found: "notFound",
  step_not_found: "notFound",
  trigger_not_found: "notFound",
  run_exists: "refused",
  run_terminal: "refused",
  run_open: "refused",
  not_waiting: "refused",
  step_settled: "refused",
  action_refused: "refused",
  signals_full: "unavailable",
  quota_exceeded: "unavailable",
  queue_full: "unavailable",
  shutting_down: "unavailable",
  store_unavailable: "unavailable",
  run_elsewhere: "unavailable",
  disk_low: "unavailable",
  store_held: "refused",
  store_owned: "owned",
  store_newer: "unavailable",
  secrets_unreadable: "unavailable",
  store_corrupt: "internal",
  journal_refused: "internal",
  internal: "internal",
};

/** The exit code that an error ends the process with. */
export function exitCodeOf(error: unknown): number {
  return EXIT[error instanceof LockstitchError ? BY_ERROR[error.code] : "internal"].code;
}

/** The exit code of `run` for the status its run has reached. */
export function exitCodeOfRun(status: RunStatus): number {
  if (status === "failed") return EXIT.runFailed.code;
  if (status === "cancelled") return EXIT.cancelled.code;
  return EXIT.ok.code;
}

/** The table as lines of `--help`. */
export function exitCodeHelp(): string {
  const rows = Object.values(EXIT).map(
    ({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`,
  );
  return ["Exit codes:", ...rows].join("\n");
}
