/** What a step is given: its `with` as one template, its functions, and the condition of a branch or loop. */
import type { ControlStep } from "./control-steps.ts";
import type { Step } from "./definition.ts";
import type { Expression, Template } from "./expression/expression.ts";
import type { PlanStep } from "./plan.ts";
import type { ExpressionCompiler, Place } from "./plan-expressions.ts";
import type { Pointer } from "./problem.ts";

interface Compiling {
  readonly expressions: ExpressionCompiler;
  /** Leads to the step. */
  readonly pointer: Pointer;
  readonly place: Place;
}

/** `with` without the fields that are expressions or functions themselves. */
export function planConfig(
  step: Step,
  control: ControlStep | undefined,
  functionFields: ReadonlySet<string> | undefined,
  { expressions, pointer, place }: Compiling,
): Pick<PlanStep, "functions"> & { readonly with: Template } {
  const at = [...pointer, "with"];
  const bare = control?.bareFields ?? [...(functionFields ?? [])];
  const config = step.with ?? {};
  if (bare.length === 0 || typeof config !== "object" || Array.isArray(config))
    return { with: expressions.template(config, at, place), functions: [] };
  const fields: Record<string, unknown> = { ...config };
  const functions: { field: string; expression: Expression }[] = [];
  for (const field of bare) {
    const source = fields[field];
    delete fields[field];
    if (control !== undefined || typeof source !== "string") continue;
    const expression = expressions.bare(source, [...at, field], place);
    if (expression !== null) functions.push({ field, expression });
  }
  return { with: expressions.template(fields, at, place), functions };
}

/** `if`, `while`: the bare condition; null for any other step. */
export function planCondition(
  step: Step,
  control: ControlStep | undefined,
  { expressions, pointer, place }: Compiling,
): Expression | null {
  if (control === undefined || !control.bareFields.includes("condition")) return null;
  const source = (step.with as { condition?: unknown } | null | undefined)?.condition;
  if (typeof source !== "string") return null;
  const isLoop = control.kind === "while";
  const sees = isLoop ? { ...place, locals: ["carry", "index"], loop: step } : place;
  return expressions.bare(source, [...pointer, "with", "condition"], sees);
}
