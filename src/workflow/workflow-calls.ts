/**
 * Which other workflows a definition runs (`workflow.run`), as far as it says so: names and versions
 * that are written down, and whether anything decides that the call is made.
 */
import { type InnerScope, innerScopes } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";
import { childPath, slotPath } from "./path.ts";
import type { Pointer } from "./problem.ts";

export interface WorkflowCall {
  /** Static path of the step. */
  readonly path: string;
  /** Leads to the step in the definition. */
  readonly pointer: Pointer;
  /** null: an expression says it. */
  readonly workflow: string | null;
  /** null: that which is pinned when the outermost run starts; latest: the newest when the step runs. */
  readonly version: number | "latest" | "computed" | null;
  /**
   * Every run that gets that far makes the call: no condition, port or loop stands before it, and
   * nothing in the workflow ends it early.
   */
  readonly isCertain: boolean;
}

export const NO_CALLS: readonly WorkflowCall[] = [];

/** In the order of the definition, inner steps after their owner. */
export function callsOf(definition: WorkflowDefinition): readonly WorkflowCall[] {
  const calls: WorkflowCall[] = [];
  let endsEarly = false;
  const walk = (steps: readonly Step[], at: Place): void => {
    for (const [index, step] of steps.entries()) {
      const path = childPath(at.path, step.id);
      const pointer = [...at.pointer, index];
      const isCertain = at.isCertain && isUnconditional(step);
      if (ENDINGS.has(step.uses)) endsEarly = true;
      if (step.uses === "workflow.run") calls.push({ path, pointer, isCertain, ...target(step) });
      for (const inner of innerScopes(step))
        walk(inner.steps, {
          path: slotPath(path, inner.pathSegment),
          pointer: [...pointer, ...inner.stepsPointer],
          isCertain: isCertain && runsAlways(step, inner),
        });
    }
  };
  walk(definition.steps, { path: "", pointer: ["steps"], isCertain: true });
  walk(definition.finally ?? [], { path: "finally", pointer: ["finally"], isCertain: true });
  return endsEarly ? calls.map((call) => ({ ...call, isCertain: false })) : calls;
}

/** Of a definition whose JSON text is `json`: most run no other workflow, and need no look inside. */
export function callsIn(
  json: string,
  definition: () => WorkflowDefinition,
): readonly WorkflowCall[] {
  return json.includes('"workflow.run"') ? callsOf(definition()) : NO_CALLS;
}

interface Place {
  readonly path: string;
  readonly pointer: Pointer;
  readonly isCertain: boolean;
}

/** Steps by which a run ends before its other steps. */
const ENDINGS: ReadonlySet<string> = new Set(["stop", "fail", "workflow.continue"]);

function isUnconditional({ if: condition, triggerRule, needs }: Step): boolean {
  return (
    condition === undefined &&
    (triggerRule === undefined || triggerRule === "all_success") &&
    // `check.true` waits for a port; an id with a dot in it is taken for one, to be careful.
    !(needs ?? []).some((need) => need.includes("."))
  );
}

function runsAlways({ uses, with: config }: Step, inner: InnerScope): boolean {
  if (inner.isCompensation === true) return false;
  if (uses === "try") return inner.slot === "body";
  if (uses !== "parallel") return uses === "saga";
  const { join = "all" } = (config ?? {}) as { readonly join?: unknown };
  return join === "all";
}

function target({ with: config }: Step): Pick<WorkflowCall, "workflow" | "version"> {
  const { workflow, version } = (config ?? {}) as Readonly<Record<string, unknown>>;
  const isName = typeof workflow === "string" && !workflow.includes("${{");
  const isKnown = typeof version === "number" || version === "latest";
  return {
    workflow: isName ? workflow : null,
    version: version === undefined ? null : isKnown ? version : "computed",
  };
}
