/**
 * What nodes of a graph do to others: guards (`retry`, `try_catch`, `timeout`) change the node that
 * they follow, limits (`rate_limiter`, `throttle`, `parallel`) the calls behind them.
 */
import type { Step } from "../definition.ts";
import type { NodeTypes } from "../node-types.ts";
import type { KnownNode } from "./graph-inputs.ts";
import type { Graph } from "./graph-json.ts";

interface Guard extends KnownNode {
  readonly id: string;
}

export class GraphPolicies {
  readonly #graph: Graph;
  readonly #known: ReadonlyMap<string, KnownNode>;
  readonly #nodes: NodeTypes;
  readonly #guards = new Map<string, Guard[]>();
  readonly #limits = new Map<string, Partial<Step>[]>();

  constructor(graph: Graph, known: ReadonlyMap<string, KnownNode>, nodes: NodeTypes) {
    this.#graph = graph;
    this.#known = known;
    this.#nodes = nodes;
    for (const { id } of graph.nodes) {
      const node = known.get(id);
      if (node?.row.guard !== undefined)
        for (const target of this.#guardedBy(id)) add(this.#guards, target, { id, ...node });
      const edges = graph.outgoing.get(id) ?? [];
      const limit = node?.row.limit?.(node.data, id, edges.length) ?? null;
      if (limit === null) continue;
      for (const target of this.#reached(id, node?.row.limits === "branches"))
        add(this.#limits, target, limit);
    }
  }

  /** The guards behind a node, the nearest first. */
  guardsOf(id: string): readonly Guard[] {
    return this.#guards.get(id) ?? [];
  }

  /** The step with the limits before it on everything in it that calls out. */
  limited(id: string, step: Step): Step {
    return (this.#limits.get(id) ?? []).reduce<Step>(
      (inner, limit) => this.#limitCalls(inner, limit),
      step,
    );
  }

  /** The nodes before a guard, those of a chain of guards included. */
  #guardedBy(id: string): ReadonlySet<string> {
    const guarded = new Set<string>();
    const seen = new Set<string>();
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop())
      for (const { source } of this.#graph.incoming.get(next) ?? []) {
        if (seen.has(source)) continue;
        seen.add(source);
        if (this.#known.get(source)?.row.guard === undefined) guarded.add(source);
        else open.push(source);
      }
    return guarded;
  }

  #reached(id: string, isDeep: boolean): ReadonlySet<string> {
    const seen = new Set<string>();
    const open = (this.#graph.outgoing.get(id) ?? []).map(({ target }) => target);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      if (isDeep && this.#graph.byId.get(next)?.type === "join") continue;
      seen.add(next);
      if (isDeep) for (const { target } of this.#graph.outgoing.get(next) ?? []) open.push(target);
    }
    return seen;
  }

  #limitCalls(step: Step, limit: Partial<Step>): Step {
    const node = this.#nodes.get(step.uses);
    if (node?.execution === "effect" && node.isExact !== true) return { ...limit, ...step };
    const list = (steps: readonly Step[]) => steps.map((one) => this.#limitCalls(one, limit));
    return {
      ...step,
      ...(step.steps === undefined ? {} : { steps: list(step.steps) }),
      // biome-ignore lint/suspicious/noThenProperty: `then` is the language's word for the branch of an if
      ...(step.then === undefined ? {} : { then: list(step.then) }),
      ...(step.else === undefined ? {} : { else: list(step.else) }),
    };
  }
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
