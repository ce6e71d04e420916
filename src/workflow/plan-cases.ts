/** The cases of a `switch`, compiled: what each compares with, or the expression that decides. */
import type { Step } from "./definition.ts";
import type { PlanCase } from "./plan.ts";
import type { ExpressionCompiler, Place } from "./plan-expressions.ts";
import { checkCaseName } from "./plan-ids.ts";
import type { Pointer, Report } from "./problem.ts";

interface Compiling {
  readonly expressions: ExpressionCompiler;
  /** Leads to the step. */
  readonly pointer: Pointer;
  readonly report: Report;
}

/** In the order in which they are written. Reports names that no case can have. */
export function planCases(
  step: Step,
  place: Place,
  { expressions, pointer, report }: Compiling,
): PlanCase[] {
  return Object.entries(step.cases ?? {}).map(([port, choice]) => {
    const at = [...pointer, "cases", port];
    checkCaseName(port, at, report);
    const sees = { ...place, locals: ["value"] };
    const when =
      choice.when === undefined ? null : expressions.bare(choice.when, [...at, "when"], sees);
    const equals = choice.equals === undefined && choice.when === undefined ? port : choice.equals;
    return {
      port,
      when,
      equals: equals === undefined ? null : expressions.template(equals, [...at, "equals"], place),
    };
  });
}
