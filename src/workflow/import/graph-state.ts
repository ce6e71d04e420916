/**
 * What a graph's nodes keep for others: who set a variable or cache key last before a node reads it,
 * and what counters have come to. Reads of what may not have run test that it has.
 */
import type { GraphInputs } from "./graph-inputs.ts";
import type { Graph, GraphNode } from "./graph-json.ts";
import { ancestorsOf, descendantsOf, type GraphScopes, orderOf } from "./graph-scopes.ts";
import { stepRef } from "./graph-source.ts";

export class GraphState {
  readonly #graph: Graph;
  readonly #scopes: GraphScopes;
  readonly #inputs: GraphInputs;
  readonly #order: ReadonlyMap<string, number>;

  constructor(graph: Graph, scopes: GraphScopes, inputs: GraphInputs) {
    this.#graph = graph;
    this.#scopes = scopes;
    this.#inputs = inputs;
    this.#order = orderOf(graph);
  }

  /** Whether a step stands in the scope of `reader` or in one around it. */
  isVisible(id: string, reader: string): boolean {
    if (!this.#graph.byId.has(id) || id === reader) return false;
    const owner = this.#scopes.ownerOf(id);
    for (let scope = this.#scopes.ownerOf(reader); ; scope = this.#scopes.ownerOf(scope)) {
      if (scope === owner) return true;
      if (scope === null || scope === id) return false;
    }
  }

  /** Names of all variables that some node sets or reads. */
  variables(): string[] {
    return this.#graph.nodes.flatMap(({ type, data }) =>
      type === "variable" && typeof data["var_name"] === "string" ? [data["var_name"]] : [],
    );
  }

  /** Reads of whoever set the value last, of those that come before the reader; the latest first. */
  stored(kind: "variable" | "cache", name: string, reader: string): string | null {
    const [type, operation, key] =
      kind === "variable" ? ["variable", "var_op", "var_name"] : ["cache", "cache_op", "cache_key"];
    const before = ancestorsOf(reader, this.#graph);
    const behind = descendantsOf(reader, this.#graph);
    const setters = this.#graph.nodes.filter(
      ({ id, type: one, data }) =>
        one === type &&
        data[operation as string] === "set" &&
        data[key as string] === name &&
        this.isVisible(id, reader) &&
        !behind.has(id),
    );
    const near = setters.filter(({ id }) => before.has(id));
    const chosen = (near.length > 0 ? near : setters).toSorted(
      (left, right) => (this.#order.get(right.id) ?? 0) - (this.#order.get(left.id) ?? 0),
    );
    const field = kind === "variable" ? ".value" : "";
    return this.#latest(
      chosen.map(({ id }) => id),
      (id) => `${stepRef(id)}.output${field}`,
      null,
    );
  }

  /** What counters or accumulators before this one have come to. */
  before(node: GraphNode, initial: string): string {
    const at = this.#order.get(node.id) ?? 0;
    const earlier = this.#alike(node)
      .filter(({ id }) => (this.#order.get(id) ?? 0) < at)
      .toSorted((left, right) => (this.#order.get(right.id) ?? 0) - (this.#order.get(left.id) ?? 0))
      .map(({ id }) => id);
    return this.#latest(earlier, (id) => `${stepRef(id)}.output.value`, initial) ?? initial;
  }

  /** Whether one that counts with `node` stands in a loop: then a step cannot read the one before it. */
  isRepeated(node: GraphNode): boolean {
    return this.#alike(node).some(({ id }) => this.#scopes.ownerOf(id) !== null);
  }

  /** All that count together: counters, or accumulators of one operation. */
  #alike(node: GraphNode): readonly GraphNode[] {
    const operation = node.type === "accumulator" ? node.data["accum_op"] : null;
    return this.#graph.nodes.filter(
      ({ type, data }) =>
        type === node.type && (operation === null || data["accum_op"] === operation),
    );
  }

  /** The value of the first of `ids` that ran, else `initial`. */
  #latest(
    ids: readonly string[],
    read: (id: string) => string,
    initial: string | null,
  ): string | null {
    const [id, ...rest] = ids;
    if (id === undefined) return initial;
    const ran = this.#inputs.ran(id);
    if (ran === null) return read(id);
    return `(${ran} ? ${read(id)} : ${this.#latest(rest, read, initial) ?? "null"})`;
  }
}
