/** Ids and loop names: reserved ones, those that occur twice, those that hide one of a scope around. */
import {
  CONTROL_STEPS,
  DEFAULT_PORT,
  ERROR_PORT,
  type InnerScope,
  RESERVED_IDS,
} from "./control-steps.ts";
import type { Step } from "./definition.ts";
import { isFunctionName } from "./expression/compile.ts";
import { isDeniedKey } from "./expression/value.ts";
import type { NodeTypes } from "./node-types.ts";
import type { PlanScope, PlanStep } from "./plan.ts";
import { RESERVED_NAMES } from "./plan-expressions.ts";
import type { Pointer, Report } from "./problem.ts";
import { suggestName } from "./suggest.ts";

interface Names {
  /** The root scope and its `finally`, as far as they exist. */
  readonly root: PlanScope | null;
  readonly finally: PlanScope | null;
  /** Leads to the step. */
  readonly pointer: Pointer;
  readonly report: Report;
}

/** Reports a case whose port means something else. */
export function checkCaseName(port: string, pointer: Pointer, report: Report): void {
  if (port !== DEFAULT_PORT && port !== ERROR_PORT) return;
  report({
    code: "reserved_name",
    message: `A case cannot be called \`${port}\`.`,
    pointer,
    atKey: true,
    suggestion:
      port === DEFAULT_PORT
        ? "Write `default:` beside `cases:`."
        : "Every step has the port `error` already.",
  });
}

/** `uses` is neither a control step nor a node type. */
export function reportUnknownType(
  step: Step,
  pointer: Pointer,
  nodes: NodeTypes,
  report: Report,
): void {
  report({
    code: "unknown_type",
    message: `There is no node type \`${step.uses}\`.`,
    pointer: [...pointer, "uses"],
    suggestion: suggestName(step.uses, [...nodes.names(), ...CONTROL_STEPS.keys()]),
  });
}

/** Reports what is wrong with the id of the step at `index`. */
export function checkId(step: Step, index: number, scope: PlanScope, names: Names): void {
  const { pointer, report } = names;
  const at = [...pointer, "id"];
  if (RESERVED_IDS.has(step.id))
    report({
      code: "reserved_name",
      message: `\`${step.id}\` cannot be a step id: paths use it for a slot.`,
      pointer: at,
      suggestion: `Choose another id, such as \`${step.id}_step\`.`,
    });
  if (isDeniedKey(step.id))
    report({
      code: "reserved_name",
      message: `\`${step.id}\` cannot be a step id: expressions read no field of that name.`,
      pointer: at,
      suggestion: "Choose another id.",
    });
  if (scope.positions.get(step.id) !== index)
    report({
      code: "duplicate_id",
      message: `Two steps of this scope are called \`${step.id}\`.`,
      pointer: at,
      suggestion: `Rename one, for instance to \`${step.id}_2\`.`,
    });
  let outer = scope === names.finally ? names.root : scope.parent;
  while (outer !== null) {
    if (outer.positions.has(step.id)) {
      report({
        code: "shadowed_name",
        message: `Step \`${step.id}\` has the id of a step around it.`,
        pointer: at,
        suggestion: "Ids must differ from those of every outer scope; rename one of the two.",
      });
      return;
    }
    outer = outer === names.finally ? names.root : outer.parent;
  }
}

/** Reports what is wrong with the name that a for_each gives its items. */
export function checkItemName(
  inner: InnerScope,
  step: PlanStep,
  pointer: Pointer,
  report: Report,
): void {
  const name = inner.itemName;
  if (name === null) return;
  const at = [...pointer, "with", "as"];
  if (RESERVED_NAMES.has(name) || isDeniedKey(name))
    report({
      code: "reserved_name",
      message: `The item cannot be called \`${name}\`: expressions know that name already.`,
      pointer: at,
      suggestion: "Choose another name for `as`.",
    });
  else if (isFunctionName(name))
    report({
      code: "reserved_name",
      message: `The item cannot be called \`${name}\`: every expression has a function of that name.`,
      pointer: at,
      suggestion: `Choose another name, such as \`${name}_item\`.`,
    });
  for (let scope: PlanScope | null = step.scope; scope !== null; scope = scope.parent)
    if (scope.itemName === name)
      report({
        code: "shadowed_name",
        message: `The items of \`${step.id}\` are called \`${name}\`, as those of the loop around it.`,
        pointer: at,
        suggestion: "Give one of the two loops another name with `as`.",
      });
}
