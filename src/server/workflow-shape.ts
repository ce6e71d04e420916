/**
 * The drawn form of a plan: one node for each step, groups for steps with inner steps and for the
 * named slots among them (a branch, `then`, `catch`), edges within one scope.
 *
 * Paths are those of step instances without items, passes and attempts, so that instances find
 * their node.
 */
import { childPath, slotPath } from "#workflow/path.ts";
import type { Plan, PlanScope } from "#workflow/plan.ts";

export interface ShapeNode {
  readonly path: string;
  readonly id: string;
  /** Empty for a slot. */
  readonly uses: string;
  /** As in the plan, or `slot`. */
  readonly kind: string;
  readonly parent: string | null;
  readonly isGroup: boolean;
}

export interface ShapeEdge {
  readonly from: string;
  readonly to: string;
  /** The port it needs. */
  readonly label: string | null;
  /** Only an expression implies it. */
  readonly implied: boolean;
}

export interface WorkflowShape {
  readonly nodes: readonly ShapeNode[];
  readonly edges: readonly ShapeEdge[];
}

/** Nodes come before what stands inside them. */
export function shapeOf(plan: Plan): WorkflowShape {
  const nodes: ShapeNode[] = [];
  const edges: ShapeEdge[] = [];
  addScope(plan.root, "", null, { nodes, edges });
  if (plan.finally !== null) {
    const path = slotPath("", plan.finally.pathSegment);
    const name = "finally";
    nodes.push({ path, id: name, uses: "", kind: "slot", parent: null, isGroup: true });
    for (const leaf of plan.root.leaves) {
      const from = plan.root.steps[leaf];
      if (from !== undefined)
        edges.push({ from: childPath("", from.id), to: path, label: null, implied: false });
    }
    addScope(plan.finally, path, path, { nodes, edges });
  }
  return { nodes, edges };
}

function addScope(
  scope: PlanScope,
  scopePath: string,
  parent: string | null,
  shape: { readonly nodes: ShapeNode[]; readonly edges: ShapeEdge[] },
): void {
  for (const step of scope.steps) {
    const path = childPath(scopePath, step.id);
    const isGroup = step.bodies.size > 0;
    shape.nodes.push({ path, id: step.id, uses: step.uses, kind: step.kind, parent, isGroup });
    for (const edge of step.in) {
      const from = scope.steps[edge.from];
      if (from !== undefined)
        shape.edges.push({
          from: childPath(scopePath, from.id),
          to: path,
          label: edge.port,
          implied: edge.implied,
        });
    }
    for (const body of step.bodies.values()) {
      const inner = slotPath(path, body.pathSegment);
      if (inner !== path)
        shape.nodes.push({
          path: inner,
          id: body.pathSegment,
          uses: "",
          kind: "slot",
          parent: path,
          isGroup: true,
        });
      addScope(body, inner, inner, shape);
    }
  }
}
