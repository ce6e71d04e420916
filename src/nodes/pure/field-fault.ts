/** The two errors that most pure nodes throw: a field of `with` that cannot be used, and a limit. */
import { NodeError } from "#errors/step-error.ts";

/** `config_invalid`, its message opening with the field: `rows[2]: must be a list.` */
export function fieldFault(
  field: string,
  message: string,
  options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
): NodeError {
  return new NodeError("config_invalid", `${field}: ${message}`.slice(0, 1000), {
    details: { field, ...options.details },
    ...("cause" in options ? { cause: options.cause } : {}),
  });
}

/** `limit_exceeded`: `limit` names it in the details. */
export function limitFault(limit: string, max: number, message: string): NodeError {
  return new NodeError("limit_exceeded", message, { details: { limit, max } });
}
