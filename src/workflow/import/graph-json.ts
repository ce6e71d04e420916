/**
 * Graph JSON as visual editors write it, `{ nodes: [{ id, type, data, position }], edges: [{ source,
 * target, sourceHandle }] }`, read into a graph whose structure is sound: ids are unique, edges join
 * two different nodes, nothing waits for itself. Every mistake is reported and names its node.
 * Whatever else the editor keeps in nodes, edges and `data` (labels, sizes, colours) is ignored.
 */

import { isDeniedKey } from "../expression/value.ts";
import { STEPS_MAX } from "../plan-compile.ts";
import type { Pointer, Report } from "../problem.ts";
import { suggestName } from "../suggest.ts";
import { reportCycles } from "./graph-cycles.ts";
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

/** Looking for the name that was meant takes time. */
const SUGGESTIONS_MAX = 100;
const EDGES_MAX = 10 * STEPS_MAX;
/** Ids stand in paths, logs and messages. */
const ID_LENGTH_MAX = 256;

/** Whether a value is a graph and not a definition. */
export function isGraphJson(value: unknown): value is Fields {
  return isObject(value) && "nodes" in value && !("steps" in value);
}

/** The graph, or null where the mistakes leave nothing to go on with. */
export function readGraph(value: Fields, report: Report): Graph | null {
  const written = listOf(value["nodes"], "nodes", report);
  const joined = listOf(value["edges"], "edges", report);
  if (written === null || joined === null || !isOfSize(written, joined, report)) return null;
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
  const names = [...byId.keys()];
  let told = 0;
  const suggest = (id: string) => (told++ < SUGGESTIONS_MAX ? suggestName(id, names) : null);
  const sound = edges.filter((edge) => isSound(edge, byId, suggest, report));
  const graph: Graph = {
    nodes,
    byId,
    incoming: grouped(nodes, sound, "target"),
    outgoing: grouped(nodes, sound, "source"),
  };
  return reportCycles(graph, report) ? null : graph;
}

/** Refused before anything is looked at, as every node is at least one step. */
function isOfSize(nodes: readonly unknown[], edges: readonly unknown[], report: Report): boolean {
  const told = (name: string, count: number, limit: number): boolean => {
    if (count <= limit) return true;
    report({
      code: "limit_exceeded",
      message: `The graph has ${count} ${name}; at most ${limit} are allowed.`,
      pointer: [name],
    });
    return false;
  };
  return told("nodes", nodes.length, STEPS_MAX) && told("edges", edges.length, EDGES_MAX);
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
  const fault = idFault(id);
  if (fault !== null) {
    report({
      code: "invalid_shape",
      message: `Node ${at + 1} of the graph: its id ${JSON.stringify(id.slice(0, 40))}${id.length > 40 ? "..." : ""} ${fault}.`,
      pointer: [...pointer, "id"],
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
  const named = value["type"] ?? "";
  if (typeof named !== "string") {
    report({
      code: "invalid_shape",
      message: `\`type\` of node \`${id}\` must be a text.`,
      pointer: [...pointer, "type"],
    });
    return null;
  }
  const type = named.trim();
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

/** What is wrong with an id; null: nothing. */
function idFault(id: string): string | null {
  if (id.length > ID_LENGTH_MAX) return `is longer than ${ID_LENGTH_MAX} characters`;
  if (/\p{Cc}/u.test(id)) return "has control characters";
  if (!id.isWellFormed()) return "has half a character";
  // An expression could not read its result.
  return isDeniedKey(id) ? "is a name that the language keeps for itself" : null;
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
  const handle = value["sourceHandle"] ?? value["condition"] ?? "";
  if (typeof handle !== "string") {
    report({
      code: "invalid_shape",
      message: `The edge from \`${source}\` to \`${target}\`: its \`sourceHandle\` must be a text.`,
      pointer: [...pointer, "sourceHandle" in value ? "sourceHandle" : "condition"],
    });
    return null;
  }
  return { source, target, handle: handle === "" ? null : handle, pointer };
}

function isSound(
  edge: GraphEdge,
  nodes: ReadonlyMap<string, GraphNode>,
  suggest: (id: string) => string | null,
  report: Report,
): boolean {
  for (const end of ["source", "target"] as const) {
    const id = edge[end];
    if (nodes.has(id)) continue;
    report({
      code: "unknown_step",
      message: `The edge from \`${edge.source}\` to \`${edge.target}\` has no ${end}: there is no node \`${id}\`.`,
      pointer: [...edge.pointer, end],
      suggestion: suggest(id),
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
