/**
 * Which nodes of a graph belong to the body of which loop, and which edges mean what. In that
 * format a loop's body is what follows it: the nodes behind its `body` port, or, where the graph
 * names no ports, all that its edges lead to. What hangs behind `done` comes after the loop.
 *
 * S1. A node belongs to the innermost loop whose body it is in; a node that follows the loop on
 *     another way too (behind `done`) is not in its body.
 * S2. An edge that leaves a body comes from the loop: behind it there are the results of all passes.
 * S3. An edge into a body from outside is read in each pass and orders nothing: the loop waits for it.
 */
import { LEVELS_MAX } from "../plan-compile.ts";
import type { Report } from "../problem.ts";
import type { Graph, GraphEdge, GraphNode } from "./graph-json.ts";

export const BODY_HANDLES: ReadonlySet<string> = new Set([
  "body",
  "loop",
  "each",
  "item",
  "iteration",
]);
export const DONE_HANDLES: ReadonlySet<string> = new Set([
  "done",
  "after",
  "complete",
  "completed",
  "next",
]);
/** They show or guard the loop and not what it does with an item. */
const NEVER_BODY: ReadonlySet<string> = new Set([
  "visualization",
  "renderer",
  "retry",
  "try_catch",
  "timeout",
]);

export interface GraphScopes {
  /** The innermost loop around a node; null: none. */
  ownerOf(id: string): string | null;
  /** Nodes of a loop's body that lie in no loop inside it, or of the whole graph (null). */
  membersOf(owner: string | null): readonly GraphNode[];
  /** Where an edge comes from for its target: see S1 to S3. */
  originOf(edge: GraphEdge): EdgeOrigin;
}

export type EdgeOrigin =
  /** A node of the same scope. */
  | { readonly kind: "sibling"; readonly id: string; readonly handle: string | null }
  /** The item, or the value that the loop around both carries. */
  | { readonly kind: "item"; readonly loop: string }
  /** A node of a scope around the target's. */
  | { readonly kind: "outer"; readonly id: string };

/** Whether a node of this type repeats what follows it. */
export function isLoop(node: GraphNode, graph: Graph): boolean {
  if (node.type === "for_each" || node.type === "while_loop") return true;
  if (node.type !== "parallel") return false;
  return (graph.outgoing.get(node.id) ?? []).some(({ handle }) => BODY_HANDLES.has(handle ?? ""));
}

/**
 * Nodes that are looked at for all bodies together: two hundred loops in the largest graph. More
 * would take gigabytes.
 */
const LOOKS_MAX = 2_000_000;

/** null: loops stand in too many others, which is reported. */
export function scopesOf(graph: Graph, report: Report): GraphScopes | null {
  const loops = graph.nodes.filter((node) => isLoop(node, graph));
  const bodies: { readonly id: string; readonly body: ReadonlySet<string> }[] = [];
  const looks = { left: LOOKS_MAX };
  for (const loop of loops) {
    if (looks.left < 0) return reportTooMany(loop, report);
    bodies.push({ id: loop.id, body: bodyOf(loop.id, graph, looks) });
  }
  bodies.sort((left, right) => left.body.size - right.body.size);
  const owners = new Map<string, string>();
  for (const { id, body } of bodies)
    for (const inner of body) if (!owners.has(inner)) owners.set(inner, id);
  const ownerOf = (id: string): string | null => owners.get(id) ?? null;
  const deep = loops.find(({ id }) => isTooDeep(id, ownerOf));
  if (deep !== undefined) return reportTooMany(deep, report);
  const members = new Map<string | null, GraphNode[]>();
  for (const node of graph.nodes) {
    const owner = ownerOf(node.id);
    const list = members.get(owner);
    if (list === undefined) members.set(owner, [node]);
    else list.push(node);
  }
  const chain = (id: string | null): (string | null)[] => {
    const scopes: (string | null)[] = [id];
    for (let scope = id; scope !== null; ) {
      scope = ownerOf(scope);
      scopes.push(scope);
    }
    return scopes;
  };
  return {
    ownerOf,
    membersOf: (owner) => members.get(owner) ?? [],
    originOf({ source, target, handle }) {
      const scope = ownerOf(target);
      if (scope === source) return { kind: "item", loop: source };
      if (ownerOf(source) === scope) return { kind: "sibling", id: source, handle };
      const around = chain(scope);
      if (around.includes(ownerOf(source))) return { kind: "outer", id: source };
      // S2: the loop of the target's scope that the source lies in.
      const loop = chain(ownerOf(source)).find((id) => id !== null && ownerOf(id) === scope);
      return loop === undefined || loop === null
        ? { kind: "outer", id: source }
        : { kind: "sibling", id: loop, handle: null };
    },
  };
}

/** The plan has the same limit; but reading the graph goes from loop to loop, and the stack is short. */
function isTooDeep(id: string, ownerOf: GraphScopes["ownerOf"]): boolean {
  let levels = 0;
  for (let at: string | null = id; at !== null && levels <= LEVELS_MAX; at = ownerOf(at))
    levels += 1;
  return levels > LEVELS_MAX;
}

function reportTooMany({ id, pointer }: GraphNode, report: Report): null {
  report({
    code: "limit_exceeded",
    message: `Node \`${id}\`: loops are nested more than ${LEVELS_MAX} levels deep.`,
    pointer,
    suggestion: "Lead an edge from `done` of a loop to what comes after it.",
  });
  return null;
}

/** Nodes that the graph draws into a body (S1) and that follow the loop, or are another's body, too. */
export function reportLostBodies(graph: Graph, scopes: GraphScopes, report: Report): void {
  for (const loop of graph.nodes) {
    if (!isLoop(loop, graph)) continue;
    for (const { handle, target, pointer } of graph.outgoing.get(loop.id) ?? []) {
      if (!BODY_HANDLES.has(handle ?? "")) continue;
      const owner = scopes.ownerOf(target);
      let around = owner;
      while (around !== null && around !== loop.id) around = scopes.ownerOf(around);
      if (around === loop.id) continue;
      report({
        code: "invalid_shape",
        message:
          owner === null
            ? `Node \`${target}\` stands behind \`${handle}\` of \`${loop.id}\`, and after that loop as well.`
            : `Node \`${target}\` stands behind \`${handle}\` of \`${loop.id}\`, and in the body of \`${owner}\` as well.`,
        pointer,
        suggestion: "A node is in one body or behind it: remove one of the edges that lead to it.",
      });
    }
  }
}

function bodyOf(loop: string, graph: Graph, looks: { left: number }): ReadonlySet<string> {
  const edges = graph.outgoing.get(loop) ?? [];
  const inside = edges.filter(({ handle }) => BODY_HANDLES.has(handle ?? ""));
  const behind = edges.filter(
    ({ handle, target }) =>
      DONE_HANDLES.has(handle ?? "") || NEVER_BODY.has(graph.byId.get(target)?.type ?? ""),
  );
  const rest = edges.filter((edge) => !inside.includes(edge) && !behind.includes(edge));
  const after = reachable(inside.length > 0 ? [...behind, ...rest] : behind, graph);
  const body = reachable(inside.length > 0 ? inside : rest, graph);
  looks.left -= after.size + body.size;
  return new Set([...body].filter((id) => !after.has(id)));
}

function reachable(edges: readonly GraphEdge[], graph: Graph): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = edges.map(({ target }) => target);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const { target } of graph.outgoing.get(id) ?? []) open.push(target);
  }
  return seen;
}

/** All nodes from which an edge path leads to `id`. */
export function ancestorsOf(id: string, graph: Graph): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const { source } of graph.incoming.get(next) ?? [])
      if (!seen.has(source)) {
        seen.add(source);
        open.push(source);
      }
  return seen;
}

/** All nodes to which an edge path leads from `id`. */
export function descendantsOf(id: string, graph: Graph): ReadonlySet<string> {
  return reachable(graph.outgoing.get(id) ?? [], graph);
}

/** Position of each node in one order in which every edge leads forward. */
export function orderOf(graph: Graph): ReadonlyMap<string, number> {
  const waits = new Map(graph.nodes.map(({ id }) => [id, graph.incoming.get(id)?.length ?? 0]));
  const ready = graph.nodes.filter(({ id }) => waits.get(id) === 0).map(({ id }) => id);
  const order = new Map<string, number>();
  for (let at = 0; at < ready.length; at += 1) {
    const id = ready[at] as string;
    order.set(id, order.size);
    for (const { target } of graph.outgoing.get(id) ?? []) {
      const left = (waits.get(target) ?? 0) - 1;
      waits.set(target, left);
      if (left === 0) ready.push(target);
    }
  }
  return order;
}
