/**
 * Rules about where steps of a run's life may stand: `compensate` only inside a saga, which would
 * otherwise never run it, and `workflow.continue` only where nothing is left to undo or to clean up.
 */
import { COMPENSATE, type InnerScope, innerScopes } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";
import type { Pointer, Report } from "./problem.ts";

interface Around {
  /** A saga of the same run would compensate a step here. */
  readonly inSaga: boolean;
  /** Why `workflow.continue` cannot stand here; null where it can. */
  readonly noContinue: string | null;
}

const TOP: Around = { inSaga: false, noContinue: null };
const CLEANING: Around = { inSaga: false, noContinue: "`finally`" };

export function checkLife(definition: WorkflowDefinition, report: Report): void {
  checkSteps(definition.steps, ["steps"], TOP, report);
  checkSteps(definition.finally ?? [], ["finally"], CLEANING, report);
}

function checkSteps(
  steps: readonly Step[],
  pointer: Pointer,
  around: Around,
  report: Report,
): void {
  steps.forEach((step, index) => {
    const at = [...pointer, index];
    checkStep(step, at, around, report);
    for (const inner of innerScopes(step))
      checkSteps(inner.steps, [...at, ...inner.stepsPointer], inside(step, inner, around), report);
  });
}

function inside(step: Step, inner: InnerScope, around: Around): Around {
  if (inner.isCompensation === true) return { inSaga: false, noContinue: "a compensation" };
  if (step.uses === "saga") return { inSaga: true, noContinue: `saga \`${step.id}\`` };
  if (step.uses === "try" && inner.slot === "finally")
    return { ...around, noContinue: "`finally`" };
  return around;
}

function checkStep(step: Step, at: Pointer, around: Around, report: Report): void {
  if (step.compensate !== undefined && !around.inSaga)
    report({
      code: "field_not_allowed",
      message: `Step \`${step.id}\` has \`compensate\`, but no saga around it would ever run it.`,
      pointer: [...at, COMPENSATE],
      atKey: true,
      suggestion: "Put the steps that belong together into a `saga`, or remove `compensate`.",
    });
  if (step.uses === "workflow.continue" && around.noContinue !== null)
    report({
      code: "field_not_allowed",
      message: `\`${step.id}\` (workflow.continue) cannot stand in ${around.noContinue}: its successor could not finish that.`,
      pointer: [...at, "uses"],
      suggestion: "Let the scope end first, and continue after it.",
    });
}
