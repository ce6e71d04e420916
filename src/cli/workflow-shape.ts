/**
 * A plan as it is drawn: every step once, by its path without items and passes, grouped by the
 * step that owns it; edges between steps of one scope.
 */
import { childPath, slotPath } from "#workflow/path.ts";
import type { Plan, PlanScope, PlanStep } from "#workflow/plan.ts";

export interface ShapeNode {
  readonly path: string;
  readonly id: string;
  readonly uses: string;
  readonly kind: string;
  /** Path of the step whose inner step it is; null at the root. */
  readonly parent: string | null;
  /** The branch, case or other slot of the parent; `` where it has one body only. */
  readonly slot: string;
  readonly isGroup: boolean;
}

export interface ShapeEdge {
  readonly from: string;
  readonly to: string;
  /** The port that the edge names. */
  readonly label: string | null;
  /** True when only an expression makes one step wait for the other. */
  readonly implied: boolean;
}

export interface Shape {
  readonly nodes: readonly ShapeNode[];
  readonly edges: readonly ShapeEdge[];
}

export function shapeOf(plan: Plan): Shape {
  const nodes: ShapeNode[] = [];
  const edges: ShapeEdge[] = [];
  const addScope = (scope: PlanScope, owner: string | null) => {
    const base = slotPath(owner ?? "", scope.pathSegment);
    const pathOf = (step: PlanStep) => childPath(base, step.id);
    for (const step of scope.steps) {
      const path = pathOf(step);
      nodes.push({
        path,
        id: step.id,
        uses: step.uses,
        kind: step.kind,
        parent: owner,
        slot: scope.pathSegment,
        isGroup: step.bodies.size > 0,
      });
      for (const edge of step.in) {
        const source = scope.steps[edge.from];
        if (source !== undefined)
          edges.push({
            from: pathOf(source),
            to: path,
            label: edge.port,
            implied: edge.implied,
          });
      }
      for (const body of step.bodies.values()) addScope(body, path);
    }
  };
  addScope(plan.root, null);
  if (plan.finally !== null) addScope(plan.finally, null);
  return { nodes, edges };
}
