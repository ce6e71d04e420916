/**
 * Lets a node use a function of the expression library (JSON paths, patterns) outside of an
 * expression: within an evaluation of its own, so that the same limits hold.
 */
import { ExpressionError } from "#workflow/expression/expression.ts";
import { DEFAULT_LIMITS } from "#workflow/expression/machine.ts";
import { withMachine } from "#workflow/expression/run.ts";
import { fieldFault, limitFault } from "./field-fault.ts";

/** What `body` gives. Its faults are those of the config field `field`; a passed limit stays one. */
export function callLibrary<Result>(field: string, body: () => Result): Result {
  try {
    return withMachine({}, undefined, body);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const message = `${error.message.replace(/^the expression/, "this")}.`;
    if (error.limit !== null)
      throw limitFault(error.limit, DEFAULT_LIMITS[error.limit], `${field}: ${message}`);
    throw fieldFault(field, message, { cause: error });
  }
}
