/**
 * Parts of the language that no engine of this version carries out. A limit or a guard that
 * is written down and then ignored would be a lie that costs money, so a definition that asks
 * for one is refused until the engine keeps it.
 */
import type { Defaults, Step, WorkflowDefinition } from "./definition.ts";
import type { Pointer, Report } from "./problem.ts";

const POLICIES = ["effect", "reconcile"] as const satisfies readonly (keyof Defaults)[];

export function checkUnavailable(
  definition: WorkflowDefinition,
  eachStep: (visit: (step: Step, pointer: Pointer) => void) => void,
  report: Report,
): void {
  const refuse = (name: string, pointer: Pointer) =>
    report({
      code: "not_available",
      message: `\`${name}\` is not carried out by this version, and nothing is ignored in silence.`,
      pointer: [...pointer, name],
      atKey: true,
      suggestion: `Remove \`${name}\`.`,
    });
  const policies = (holder: Defaults | undefined, pointer: Pointer) => {
    for (const name of POLICIES) if (holder?.[name] !== undefined) refuse(name, pointer);
  };
  policies(definition.defaults, ["defaults"]);
  eachStep((step, pointer) => {
    policies(step, pointer);
    policies(step.defaults, [...pointer, "defaults"]);
  });
}
