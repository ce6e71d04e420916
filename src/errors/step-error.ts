/**
 * How a step fails: one shape, journaled as it is, with codes from a closed list (plus
 * `http.<status>` and whatever a `fail` step or a user's own node type names under `user.`).
 * Workflow authors match on these codes in `retry.errors` and `catch`; see matchesCode.
 */
export const STEP_ERROR_CODES = {
  aborted: "The attempt was told to stop.",
  approval_expired: "Nobody decided before the approval expired.",
  approval_rejected: "The approval was rejected.",
  auth_failed: "The authorization server gave no access token.",
  blob_missing: "A stored payload is missing or corrupt.",
  child_failed: "The child run failed; its own error is in details.",
  child_cancelled: "The child run was cancelled.",
  child_not_started: "The child run could not be started.",
  cleanup_timeout: "`finally` or compensations took longer than their cleanupTimeout.",
  code_failed: "The sandboxed code threw an error.",
  command_denied: "The command is not one that the operator allows.",
  command_failed: "The program ended with a code that is not listed as success, or by a signal.",
  compensation_failed: "Compensations of a saga failed; details list which.",
  config_invalid:
    "The step's configuration does not fit its schema once its expressions are evaluated.",
  connection_failed: "The other side could not be reached.",
  connection_unknown: "The operator has set up no connection of that name and kind.",
  deadline_exceeded: "The step or its run took longer than its deadline.",
  email_failed: "The mail server refused the message.",
  expression_failed: "An expression could not be evaluated.",
  failed: "A `fail` step, or a node that gave no code of its own.",
  file_denied: "The path lies outside the allowed folders.",
  file_failed: "The file could not be read or written.",
  file_not_found: "The file does not exist.",
  heartbeat_timeout: "The attempt gave no heartbeat for longer than its heartbeatTimeout.",
  host_lost: "The attempt's host was lost three times in a row.",
  http_blocked: "The address may not be called (SSRF rules).",
  http_limit: "A limit of http.request was reached (redirects, calls a run).",
  internal: "A fault inside Lockstitch; please report it.",
  limit_exceeded: "A limit on time, memory, size or number was reached; the message names it.",
  max_iterations: "A while loop reached maxIterations with its condition still true.",
  operator_failed: "An operator decided that the step fails.",
  output_invalid: "The node's output does not fit its schema.",
  parse_failed: "The text could not be parsed.",
  plugin_failed: "The plugin's process ended, did not answer or could not be started.",
  redis_failed: "Redis refused the command.",
  secret_not_found: "The host has no secret of that name; the message says where it looked.",
  secret_unusable:
    "The secret's value cannot be used, the place it is kept in cannot be read, or a plugin may not have it.",
  signal_expired: "No signal came before the wait expired.",
  sql_failed: "The database refused the statement.",
  stream_changed: "The file that a stream is read from is not the one it was made of.",
  timeout: "One attempt took longer than its timeout.",
  unknown_node_type: "The node type does not exist on this host.",
  validation_failed: "The value does not fit the schema.",
  value_unreadable: "A shared value cannot be read from the store; the message says why.",
} as const;

export type StepErrorCode = keyof typeof STEP_ERROR_CODES | `http.${number}` | `user.${string}`;

/** A step's failure as journaled. `details` is JSON, at most 16 KiB. */
export interface StepError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: unknown;
}

/** What a node throws to fail its attempt. Anything else it throws becomes `internal`, retryable. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: StepErrorCode;
  readonly retryable: boolean;
  readonly details: unknown;
  constructor(
    code: StepErrorCode,
    message: string,
    options: { retryable?: boolean; details?: unknown; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
  }
}

/**
 * Whether `code` matches a pattern of `retry.errors` or `catch`: an exact code, `*`, a prefix
 * (`http.*`) or a class of HTTP statuses (`http.4xx`, `http.5xx`).
 */
export function matchesCode(pattern: string, code: string): boolean {
  if (pattern === "*" || pattern === code) return true;
  if (pattern.endsWith(".*")) return code.startsWith(pattern.slice(0, -1));
  if (/^http\.[1-5]xx$/.test(pattern))
    return code.length === 8 && code.startsWith(pattern.slice(0, 6));
  return false;
}
