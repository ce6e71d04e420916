/** How a stream fails that has more than may be gathered into a list. */
import { NodeError } from "#errors/step-error.ts";

export function tooMany(limit: string, max: number, what: string): NodeError {
  return new NodeError(
    "limit_exceeded",
    `The stream has more than ${max} ${what}; filter or group it, write it to a file, or go through it with for_each.`,
    { details: { limit, max } },
  );
}
