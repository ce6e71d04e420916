/**
 * From graph JSON to a definition: each node becomes one step under its own id, so that results are
 * found under the nodes' ids, and each edge an entry of `needs`. What cannot be mapped is reported,
 * all of it at once, with the node's id and the place in the graph.
 *
 * G1. Steps stand in the order of the nodes; a loop's body stands in the loop's step.
 * G2. A node with several edges runs with those that were taken (`none_failed`).
 * G3. The workflow's output is that of the one end node that ran, else an object of theirs by id.
 */
import { CONTROL_STEPS } from "../control-steps.ts";
import type { Step } from "../definition.ts";
import { WORKFLOW_NAME } from "../definition.ts";
import { eachNode } from "../graph-form.ts";
import type { NodeTypes } from "../node-types.ts";
import type { Finding, Pointer, Report } from "../problem.ts";
import { suggestName } from "../suggest.ts";
import { type GraphReading, translateExpression } from "./graph-expression.ts";
import {
  allTaken,
  firstTaken,
  GraphInputs,
  type KnownNode,
  type NodeInputs,
  PLAIN_HANDLES,
} from "./graph-inputs.ts";
import { type Graph, type GraphNode, readGraph } from "./graph-json.ts";
import type { ExpressionNames, GraphMapping, LoopLocals, MappedStep } from "./graph-node-row.ts";
import { GRAPH_NODES } from "./graph-nodes.ts";
import { GraphPolicies } from "./graph-policies.ts";
import { type GraphScopes, reportLostBodies, scopesOf } from "./graph-scopes.ts";
import { fieldOf, literal, stepRef, wrapped } from "./graph-source.ts";
import { GraphState } from "./graph-state.ts";
import { contextValues } from "./map-state.ts";
import { isGraphForm, readGraphForm } from "./read-graph-form.ts";

export interface ImportedGraph {
  /** A definition still to be checked; null where the structure is not sound. */
  readonly definition: unknown;
  readonly findings: readonly Finding[];
}

/** Reads a graph: see isGraphJson. */
export function importGraph(
  value: Readonly<Record<string, unknown>>,
  nodes: NodeTypes,
): ImportedGraph {
  const findings: Finding[] = [];
  const report: Report = (finding) => void findings.push(finding);
  if (isGraphForm(value)) {
    const definition = readGraphForm(value, report);
    return { definition, findings };
  }
  const graph = readGraph(value, report);
  if (graph === null) return { definition: null, findings };
  const scopes = scopesOf(graph, report);
  if (scopes === null) return { definition: null, findings };
  const definition = new GraphImporter(graph, scopes, nodes, report).definition(value);
  return { definition, findings };
}

/** Types of this format that do what steps of the language do. */
const CONTROL_ALIKE: Readonly<Record<string, string>> = {
  if: "condition",
  while: "while_loop",
  try: "try_catch",
  "wait.for": "delay",
};

const NO_LOCALS: ReadonlyMap<string, LoopLocals> = new Map();

class GraphImporter {
  readonly #graph: Graph;
  readonly #nodes: NodeTypes;
  readonly #report: Report;
  readonly #scopes: GraphScopes;
  readonly #state: GraphState;
  readonly #known = new Map<string, KnownNode>();
  readonly #inputs: GraphInputs;
  readonly #policies: GraphPolicies;
  readonly #context = new Map<string, unknown>();
  readonly #taken: Set<string>;
  /** The number that `#inner` gave out last, by name. */
  readonly #numbers = new Map<string, number>();

  constructor(graph: Graph, scopes: GraphScopes, nodes: NodeTypes, report: Report) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#report = report;
    this.#scopes = scopes;
    this.#taken = new Set(graph.byId.keys());
    for (const node of graph.nodes) this.#know(node);
    reportLostBodies(graph, this.#scopes, report);
    this.#checkHandles();
    this.#inputs = new GraphInputs(graph, this.#scopes, this.#known, report);
    this.#state = new GraphState(graph, this.#scopes, this.#inputs);
    this.#policies = new GraphPolicies(graph, this.#known, nodes);
  }

  definition(value: Readonly<Record<string, unknown>>): unknown {
    const steps = this.#scope(null, NO_LOCALS);
    const layout: Record<string, GraphNode["position"]> = {};
    eachNode({ steps }, (node, { id }) => {
      const position = this.#graph.byId.get(id)?.position ?? null;
      if (position !== null) layout[node] = position;
    });
    const vars = Object.fromEntries(
      [...this.#context].map(([name, one]) => [name, literal(one)] as const),
    );
    return {
      language: 1,
      name: nameOf(value),
      ...(typeof value["description"] === "string" ? { description: value["description"] } : {}),
      ...(value["deadline"] === undefined ? {} : { deadline: value["deadline"] }),
      ...(this.#context.size === 0 ? {} : { vars }),
      steps,
      ...(steps.length === 0 ? {} : { output: this.#output(null) }),
      ...(Object.keys(layout).length === 0 ? {} : { layout }),
    };
  }

  /** Checks a node's type and data, and keeps what it makes known to expressions. */
  #know(node: GraphNode): void {
    const row = GRAPH_NODES.get(node.type);
    if (row === undefined) {
      if (CONTROL_STEPS.has(node.type)) return this.#refuseControl(node);
      if (this.#nodes.get(node.type) !== undefined) return;
      this.#report({
        code: "unknown_type",
        message: `Node \`${node.id}\` has the type \`${node.type}\`, which there is not.`,
        pointer: [...node.pointer, "type"],
        suggestion:
          suggestName(node.type, [...GRAPH_NODES.keys(), ...this.#nodes.names()]) ??
          "docs/graph-json.md lists the types; a type of your own needs a node type of that name.",
      });
      return;
    }
    const parsed = row.data.safeParse(node.data);
    for (const issue of parsed.error?.issues ?? []) {
      const at = issue.path as Pointer;
      const isMissing = node.data[String(at[0] ?? "")] === undefined;
      this.#report({
        code: "invalid_config",
        message: isMissing
          ? `Node \`${node.id}\` (${node.type}) has no \`${at.join(".")}\` in its data.`
          : `Node \`${node.id}\` (${node.type}): \`${at.join(".")}\` ${lower(issue.message)}.`,
        pointer: [...node.pointer, "data", ...at],
      });
    }
    const edges = this.#graph.incoming.get(node.id)?.length ?? 0;
    if (edges < row.inputsMin)
      this.#report({
        code: "invalid_config",
        message: `Node \`${node.id}\` (${node.type}) needs ${row.inputsMin === 1 ? "an input" : `${row.inputsMin} inputs`}, and ${edges === 0 ? "no edge leads" : `only ${edges} edge${edges === 1 ? " leads" : "s lead"}`} to it.`,
        pointer: node.pointer,
        suggestion: "Draw an edge to it.",
      });
    if (!parsed.success || edges < row.inputsMin) return;
    this.#known.set(node.id, { row, data: parsed.data });
    if (row.isDeclaration !== true) return;
    // Faults are told when the node itself is mapped.
    for (const [name, value] of Object.entries(contextValues(parsed.data, () => {})))
      this.#context.set(name, value);
  }

  /** A step of the language that owns others, or ends the run, has no place in this format. */
  #refuseControl(node: GraphNode): void {
    const own = CONTROL_ALIKE[node.type];
    this.#report({
      code: "unknown_type",
      message: `Node \`${node.id}\`: \`${node.type}\` is a step of the language, which graphs of other editors cannot hold.`,
      pointer: [...node.pointer, "type"],
      suggestion:
        own === undefined
          ? "Write the workflow in the language, or as its graph form (with `language: 1`)."
          : `Their type for it is \`${own}\`.`,
    });
  }

  /** Edges whose handle is none that their source has. Handles that are ports are GraphInputs' to check. */
  #checkHandles(): void {
    for (const { id } of this.#graph.nodes) {
      const known = this.#known.get(id);
      const handles = known?.row.handles?.(known.data);
      if (handles === undefined) continue;
      for (const { handle, target, pointer } of this.#graph.outgoing.get(id) ?? []) {
        if (handle === null || handles.includes(handle) || PLAIN_HANDLES.has(handle)) continue;
        this.#report({
          code: "unknown_port",
          message: `Node \`${id}\` has no port \`${handle}\`, from which an edge leads to \`${target}\`.`,
          pointer: [...pointer, "sourceHandle"],
          suggestion: suggestName(handle, handles) ?? `Its ports: ${handles.join(", ")}.`,
        });
      }
    }
  }

  /** The steps of the whole graph (null), or of a loop's body. */
  #scope(owner: string | null, locals: ReadonlyMap<string, LoopLocals>): Step[] {
    return this.#scopes.membersOf(owner).flatMap((node) => this.#step(node, locals) ?? []);
  }

  #step(node: GraphNode, locals: ReadonlyMap<string, LoopLocals>): Step | null {
    const found = this.#inputs.of(node.id, locals);
    const known = this.#known.get(node.id);
    const mapped =
      known === undefined
        ? this.#ownType(node, found)
        : known.row.map(this.#mapping(node, known, found, locals));
    if (mapped === null) return null;
    const isAtFirst = known?.row.runsAtFirst?.(known.data) ?? false;
    const rule = isAtFirst ? ("any_success" as const) : ("none_failed" as const);
    const { uses, ...rest } = mapped;
    const step: Step = {
      id: node.id,
      uses,
      needs: found.needs,
      ...(found.needs.length > 1 ? { triggerRule: rule } : {}),
      ...rest,
    };
    const guarded = this.#policies.guardsOf(node.id).reduce((inner, { id, row, data }) => {
      const guard = this.#graph.byId.get(id) as GraphNode;
      const tools = { fault: this.#faultOf(guard), inner: (name: string) => this.#inner(name) };
      return row.guard?.(data, inner, tools) ?? inner;
    }, step);
    return this.#policies.limited(node.id, guarded);
  }

  /** A node whose type is a node type of the host: it gets its data and `inputs`. */
  #ownType(node: GraphNode, { inputs }: NodeInputs): MappedStep | null {
    if (this.#nodes.get(node.type) === undefined || GRAPH_NODES.has(node.type)) return null;
    if (CONTROL_STEPS.has(node.type)) return null;
    const { label: _, ...data } = node.data;
    return {
      uses: node.type,
      with: {
        ...(literal(data) as object),
        ...(inputs.length === 0 ? {} : { inputs: wrapped(allTaken(inputs, "source")) }),
      },
    };
  }

  #mapping(
    node: GraphNode,
    { data }: KnownNode,
    { inputs }: NodeInputs,
    locals: ReadonlyMap<string, LoopLocals>,
  ): GraphMapping<unknown> {
    const first = firstTaken(inputs, "source");
    const translate = this.#translator(node, inputs.length === 0 ? null : first, inputs, locals);
    const fields = data as Readonly<Record<string, unknown>>;
    return {
      node,
      data,
      nodes: this.#nodes,
      inputs,
      first,
      list: firstTaken(inputs, "list"),
      all: (part) => allTaken(inputs, part),
      translate,
      expression: (field, reading, names) =>
        translate(String(fields[field] ?? ""), [field], reading, names),
      inner: (name) => this.#inner(name),
      fault: this.#faultOf(node),
      body: (own) => this.#body(node.id, new Map([...locals, [node.id, own]])),
      stored: (kind, name) => this.#state.stored(kind, name, node.id),
      before: (initial) => this.#state.before(node, initial),
      isRepeated: () => this.#state.isRepeated(node),
      predecessor: this.#graph.byId.get(inputs[0]?.from ?? "") ?? null,
    };
  }

  #body(
    loop: string,
    locals: ReadonlyMap<string, LoopLocals>,
  ): { readonly steps: readonly Step[]; readonly output: unknown } | null {
    if (this.#scopes.membersOf(loop).length === 0) return null;
    return { steps: this.#scope(loop, locals), output: this.#output(loop) };
  }

  #translator(
    node: GraphNode,
    input: string | null,
    inputs: NodeInputs["inputs"],
    locals: ReadonlyMap<string, LoopLocals>,
  ): GraphMapping<unknown>["translate"] {
    const loop = locals.get(this.#scopes.ownerOf(node.id) ?? "");
    const ofLoop: Record<string, string> =
      loop === undefined ? {} : { item: loop.value, index: loop.index };
    if (loop?.items !== undefined && loop.items !== null) ofLoop["items"] = loop.items;
    const base = {
      ...(input === null ? {} : { item: input }),
      inputs: allTaken(inputs, "source"),
      ...ofLoop,
    };
    return (text, at, reading: GraphReading, names?: ExpressionNames) => {
      const own = { ...base, ...names?.names };
      const local = { ...ofLoop, ...names?.names } as Readonly<Record<string, string>>;
      const translated = translateExpression(
        text,
        {
          input: names?.names["input"] ?? input,
          current: names?.current ?? input,
          names: own,
          variable: (name) =>
            Object.hasOwn(local, name) && name !== "input"
              ? (local[name] ?? null)
              : this.#state.stored("variable", name, node.id),
          context: (name) => (this.#context.has(name) ? fieldOf("vars", name) : null),
          node: (id) => (this.#state.isVisible(id, node.id) ? `${stepRef(id)}.output` : null),
          isPlain: (id) => this.#known.get(id)?.row.isPlain === true,
          nodeIds: () => [...this.#graph.byId.keys()],
          knownNames: () => [
            ...[...this.#context.keys(), ...this.#state.variables()],
            ...Object.keys(local),
          ],
        },
        reading,
      );
      if (translated.ok) return translated.source;
      this.#report({
        code: "invalid_expression",
        message: `Node \`${node.id}\` (${node.type}): ${translated.message} (${JSON.stringify(text)})`,
        pointer: [...node.pointer, "data", ...at],
        offset: translated.offset,
      });
      return "null";
    };
  }

  #inner(name: string): string {
    for (let number = (this.#numbers.get(name) ?? 0) + 1; ; number += 1) {
      const id = number === 1 ? name : `${name}_${number}`;
      if (this.#taken.has(id)) continue;
      this.#taken.add(id);
      this.#numbers.set(name, number);
      return id;
    }
  }

  #faultOf(node: GraphNode): GraphMapping<unknown>["fault"] {
    return (field, message, suggestion) =>
      this.#report({
        code: "invalid_config",
        message: `Node \`${node.id}\` (${node.type}): ${message}`,
        pointer: [...node.pointer, "data", ...(field === "" ? [] : [field])],
        ...(suggestion === undefined ? {} : { suggestion }),
      });
  }

  /** What the end nodes of a scope give. */
  #output(owner: string | null): unknown {
    const members = this.#scopes.membersOf(owner);
    const sources = new Set<string>();
    for (const { id } of members)
      for (const edge of this.#graph.incoming.get(id) ?? []) {
        const origin = this.#scopes.originOf(edge);
        if (origin.kind === "sibling") sources.add(origin.id);
      }
    const ends = members.filter(({ id }) => !sources.has(id));
    const shown = ends.filter(({ id }) => this.#known.get(id)?.row.isDeclaration !== true);
    const ids = (shown.length > 0 ? shown : ends).map(({ id }) => id);
    const [only, ...others] = ids;
    if (only !== undefined && others.length === 0) return wrapped(`${stepRef(only)}.output`);
    if (ids.every((id) => this.#inputs.isCertain(id)))
      return Object.fromEntries(ids.map((id) => [id, wrapped(`${stepRef(id)}.output`)]));
    const rows = ids.map(
      (id) => `[${this.#inputs.ran(id) ?? "true"}, ${JSON.stringify(id)}, ${stepRef(id)}.output]`,
    );
    return wrapped(
      `[[${rows.join(", ")}].filter((end) => end[0])].map((ran) => ran.length < 2 ? ran?.[0]?.[2] : Object.fromEntries(ran.map((end) => [end[1], end[2]])))[0]`,
    );
  }
}

function lower(message: string): string {
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1)}`;
}

/** The graph's name as one of a workflow. */
function nameOf(value: Readonly<Record<string, unknown>>): string {
  for (const field of ["name", "workflow_name", "workflow_id"]) {
    const text = value[field];
    if (typeof text !== "string") continue;
    const name = text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 64);
    if (WORKFLOW_NAME.test(name)) return name;
  }
  return "graph";
}
