/**
 * Graph JSON as visual editors write it, `{ nodes: [{ id, type, data, position }], edges: [{ source,
 * target, sourceHandle }] }`, read into a graph whose structure is sound: ids are unique, edges join
 * two different nodes, nothing waits for itself. Every mistake is reported and names its node.
 * Whatever else the editor keeps in nodes, edges and `data` (labels, sizes, colours) is ignored.
 */
import type { Pointer, Report } from "../problem.ts";
import { suggestName } from "../suggest.ts";
import { inferNodeType } from "./graph-node-type.ts";

export interface GraphNode {
  readonly id: string;
  /** As written, or inferred. */
  readonly type: string;
  /** Fields that are null are left out. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly position: { readonly x: number; readonly y: number } | null;
  /** Leads to the node. */
  readonly pointer: Pointer;
}

export interface GraphEdge {
  readonly source: string;
  readonly target: string;
  /** `sourceHandle`: the port of the source, where it has ports. */
  readonly handle: string | null;
  readonly pointer: Pointer;
}

export interface Graph {
  /** In the order they are written. */
  readonly nodes: readonly GraphNode[];
  readonly byId: ReadonlyMap<string, GraphNode>;
  readonly incoming: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly outgoing: ReadonlyMap<string, readonly GraphEdge[]>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a graph and not a definition. */
export function isGraphJson(value: unknown): value is Fields {
  return isObject(value) && "nodes" in value && !("steps" in value);
}

/** The graph, or null where the mistakes leave nothing to go on with. */
export function readGraph(value: Fields, report: Report): Graph | null {
  const written = listOf(value["nodes"], "nodes", report);
  const joined = listOf(value["edges"], "edges", report);
  if (written === null || joined === null) return null;
  const edges = joined.flatMap((edge, at) => readEdge(edge, at, report) ?? []);
  const targets = new Set(edges.map(({ target }) => target));
  const nodes: GraphNode[] = [];
  const byId = new Map<string, GraphNode>();
  written.forEach((one, at) => {
    const node = readNode(one, at, targets, report);
    if (node === null) return;
    if (byId.has(node.id)) {
      report({
        code: "duplicate_id",
        message: `Two nodes are called \`${node.id}\`.`,
        pointer: [...node.pointer, "id"],
        suggestion: `Rename one, for instance to \`${node.id}_2\`.`,
      });
      return;
    }
    byId.set(node.id, node);
    nodes.push(node);
  });
  const sound = edges.filter((edge) => isSound(edge, byId, report));
  const graph: Graph = {
    nodes,
    byId,
    incoming: grouped(nodes, sound, "target"),
    outgoing: grouped(nodes, sound, "source"),
  };
  return reportCycles(graph, report) ? null : graph;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown, name: string, report: Report): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  if (value === undefined || value === null) return [];
  report({
    code: "invalid_shape",
    message: `\`${name}\` of a graph must be a list.`,
    pointer: [name],
  });
  return null;
}

function readNode(
  value: unknown,
  at: number,
  targets: ReadonlySet<string>,
  report: Report,
): GraphNode | null {
  const pointer: Pointer = ["nodes", at];
  const id = isObject(value) ? idText(value["id"]) : null;
  if (!isObject(value) || id === null) {
    report({
      code: "invalid_shape",
      message: `Node ${at + 1} of the graph has no id.`,
      pointer,
      suggestion: 'Write `{ "id": "a", "type": "number", "data": { "value": 1 } }`.',
    });
    return null;
  }
  const given = value["data"] ?? {};
  if (!isObject(given)) {
    report({
      code: "invalid_shape",
      message: `\`data\` of node \`${id}\` must be an object.`,
      pointer: [...pointer, "data"],
    });
    return null;
  }
  const data = Object.fromEntries(Object.entries(given).filter(([, field]) => field !== null));
  const type = typeof value["type"] === "string" ? value["type"].trim() : "";
  const known = type === "" ? inferNodeType(data, targets.has(id)) : { type };
  if ("type" in known)
    return { id, type: known.type, data, position: positionOf(value["position"]), pointer };
  const names = known.candidates.map((name) => `\`${name}\``).join(", ");
  report({
    code: "invalid_shape",
    message: `Node \`${id}\` has no type, and its data does not tell which it is.`,
    pointer,
    suggestion: names === "" ? "Give it a `type`." : `It could be ${names}: give it a \`type\`.`,
  });
  return null;
}

function idText(id: unknown): string | null {
  if (typeof id === "number" && Number.isFinite(id)) return String(id);
  return typeof id === "string" && id !== "" ? id : null;
}

function positionOf(value: unknown): GraphNode["position"] {
  if (!isObject(value)) return null;
  const { x, y } = value;
  return Number.isFinite(x) && Number.isFinite(y) ? { x: x as number, y: y as number } : null;
}

function readEdge(value: unknown, at: number, report: Report): GraphEdge | null {
  const pointer: Pointer = ["edges", at];
  const source = isObject(value) ? idText(value["source"]) : null;
  const target = isObject(value) ? idText(value["target"]) : null;
  if (!isObject(value) || source === null || target === null) {
    report({
      code: "invalid_shape",
      message: `Edge ${at + 1} of the graph needs a \`source\` and a \`target\`.`,
      pointer,
    });
    return null;
  }
  // Older editors write the port of an edge as its condition.
  const handle = value["sourceHandle"] ?? value["condition"];
  return {
    source,
    target,
    handle: typeof handle === "string" && handle !== "" ? handle : null,
    pointer,
  };
}

function isSound(edge: GraphEdge, nodes: ReadonlyMap<string, GraphNode>, report: Report): boolean {
  for (const end of ["source", "target"] as const) {
    const id = edge[end];
    if (nodes.has(id)) continue;
    report({
      code: "unknown_step",
      message: `The edge from \`${edge.source}\` to \`${edge.target}\` has no ${end}: there is no node \`${id}\`.`,
      pointer: [...edge.pointer, end],
      suggestion: suggestName(id, [...nodes.keys()]),
    });
    return false;
  }
  if (edge.source !== edge.target) return true;
  report({
    code: "self_edge",
    message: `Node \`${edge.source}\` has an edge to itself.`,
    pointer: edge.pointer,
    suggestion: "Remove the edge; a `while_loop` repeats what follows it.",
  });
  return false;
}

function grouped(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  end: "source" | "target",
): ReadonlyMap<string, readonly GraphEdge[]> {
  const groups = new Map<string, GraphEdge[]>(nodes.map(({ id }) => [id, []]));
  for (const edge of edges) groups.get(edge[end])?.push(edge);
  return groups;
}

/** Reports each cycle that a depth-first walk closes; iterative, as chains are long. */
function reportCycles(graph: Graph, report: Report): boolean {
  const state = new Map<string, "open" | "done">();
  let found = false;
  for (const { id: root } of graph.nodes) {
    if (state.has(root)) continue;
    const path: { readonly id: string; next: number }[] = [{ id: root, next: 0 }];
    state.set(root, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = graph.outgoing.get(top.id)?.[top.next++];
      if (edge === undefined) {
        state.set(top.id, "done");
        path.pop();
      } else if (!state.has(edge.target)) {
        state.set(edge.target, "open");
        path.push({ id: edge.target, next: 0 });
      } else if (state.get(edge.target) === "open") {
        found = true;
        const ids = path.map(({ id }) => id);
        const circle = [...ids.slice(ids.indexOf(edge.target)), edge.target];
        report({
          code: "cycle",
          message: `Nodes wait for each other: ${circle.join(" -> ")}.`,
          pointer: edge.pointer,
          suggestion: "Remove one of these edges; a `while_loop` repeats what follows it.",
        });
      }
    }
  }
  return found;
}
