/**
 * Variables of a definition that are the same in every run, for the whole run: what they hold is
 * known when the definition is planned, and nothing in it can set them.
 *
 *   V1. A step that is done by the commit of its outcome (NodeType.isExact) may set any variable of
 *       its run: its names may come from anywhere. One such step, and nothing counts as constant.
 *   V2. All other writers of a run's variables are the definition's own `vars`, once, at the start.
 *   V3. What cannot be known here (it reads `input`, it fails, it is large) is left to the run.
 */
import type { WorkflowDefinition } from "./definition.ts";
import type { Folding } from "./expression/compiler.ts";
import { ExpressionSyntaxError } from "./expression/expression.ts";
import { isSmall } from "./expression/fold.ts";
import { compileTemplate } from "./expression/template.ts";
import type { NodeTypes } from "./node-types.ts";

/** By name; null: there are none. What computing them uses up is taken from `folding`. */
export function constantVars(
  { vars, steps, finally: last }: WorkflowDefinition,
  nodes: NodeTypes,
  folding: Folding,
): Readonly<Record<string, unknown>> | null {
  if (vars === undefined || setsVars(steps, nodes) || setsVars(last, nodes)) return null;
  const known: [string, unknown][] = [];
  for (const [name, template] of Object.entries(vars)) {
    const value = knownValue(template, folding);
    if (value !== undefined && isSmall(value)) known.push([name, value]);
  }
  return known.length === 0 ? null : Object.fromEntries(known);
}

/** undefined: only the run knows. */
function knownValue(value: unknown, folding: Folding): unknown {
  try {
    const template = compileTemplate(value, folding);
    return template.constant ? template.evaluate({}) : undefined;
  } catch (error) {
    // The planner reports it, at its place.
    if (error instanceof ExpressionSyntaxError) return undefined;
    throw error;
  }
}

/** Looks everywhere, in what steps hold too: one `uses` too many costs a folding, one too few a wrong value. */
function setsVars(part: unknown, nodes: NodeTypes): boolean {
  if (typeof part !== "object" || part === null) return false;
  const { uses } = part as { readonly uses?: unknown };
  if (typeof uses === "string" && nodes.get(uses)?.isExact === true) return true;
  return Object.values(part).some((inner) => setsVars(inner, nodes));
}
