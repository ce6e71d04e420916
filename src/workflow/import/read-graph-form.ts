/**
 * From the graph form (graph-form.ts) back to the definition. What an editor may have changed is
 * taken over: nodes added or removed, edges drawn otherwise, positions. Mistakes name their node.
 */
import { innerScopes } from "../control-steps.ts";
import type { Step } from "../definition.ts";
import { drawnNeeds } from "../graph-form.ts";
import type { Report } from "../problem.ts";
import { suggestName } from "../suggest.ts";
import { needText } from "./graph-source.ts";

type Fields = Readonly<Record<string, unknown>>;

interface ReadNode {
  readonly id: string;
  readonly step: Record<string, unknown>;
  readonly parent: string | null;
  readonly slot: string | null;
  readonly position: unknown;
  readonly at: number;
}

interface ReadEdge {
  readonly source: string;
  readonly target: string;
  readonly port: string | null;
}

/** Whether a graph is a definition's own graph form, and not that of another editor. */
export function isGraphForm(value: Fields): boolean {
  return "language" in value;
}

/** The definition, still to be checked; null where nodes or edges are not sound. */
export function readGraphForm(value: Fields, report: Report): unknown {
  let isSound = true;
  const tell: Report = (finding) => {
    isSound = false;
    report(finding);
  };
  const nodes = readNodes(value["nodes"], tell);
  const edges = readEdges(value["edges"], nodes, tell);
  const { nodes: _nodes, edges: _edges, finally: last, layout, ...header } = value;
  const root = { steps: [] as unknown[], finally: last };
  // Outer nodes stand before inner ones only where nobody moved them.
  const lists = new Map<ReadNode, Step[]>();
  for (const node of nodes.values()) {
    const list = listFor(node, nodes, root, tell);
    list?.push(node.step as unknown as Step);
    if (list !== null) lists.set(node, list);
  }
  for (const [node, list] of lists) setNeeds(node, list, nodes, edges, lists);
  for (const node of nodes.values()) reportOwnParent(node, nodes, tell);
  if (!isSound) return null;
  const positions = [...nodes.values()].flatMap(({ id, position }) =>
    position === undefined || position === null ? [] : [[id, position] as const],
  );
  const hasLayout = layout !== undefined || positions.length > 0;
  return {
    ...header,
    steps: root.steps,
    ...(root.finally === undefined ? {} : { finally: root.finally }),
    ...(hasLayout ? { layout: { ...(layout as object), ...Object.fromEntries(positions) } } : {}),
  };
}

function readNodes(value: unknown, report: Report): ReadonlyMap<string, ReadNode> {
  const nodes = new Map<string, ReadNode>();
  if (!Array.isArray(value)) {
    report({ code: "invalid_shape", message: "`nodes` must be a list.", pointer: ["nodes"] });
    return nodes;
  }
  value.forEach((one: Fields | null, at) => {
    const { id, type, data = {}, parent, slot, step, position } = one ?? {};
    if (typeof id !== "string" || id === "" || typeof data !== "object") {
      report({
        code: "invalid_shape",
        message: `Node ${at + 1} of the graph needs an \`id\`, a \`type\` and an object as \`data\`.`,
        pointer: ["nodes", at],
      });
      return;
    }
    if (nodes.has(id)) {
      report({
        code: "duplicate_id",
        message: `Two nodes are called \`${id}\`.`,
        pointer: ["nodes", at, "id"],
        suggestion: "Rename one.",
      });
      return;
    }
    // A copy, as inner steps are put into its lists.
    const fields = JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
    nodes.set(id, {
      ...{ id, at, position },
      step: { id: typeof step === "string" ? step : id, uses: type, ...fields },
      parent: typeof parent === "string" ? parent : null,
      slot: typeof slot === "string" ? slot : null,
    });
  });
  return nodes;
}

function readEdges(
  value: unknown,
  nodes: ReadonlyMap<string, ReadNode>,
  report: Report,
): readonly ReadEdge[] {
  const edges: readonly unknown[] = Array.isArray(value) ? value : [];
  return edges.flatMap((one, at) => {
    const { source, target, sourceHandle } = (one ?? {}) as Fields;
    const [from, to] = [nodes.get(String(source)), nodes.get(String(target))];
    if (from === undefined || to === undefined) {
      const missing = String(from === undefined ? source : target);
      report({
        code: "unknown_step",
        message: `The edge from \`${source}\` to \`${target}\` has no ${from === undefined ? "source" : "target"}: there is no node \`${missing}\`.`,
        pointer: ["edges", at],
        suggestion: suggestName(missing, [...nodes.keys()]),
      });
      return [];
    }
    if (from === to) {
      report({
        code: "self_edge",
        message: `Node \`${from.id}\` has an edge to itself.`,
        pointer: ["edges", at],
        suggestion: "Remove the edge.",
      });
      return [];
    }
    if (from.parent !== to.parent || from.slot !== to.slot) {
      report({
        code: "step_not_visible",
        message: `The edge from \`${from.id}\` to \`${to.id}\` leads out of a scope.`,
        pointer: ["edges", at],
        suggestion:
          "Edges join nodes of one scope; draw it from or to the node that owns the scope.",
      });
      return [];
    }
    const port = typeof sourceHandle === "string" && sourceHandle !== "" ? sourceHandle : null;
    return [{ source: from.id, target: to.id, port }];
  });
}

/** The list of steps that a node belongs into. */
function listFor(
  node: ReadNode,
  nodes: ReadonlyMap<string, ReadNode>,
  root: { readonly steps: unknown[]; finally: unknown },
  report: Report,
): Step[] | null {
  if (node.parent === null) {
    if (node.slot !== "finally") return root.steps as Step[];
    if (!Array.isArray(root.finally)) root.finally = [];
    return root.finally as Step[];
  }
  const parent = nodes.get(node.parent);
  const slots = parent === undefined ? [] : innerScopes(parent.step as unknown as Step);
  const scope = slots.find(({ slot }) => slot === node.slot);
  if (parent === undefined || scope === undefined) {
    report({
      code: "unknown_step",
      message:
        parent === undefined
          ? `Node \`${node.id}\` stands in \`${node.parent}\`, which does not exist.`
          : `Node \`${node.id}\` stands in \`${node.slot}\` of \`${parent.id}\`, which has no such scope.`,
      pointer: ["nodes", node.at, parent === undefined ? "parent" : "slot"],
      suggestion:
        slots.length === 0 ? null : `Its scopes: ${slots.map(({ slot }) => slot).join(", ")}.`,
    });
    return null;
  }
  return listAt(parent.step, scope.stepsPointer);
}

/** Nodes that stand in each other would belong to no list that the workflow has. */
function reportOwnParent(
  node: ReadNode,
  nodes: ReadonlyMap<string, ReadNode>,
  report: Report,
): void {
  const ids = [node.id];
  for (let id = node.parent; id !== null; id = nodes.get(id)?.parent ?? null) {
    // A circle further out is told of its own nodes.
    if (id !== node.id && ids.includes(id)) return;
    ids.push(id);
    if (id !== node.id) continue;
    report({
      code: "cycle",
      message: `Node \`${node.id}\` stands in itself: ${ids.join(" in ")}.`,
      pointer: ["nodes", node.at, "parent"],
      suggestion: "Move one of them out.",
    });
    return;
  }
}

function listAt(step: Record<string, unknown>, pointer: readonly (string | number)[]): Step[] {
  let owner: Record<string | number, unknown> = step;
  for (const key of pointer.slice(0, -1)) owner = owner[key] as typeof owner;
  const last = pointer.at(-1) as string;
  if (!Array.isArray(owner[last])) owner[last] = [];
  return owner[last] as Step[];
}

/** F3: `needs` as written while it says what is drawn. */
function setNeeds(
  node: ReadNode,
  list: readonly Step[],
  nodes: ReadonlyMap<string, ReadNode>,
  edges: readonly ReadEdge[],
  lists: ReadonlyMap<ReadNode, readonly Step[]>,
): void {
  const drawn = edges
    .filter(({ target }) => target === node.id)
    .flatMap(({ source, port }) => {
      const from = nodes.get(source);
      return from === undefined || lists.get(from) !== list
        ? []
        : [needText(String(from.step["id"]), port)];
    });
  const step = node.step as unknown as Step;
  const written = drawnNeeds(step, list.indexOf(step), list).map(({ from, port }) =>
    needText(from.id, port),
  );
  const isSame =
    new Set(drawn).size === new Set(written).size && drawn.every((need) => written.includes(need));
  if (!isSame) node.step["needs"] = [...new Set(drawn)];
}
