/**
 * What each node of a graph gets from its edges: source text for each input, whether its edge is
 * always taken, and the entries of `needs`.
 *
 * I1. A node's inputs are the results of the predecessors whose edge was taken, in edge order.
 * I2. A node that follows in any case (`isCertain`) needs no test; for the others the status of the
 *     predecessor and the port that it chose are tested when the input is read.
 */
import type { Report } from "../problem.ts";
import { suggestName } from "../suggest.ts";
import type { Graph, GraphEdge } from "./graph-json.ts";
import type { GraphInput, GraphNodeRow, LoopLocals } from "./graph-node-row.ts";
import { type GraphScopes, orderOf } from "./graph-scopes.ts";
import { fieldOf, needText, stepRef } from "./graph-source.ts";

export interface NodeInputs {
  readonly inputs: readonly GraphInput[];
  readonly needs: readonly string[];
}

/** A known node's row and its checked data. */
export interface KnownNode {
  readonly row: GraphNodeRow;
  readonly data: unknown;
}

/** Handles that editors give to the only output of a node. */
export const PLAIN_HANDLES: ReadonlySet<string> = new Set([
  "output",
  "out",
  "source",
  "right",
  "bottom",
]);

export class GraphInputs {
  readonly #graph: Graph;
  readonly #scopes: GraphScopes;
  readonly #known: ReadonlyMap<string, KnownNode>;
  readonly #report: Report;
  readonly #certain = new Map<string, boolean>();
  /** `#pathTo`, by field and node. */
  readonly #paths = new Map<string, string>();

  constructor(
    graph: Graph,
    scopes: GraphScopes,
    known: ReadonlyMap<string, KnownNode>,
    report: Report,
  ) {
    this.#graph = graph;
    this.#scopes = scopes;
    this.#known = known;
    this.#report = report;
    // In an order in which each finds its predecessors known: a chain may be thousands of nodes long.
    for (const id of orderOf(graph).keys()) {
      this.isCertain(id);
      for (const field of ["listField", "valueField"] as const) this.#pathTo(field, id);
    }
  }

  /** `locals`: what the loops around it bring in. */
  of(id: string, locals: ReadonlyMap<string, LoopLocals>): NodeInputs {
    const inputs: GraphInput[] = [];
    const needs = new Set<string>();
    const runsAtFirst = this.#runsAtFirst(id);
    const edges = this.#graph.incoming.get(id) ?? [];
    for (const edge of edges) {
      const origin = this.#scopes.originOf(edge);
      if (origin.kind === "item") {
        const source = locals.get(origin.loop)?.value ?? "null";
        inputs.push({ source, list: source, scalar: source, taken: null, from: origin.loop });
        continue;
      }
      const ports = origin.kind === "sibling" ? this.#portsOf(origin.id, edge) : null;
      inputs.push({
        ...this.#read(origin.id),
        // A node with one edge runs only if that was taken.
        taken:
          origin.kind === "sibling" && edges.length > 1
            ? this.#taken(origin.id, edge, ports, runsAtFirst)
            : null,
        from: origin.id,
      });
      if (origin.kind === "sibling")
        for (const port of ports ?? [null]) needs.add(needText(origin.id, port));
    }
    return { inputs, needs: [...needs] };
  }

  /** Whether the node runs in every run that does not fail before. */
  isCertain(id: string): boolean {
    const known = this.#certain.get(id);
    if (known !== undefined) return known;
    const edges = this.#graph.incoming.get(id) ?? [];
    const origins = edges.map((edge) => ({ edge, origin: this.#scopes.originOf(edge) }));
    const siblings = origins.filter(({ origin }) => origin.kind === "sibling");
    const certain =
      siblings.length === 0 ||
      siblings.some(
        ({ edge, origin }) =>
          origin.kind === "sibling" &&
          // A fault of the edge is told where it is mapped.
          this.#portsOf(origin.id, edge, () => {}) === null &&
          this.isCertain(origin.id),
      );
    this.#certain.set(id, certain);
    return certain;
  }

  /** Whether the result of node `id` is there, as source; null: always. */
  ran(id: string): string | null {
    return this.isCertain(id) ? null : `${stepRef(id)}.status != "skipped"`;
  }

  #runsAtFirst(id: string): boolean {
    const known = this.#known.get(id);
    return known?.row.runsAtFirst?.(known.data) ?? false;
  }

  #read(id: string): Pick<GraphInput, "source" | "list" | "scalar"> {
    const row = this.#known.get(id)?.row;
    const result = `${stepRef(id)}.output`;
    const source = row?.passesField === undefined ? result : fieldOf(result, row.passesField);
    return {
      source,
      list: `${result}${this.#pathTo("listField", id)}`,
      scalar: `${result}${this.#pathTo("valueField", id)}`,
    };
  }

  /** Where the list or the plain value stands in the result of `id`. */
  #pathTo(field: "listField" | "valueField", id: string): string {
    const key = `${field} ${id}`;
    const path = this.#paths.get(key) ?? this.#findPath(field, id);
    this.#paths.set(key, path);
    return path;
  }

  #findPath(field: "listField" | "valueField", id: string): string {
    const row = this.#known.get(id)?.row;
    if (row === undefined) return "";
    if (row.handsOn !== undefined) {
      const own = row.handsOn === "" ? "" : `.${row.handsOn}`;
      const edges = this.#graph.incoming.get(id) ?? [];
      const [only] = edges;
      if (only === undefined || edges.length > 1) return own;
      const origin = this.#scopes.originOf(only);
      return origin.kind === "item" ? own : `${own}${this.#pathTo(field, origin.id)}`;
    }
    const name = row[field] ?? row.valueField;
    return name === undefined ? "" : `.${name}`;
  }

  /** The ports that the edge means; null: none. */
  #portsOf(
    source: string,
    edge: GraphEdge,
    report: Report = this.#report,
  ): readonly string[] | null {
    const known = this.#known.get(source);
    const ports = known?.row.ports?.(known.data);
    if (edge.handle === null || ports === undefined || edge.source !== source) return null;
    const found = ports.get(edge.handle);
    if (found !== undefined) return found;
    if (PLAIN_HANDLES.has(edge.handle)) return null;
    report({
      code: "unknown_port",
      message: `Node \`${source}\` has no port \`${edge.handle}\`, from which an edge leads to \`${edge.target}\`.`,
      pointer: [...edge.pointer, "sourceHandle"],
      suggestion:
        suggestName(edge.handle, [...ports.keys()]) ??
        `Its ports: ${[...ports.keys()].join(", ")}.`,
    });
    return null;
  }

  #taken(
    source: string,
    edge: GraphEdge,
    ports: readonly string[] | null,
    runsAtFirst: boolean,
  ): string | null {
    const row = this.#known.get(source)?.row;
    const step = stepRef(source);
    const tests: string[] = [];
    if (runsAtFirst) tests.push(`${step}.status == "succeeded"`);
    else if (!this.isCertain(source)) tests.push(`${step}.status != "skipped"`);
    if (ports !== null && row?.portField !== undefined) {
      // A condition has several names for a port; a switch tells the path as it is written.
      const value = row.portField === "path" ? (ports[0] ?? "") : (edge.handle ?? "");
      tests.push(`${step}.output?.${row.portField} == ${JSON.stringify(value)}`);
    }
    if (tests.length === 0) return null;
    return tests.length === 1 ? (tests[0] ?? null) : `(${tests.join(" && ")})`;
  }
}

/** The first input whose edge was taken. */
export function firstTaken(
  inputs: readonly GraphInput[],
  part: "source" | "list" | "scalar",
): string {
  const certain = inputs.findIndex(({ taken }) => taken === null);
  const tested = certain === -1 ? inputs : inputs.slice(0, certain);
  const last = certain === -1 ? "null" : (inputs[certain]?.[part] ?? "null");
  const chosen = tested.reduceRight(
    (rest, input) => `${input.taken} ? ${input[part]} : ${rest}`,
    last,
  );
  return tested.length === 0 ? chosen : `(${chosen})`;
}

/** The list of all inputs whose edge was taken. */
export function allTaken(
  inputs: readonly GraphInput[],
  part: "source" | "list" | "scalar",
): string {
  const items = inputs.map((input) =>
    input.taken === null ? input[part] : `...(${input.taken} ? [${input[part]}] : [])`,
  );
  return `[${items.join(", ")}]`;
}
