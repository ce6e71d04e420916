/** The expressions of triggers, evaluated when one fires: they see `trigger` and `workflow`. */
import { LockstitchError } from "#errors/errors.ts";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError, type Scope } from "#workflow/expression/expression.ts";
import { compileTemplate } from "#workflow/expression/template.ts";

export interface Fired {
  readonly workflow: string;
  readonly id: string;
  /** What expressions see as `trigger`. */
  readonly trigger: Readonly<Record<string, unknown>>;
}

/** The run's input, or `otherwise` where the trigger says none. Throws input_invalid. */
export function inputOf(fired: Fired, template: unknown, otherwise: unknown): unknown {
  if (template === undefined) return otherwise;
  return evaluated(fired, "input", (scope) => compileTemplate(template).evaluate(scope));
}

export function passes(fired: Fired, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  return evaluated(fired, "filter", (scope) => compileExpression(filter).test(scope));
}

/** As text; null where it is null or empty. */
export function keyOf(fired: Fired, source: string): string | null {
  const value = evaluated(fired, "idempotencyKey", (scope) =>
    compileExpression(source).evaluate(scope),
  );
  if (value === null || value === "") return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function evaluated<Value>(
  { workflow, id, trigger }: Fired,
  field: string,
  evaluate: (scope: Scope) => Value,
): Value {
  try {
    return evaluate({ trigger, workflow: { name: workflow } });
  } catch (cause) {
    if (cause instanceof ExpressionError) throw inputInvalid(`${workflow}/${id}`, field, cause);
    throw cause;
  }
}

function inputInvalid(trigger: string, field: string, cause: ExpressionError): LockstitchError {
  const message = `\`${field}\` of trigger ${trigger} cannot be made: ${cause.message}`;
  return new LockstitchError("input_invalid", message, { details: { trigger }, cause });
}
