/**
 * Every failure that a caller of Lockstitch can meet, one row each: its stable code, the HTTP
 * status it answers with and whether trying again can help. docs/errors.md lists the same codes
 * (test/errors/errors.test.ts fails when the two differ).
 *
 * Errors of a *step* (what a workflow author matches on in `retry.errors` and `catch`) are the
 * closed list in step-error.ts; these here are errors of a *call*.
 */
export const ERRORS = {
  definition_invalid: { httpStatus: 422, retry: "never" },
  input_invalid: { httpStatus: 422, retry: "never" },
  request_invalid: { httpStatus: 400, retry: "never" },
  unauthorized: { httpStatus: 401, retry: "never" },
  forbidden: { httpStatus: 403, retry: "never" },
  not_found: { httpStatus: 404, retry: "never" },
  method_not_allowed: { httpStatus: 405, retry: "never" },
  workflow_not_found: { httpStatus: 404, retry: "never" },
  run_not_found: { httpStatus: 404, retry: "never" },
  value_not_found: { httpStatus: 404, retry: "never" },
  trigger_not_found: { httpStatus: 404, retry: "never" },
  step_not_found: { httpStatus: 404, retry: "never" },
  run_exists: { httpStatus: 409, retry: "never" },
  step_settled: { httpStatus: 409, retry: "never" },
  action_refused: { httpStatus: 409, retry: "never" },
  run_terminal: { httpStatus: 409, retry: "never" },
  run_open: { httpStatus: 409, retry: "never" },
  not_waiting: { httpStatus: 409, retry: "never" },
  payload_too_large: { httpStatus: 413, retry: "never" },
  unsupported_media_type: { httpStatus: 415, retry: "never" },
  signal_invalid: { httpStatus: 422, retry: "never" },
  signals_full: { httpStatus: 429, retry: "backoff" },
  quota_exceeded: { httpStatus: 429, retry: "backoff" },
  queue_full: { httpStatus: 429, retry: "backoff" },
  shutting_down: { httpStatus: 503, retry: "backoff" },
  store_unavailable: { httpStatus: 503, retry: "backoff" },
  run_elsewhere: { httpStatus: 503, retry: "backoff" },
  disk_low: { httpStatus: 503, retry: "backoff" },
  store_held: { httpStatus: 503, retry: "never" },
  store_owned: { httpStatus: 503, retry: "never" },
  store_newer: { httpStatus: 503, retry: "never" },
  secrets_unreadable: { httpStatus: 503, retry: "backoff" },
  store_corrupt: { httpStatus: 500, retry: "never" },
  journal_refused: { httpStatus: 500, retry: "never" },
  config_invalid: { httpStatus: 400, retry: "never" },
  internal: { httpStatus: 500, retry: "never" },
} as const satisfies Record<string, { httpStatus: number; retry: "never" | "backoff" }>;

export type ErrorCode = keyof typeof ERRORS;

/** One failure of a call. `details` is JSON that a client may show; `message` names the thing and the fix. */
export class LockstitchError extends Error {
  override readonly name = "LockstitchError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Marks a place that types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
