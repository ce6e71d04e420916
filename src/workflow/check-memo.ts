/**
 * `memo` where it means something: on steps that do work outside, and never on a guarded one, whose
 * effect is the point of it. A `memo` in `defaults` reaches only steps that can have one.
 */
import type { Defaults, Step, WorkflowDefinition } from "./definition.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Pointer, Report } from "./problem.ts";

export function checkMemo(
  definition: WorkflowDefinition,
  nodes: NodeTypes,
  eachStep: (visit: (step: Step, pointer: Pointer) => void) => void,
  report: Report,
): void {
  const refuseGuarded = (policies: Defaults | undefined, pointer: Pointer): void => {
    if (policies?.memo === undefined || policies.effect !== "guarded") return;
    report({
      code: "field_not_allowed",
      message: "A guarded effect is carried out, not remembered: it cannot have `memo`.",
      pointer: [...pointer, "memo"],
      atKey: true,
      suggestion: "Remove `memo`, or `effect: guarded`.",
    });
  };
  refuseGuarded(definition.defaults, ["defaults"]);
  eachStep((step, pointer) => {
    refuseGuarded(step, pointer);
    refuseGuarded(step.defaults, [...pointer, "defaults"]);
    const node = nodes.get(step.uses);
    const isOutside = node !== undefined && node.execution !== "pure" && node.isExact !== true;
    if (step.memo === undefined || isOutside) return;
    report({
      code: "field_not_allowed",
      message: `\`${step.uses}\` cannot have \`memo\`: only steps that do work outside are remembered.`,
      pointer: [...pointer, "memo"],
      atKey: true,
      suggestion: "Put `memo` on the step that does the work, or into `defaults`.",
    });
  });
}
