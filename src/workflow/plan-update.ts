/** The `update` of a loop, compiled: it sees the pass that closes, and sets what the loop carries. */
import type { Template } from "./expression/expression.ts";
import { carryNames } from "./known-names.ts";
import type { PlanScope, PlanStep } from "./plan.ts";
import { atEndOf, type ExpressionCompiler } from "./plan-expressions.ts";
import type { Pointer, Report } from "./problem.ts";
import { suggestName } from "./suggest.ts";

interface Compiling {
  readonly expressions: ExpressionCompiler;
  /** Leads to `update`. */
  readonly pointer: Pointer;
  readonly report: Report;
}

/** `scope` is the loop's body. Reports names that the loop does not carry. */
export function planUpdate(
  { definition }: PlanStep,
  scope: PlanScope,
  { expressions, pointer, report }: Compiling,
): Template {
  const update = definition.update ?? {};
  const template = expressions.template(update, pointer, atEndOf(scope));
  const carried = carryNames(definition.with);
  for (const name of Object.keys(update))
    if (carried !== null && !carried.includes(name))
      report({
        code: "unknown_name",
        message: `\`update\` sets \`${name}\`, which the loop does not carry.`,
        pointer: [...pointer, name],
        atKey: true,
        suggestion: suggestName(name, carried) ?? "Give it a first value in `with.carry`.",
      });
  return template;
}
