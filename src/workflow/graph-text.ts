/**
 * A plan as a picture: JSON for the live page, Mermaid and DOT for people. Each inner scope is a
 * group inside its owner. Nodes and groups are named by the static path of their step.
 */

import { childPath, slotPath } from "./path.ts";
import type { Plan, PlanScope, PlanStep, StepKind } from "./plan.ts";

export interface GraphNode {
  /** Path of the step without items, passes and attempts. */
  readonly id: string;
  readonly label: string;
  readonly uses: string;
  /** The group that the node stands in: a scope's id, `` for the root. */
  readonly scope: string;
  readonly kind: StepKind;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly port: string | null;
  readonly implied: boolean;
}

/** An inner scope, drawn as a box around its nodes. */
export interface GraphGroup {
  readonly id: string;
  readonly label: string;
  /** The group around it. */
  readonly scope: string;
  /** The node that owns it; null for the workflow's `finally`. */
  readonly owner: string | null;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly groups: readonly GraphGroup[];
}

/** The plan as JSON for drawing, in definition order. */
export function graphOf(plan: Plan): Graph {
  const graph = { nodes: [] as GraphNode[], edges: [] as GraphEdge[], groups: [] as GraphGroup[] };
  addScope(plan.root, "", "", graph);
  if (plan.finally !== null) {
    graph.groups.push({ id: "finally", label: "finally", scope: "", owner: null });
    addScope(plan.finally, "finally", "finally", graph);
  }
  return graph;
}

type Building = { nodes: GraphNode[]; edges: GraphEdge[]; groups: GraphGroup[] };

/** `group` tells apart what shares a path: the clauses of a try. */
function addScope(scope: PlanScope, path: string, group: string, graph: Building): void {
  const idOf = (step: PlanStep | undefined): string => graphNodeId(path, group, step?.id ?? "");
  for (const step of scope.steps) {
    const id = idOf(step);
    graph.nodes.push({ id, label: step.id, uses: step.uses, scope: group, kind: step.kind });
    for (const { from, port, implied } of step.in)
      graph.edges.push({ from: idOf(scope.steps[from]), to: id, port, implied });
    for (const inner of step.bodies.values()) {
      const innerGroup = childPath(id, inner.slot);
      const label = inner.slot === "body" ? step.id : `${step.id}: ${labelOf(inner)}`;
      graph.groups.push({ id: innerGroup, label, scope: group, owner: id });
      addScope(inner, slotPath(id, inner.pathSegment), innerGroup, graph);
    }
    if (step.compensate !== null) addCompensation(step.compensate, step.id, id, group, graph);
  }
}

/** What undoes a step, drawn beside it. */
function addCompensation(
  scope: PlanScope,
  stepId: string,
  owner: string,
  around: string,
  graph: Building,
): void {
  const id = childPath(owner, scope.slot);
  graph.groups.push({ id, label: `${stepId}: compensate`, scope: around, owner });
  addScope(scope, id, id, graph);
}

/** The path, which later catch clauses of a try share: those get their slot in it. */
export function graphNodeId(path: string, group: string, id: string): string {
  const later = /\["catch\.[1-9]\d*"\]$/.test(group);
  return childPath(later ? group : path, id);
}

function labelOf(scope: PlanScope): string {
  const clause = scope.owner?.catches.find(({ slot }) => slot === scope.slot);
  if (clause === undefined) return scope.slot;
  return clause.errors === null || clause.errors === undefined
    ? "catch"
    : `catch ${clause.errors.join(", ")}`;
}

/** A Mermaid flowchart. Implied edges are dotted, ports are labels. */
export function toMermaid(plan: Plan): string {
  const graph = graphOf(plan);
  const names = namesOf(graph);
  const nodesOf = Map.groupBy(graph.nodes, ({ scope }) => scope);
  const groupsOf = Map.groupBy(graph.groups, ({ scope }) => scope);
  const lines = ["flowchart TD"];
  const draw = (group: string, level: number): void => {
    const space = "  ".repeat(level);
    for (const node of nodesOf.get(group) ?? []) {
      const label = `${mermaidText(node.label)}<br/><small>${mermaidText(node.uses)}</small>`;
      lines.push(`${space}${names.get(node.id)}["${label}"]`);
    }
    for (const inner of groupsOf.get(group) ?? []) {
      lines.push(
        `${space}subgraph ${names.get(`group ${inner.id}`)}["${mermaidText(inner.label)}"]`,
      );
      draw(inner.id, level + 1);
      lines.push(`${space}end`);
    }
  };
  draw("", 1);
  for (const edge of graph.edges) {
    const arrow = edge.implied ? "-.->" : "-->";
    const label = edge.port === null ? "" : `|"${mermaidText(edge.port)}"|`;
    lines.push(`  ${names.get(edge.from)} ${arrow}${label} ${names.get(edge.to)}`);
  }
  for (const { id, owner } of graph.groups)
    if (owner !== null) lines.push(`  ${names.get(owner)} -.- ${names.get(`group ${id}`)}`);
  return `${lines.join("\n")}\n`;
}

/** A Graphviz digraph. Implied edges are dashed, ports are labels. */
export function toDot(plan: Plan): string {
  const graph = graphOf(plan);
  const nodesOf = Map.groupBy(graph.nodes, ({ scope }) => scope);
  const groupsOf = Map.groupBy(graph.groups, ({ scope }) => scope);
  const lines = [
    `digraph ${dotText(plan.definition.name)} {`,
    `  node [shape=box, style=rounded, fontname="sans-serif"];`,
    "  compound=true;",
  ];
  const draw = (group: string, level: number): void => {
    const space = "  ".repeat(level);
    for (const node of nodesOf.get(group) ?? [])
      lines.push(`${space}${dotText(node.id)} [label=${dotText(`${node.label}\n${node.uses}`)}];`);
    for (const inner of groupsOf.get(group) ?? []) {
      lines.push(`${space}subgraph ${dotText(`cluster ${inner.id}`)} {`);
      lines.push(`${space}  label=${dotText(inner.label)};`);
      draw(inner.id, level + 1);
      lines.push(`${space}}`);
    }
  };
  draw("", 1);
  for (const edge of graph.edges) {
    const marks = [
      ...(edge.port === null ? [] : [`label=${dotText(edge.port)}`]),
      ...(edge.implied ? ["style=dashed"] : []),
    ];
    const suffix = marks.length === 0 ? "" : ` [${marks.join(", ")}]`;
    lines.push(`  ${dotText(edge.from)} -> ${dotText(edge.to)}${suffix};`);
  }
  lines.push(...ownerEdges(graph), "}", "");
  return lines.join("\n");
}

/** A line from each owner to the first node of its scope, cut at the box. */
function ownerEdges(graph: Graph): string[] {
  return graph.groups.flatMap(({ id, owner }) => {
    const first = graph.nodes.find(({ scope }) => scope === id);
    if (owner === null || first === undefined) return [];
    const head = dotText(`cluster ${id}`);
    return [
      `  ${dotText(owner)} -> ${dotText(first.id)} [lhead=${head}, style=dotted, arrowhead=none];`,
    ];
  });
}

/** Mermaid names are plain words: n0, n1, ... and g0, g1, ... */
function namesOf(graph: Graph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  graph.nodes.forEach(({ id }, at) => {
    names.set(id, `n${at}`);
  });
  graph.groups.forEach(({ id }, at) => {
    names.set(`group ${id}`, `g${at}`);
  });
  return names;
}

function mermaidText(text: string): string {
  return text.replace(/[^\w .,:!?*/()+-]/gu, (mark) => `#${mark.codePointAt(0)};`);
}

function dotText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
