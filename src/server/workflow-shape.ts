/**
 * The drawn form of a plan, made from its graph: every step is a node, a step with inner steps
 * holds them, and a named slot of it (a branch, `then`, `catch`) is a node of kind `slot` between.
 */
import { type GraphGroup, graphOf } from "#workflow/graph-text.ts";
import { childPath } from "#workflow/path.ts";
import type { Plan } from "#workflow/plan.ts";

export interface ShapeNode {
  /** Path of its instances without items, passes and attempts; of a slot: its group's id. */
  readonly path: string;
  readonly id: string;
  /** Empty for a slot. */
  readonly uses: string;
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

/** The shape of `plan`; slots stand after the steps, inner ones after outer ones. */
export function shapeOf(plan: Plan): WorkflowShape {
  const graph = graphOf(plan);
  const groups = new Map(graph.groups.map((group) => [group.id, group]));
  const owners = new Set(graph.groups.map(({ owner }) => owner));
  const parentOf = (scope: string): string | null => {
    const group = groups.get(scope);
    if (group === undefined) return null;
    return isBody(group) ? group.owner : group.id;
  };
  const steps = graph.nodes.map((node) => ({
    path: node.id,
    id: node.label,
    uses: node.uses,
    kind: node.kind,
    parent: parentOf(node.scope),
    isGroup: owners.has(node.id),
  }));
  const slots = graph.groups
    .filter((group) => !isBody(group))
    .map((group) => ({
      path: group.id,
      id: group.label.slice(group.label.indexOf(": ") + 1).trim(),
      uses: "",
      kind: "slot",
      parent: group.owner,
      isGroup: true,
    }));
  const edges = graph.edges.map(({ from, to, port, implied }) => ({
    from,
    to,
    label: port,
    implied,
  }));
  return { nodes: [...steps, ...slots], edges: [...edges, ...finallyEdges(plan, groups)] };
}

/** The workflow's `finally` comes after every step that nothing follows. */
function finallyEdges(plan: Plan, groups: ReadonlyMap<string, GraphGroup>): readonly ShapeEdge[] {
  const last = [...groups.values()].find(({ owner }) => owner === null);
  if (last === undefined) return [];
  return plan.root.leaves.flatMap((leaf) => {
    const step = plan.root.steps[leaf];
    if (step === undefined) return [];
    return [{ from: childPath("", step.id), to: last.id, label: null, implied: false }];
  });
}

/** The steps of a loop or a try stand in their owner itself. */
function isBody(group: GraphGroup): boolean {
  return group.owner !== null && group.id === childPath(group.owner, "body");
}
