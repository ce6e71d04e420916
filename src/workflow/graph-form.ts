/**
 * The graph form of a definition: its steps as nodes and its order as edges, for editors that draw.
 * Nothing is lost: a node holds its step as it is written, steps of inner scopes are nodes with a
 * `parent` and a `slot`, and the rest of the definition stands beside nodes and edges.
 *
 *   { language: 1, name, ..., nodes: [{ id, type, data, parent?, slot?, step?, position? }],
 *     edges: [{ id, source, target, sourceHandle? }] }
 *
 * F1. `type` is the step's `uses`, `data` its other fields without inner steps.
 * F2. A node's id is its step's id; inside a scope it begins with that of the node around it, and
 *     `step` is the step's own id.
 * F3. Edges are drawn from `needs`, or from the step written above where there are none. Read back,
 *     `needs` stays as written while the edges say the same, and is made from the edges otherwise.
 * F4. Positions are the definition's `layout`, by node id.
 */
import { innerScopes } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";
import { splitNeed } from "./plan-edges.ts";

export interface FormNode {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The node whose scope it stands in; absent: the workflow's. */
  readonly parent?: string;
  /** Which of its scopes: `body`, `then`, a case, `finally` ...; absent: the workflow's steps. */
  readonly slot?: string;
  readonly step?: string;
  readonly position?: { readonly x: number; readonly y: number };
}

export interface FormEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly sourceHandle?: string;
}

export interface GraphForm {
  readonly language: 1;
  readonly nodes: readonly FormNode[];
  readonly edges: readonly FormEdge[];
  readonly [field: string]: unknown;
}

/** One list of steps and where it stands. */
interface Scope {
  readonly steps: readonly Step[];
  readonly parent: string | null;
  readonly slot: string | null;
}

/** Visits every step with the id of its node, outer ones first, in the order of the nodes. */
export function eachNode(
  definition: Pick<WorkflowDefinition, "steps" | "finally">,
  visit: (id: string, step: Step, index: number, scope: Scope) => void,
): void {
  const taken = new Set<string>();
  const unique = (wanted: string): string => {
    let id = wanted;
    for (let number = 2; taken.has(id); number += 1) id = `${wanted}~${number}`;
    taken.add(id);
    return id;
  };
  const walk = (scope: Scope): void => {
    const { parent, slot, steps } = scope;
    const prefix = parent === null ? "" : `${parent}/${slot === "body" ? "" : `${slot}/`}`;
    steps.forEach((step, index) => {
      const id = unique(`${prefix}${step.id}`);
      visit(id, step, index, scope);
      for (const inner of innerScopes(step))
        walk({ steps: inner.steps, parent: id, slot: inner.slot });
    });
  };
  walk({ steps: definition.steps, parent: null, slot: null });
  walk({ steps: definition.finally ?? [], parent: null, slot: "finally" });
}

/** The graph form of a definition. */
export function graphForm(definition: WorkflowDefinition): GraphForm {
  const { language, steps: _, finally: last, layout, ...rest } = definition;
  const nodes: FormNode[] = [];
  const needs: { readonly need: DrawnNeed; readonly target: string }[] = [];
  const ids = new Map<Step, string>();
  eachNode(definition, (id, step, index, scope) => {
    ids.set(step, id);
    const position = Object.hasOwn(layout ?? {}, id) ? layout?.[id] : undefined;
    nodes.push({
      id,
      type: step.uses,
      data: dataOf(step),
      ...(scope.parent === null ? {} : { parent: scope.parent }),
      ...(scope.slot === null ? {} : { slot: scope.slot }),
      ...(id === step.id ? {} : { step: step.id }),
      ...(position === undefined ? {} : { position }),
    });
    for (const need of drawnNeeds(step, index, scope.steps)) needs.push({ need, target: id });
  });
  const known = new Set(nodes.map(({ id }) => id));
  const left = Object.entries(layout ?? {}).filter(([id]) => !known.has(id));
  const keepsLayout = layout !== undefined && (left.length > 0 || Object.keys(layout).length === 0);
  return {
    language,
    ...rest,
    ...(last === undefined ? {} : { finally: [] }),
    ...(keepsLayout ? { layout: Object.fromEntries(left) } : {}),
    nodes,
    edges: needs.map(({ need, target }) => edgeOf(ids.get(need.from) ?? "", target, need.port)),
  };
}

interface DrawnNeed {
  readonly from: Step;
  readonly port: string | null;
}

function edgeOf(source: string, target: string, port: string | null): FormEdge {
  const from = port === null ? source : `${source}.${port}`;
  return {
    id: `${from}->${target}`,
    source,
    target,
    ...(port === null ? {} : { sourceHandle: port }),
  };
}

/** What a step waits for by `needs` or by the order of the list; entries that lead nowhere are left out. */
export function drawnNeeds(
  step: Pick<Step, "needs">,
  index: number,
  steps: readonly Step[],
): readonly DrawnNeed[] {
  if (step.needs === undefined) {
    const above = steps[index - 1];
    return above === undefined ? [] : [{ from: above, port: null }];
  }
  const positions = new Map(steps.map(({ id }, at) => [id, at]));
  const drawn = step.needs.flatMap((text) => {
    const need = splitNeed(text, positions);
    const from = need === null ? undefined : steps[need.from];
    return need === null || from === undefined ? [] : [{ from, port: need.port }];
  });
  return drawn.filter(
    ({ from, port }, at) =>
      drawn.findIndex((other) => other.from === from && other.port === port) === at,
  );
}

/** The step without its id and type; lists of inner steps stay as empty lists. */
function dataOf(step: Step): Readonly<Record<string, unknown>> {
  const { id: _id, uses: _uses, ...fields } = step;
  let data = fields as Readonly<Record<string, unknown>>;
  for (const inner of innerScopes(step))
    data = withEmptyList(data, inner.stepsPointer) as typeof data;
  return data;
}

function withEmptyList(value: unknown, pointer: readonly (string | number)[]): unknown {
  const [key, ...rest] = pointer;
  if (key === undefined) return Array.isArray(value) ? [] : value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return value;
  if (Array.isArray(value))
    return value.map((item, at) => (at === key ? withEmptyList(item, rest) : item));
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [key]: withEmptyList(fields[key], rest) };
}

/** The graph form as text. */
export function printGraph(definition: WorkflowDefinition): string {
  return `${JSON.stringify(graphForm(definition), null, 2)}\n`;
}
