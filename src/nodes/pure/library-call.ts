/**
 * Lets a node use a function of the expression library (JSON paths, patterns) outside of an
 * expression: within an evaluation of its own, so that the same limits hold.
 */
import { ExpressionError } from "#workflow/expression/expression.ts";
import { withMachine } from "#workflow/expression/run.ts";
import { fieldFault } from "./field-fault.ts";

/** What `body` gives. Its faults are those of the config field `field`; a passed limit stays one. */
export function callLibrary<Result>(field: string, body: () => Result): Result {
  try {
    return withMachine({}, undefined, body);
  } catch (error) {
    if (!(error instanceof ExpressionError) || error.kind === "limit") throw error;
    throw fieldFault(field, `${error.message}.`, { cause: error });
  }
}
