/**
 * The recorded cases of graph JSON, where their folder is present: what went into another engine of
 * that format and what came out. Each becomes a graph to run or an expression to evaluate.
 */
import { existsSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../../shared/corpora/graph/", import.meta.url);

export const hasCorpora = existsSync(FOLDER);

type Fields = Readonly<Record<string, unknown>>;

/** A run of a whole graph. */
export interface WorkflowCase {
  readonly test: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, number | boolean | readonly string[]>>;
  readonly payload?: Fields;
  readonly payload_raw?: string;
  readonly node_results?: Fields;
  readonly final_output?: unknown;
  readonly error?: string;
}

/** One node with what it was given. */
export interface NodeCase {
  readonly test: string;
  readonly type: string;
  readonly data: Fields | null;
  readonly inputs: readonly unknown[] | null;
  readonly variables?: Fields;
  readonly context?: Fields;
  readonly node_results?: Fields;
  readonly value?: unknown;
  readonly error?: string;
}

export interface ExpressionCase {
  readonly expr: string;
  readonly fn: "Evaluate" | "EvaluateExpression";
  readonly input?: unknown;
  readonly ctx?: { readonly [name in "variables" | "context" | "nodes"]?: Fields | null };
  readonly value?: unknown;
  readonly error?: string;
}

export function readCases<Case>(name: "workflows" | "nodes" | "expressions"): readonly Case[] {
  if (!hasCorpora) return [];
  const lines = readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as Case);
}

/** The node that the case is about, in a graph of its own. */
export const NODE = "node";

/** The node with nodes around it that give it what the case says. */
export function graphOfNode(one: NodeCase): Fields {
  const nodes: Fields[] = [];
  const edges: Fields[] = [];
  const given = (id: string, value: unknown): void => {
    nodes.push({ id: `${id} text`, type: "text_input", data: { text: JSON.stringify(value) } });
    nodes.push({ id, type: "parse", data: { input_type: "JSON" } });
    edges.push({ source: `${id} text`, target: id });
  };
  for (const [name, value] of Object.entries(one.variables ?? {})) {
    given(`variable ${name}`, value);
    nodes.push({
      id: `set ${name}`,
      type: "variable",
      data: { var_name: name, var_op: "set" },
    });
    edges.push({ source: `variable ${name}`, target: `set ${name}` });
  }
  const context = Object.entries(one.context ?? {}).map(([name, value]) => ({ name, value }));
  if (context.length > 0)
    nodes.push({ id: "context", type: "context_variable", data: { context_values: context } });
  for (const [id, result] of Object.entries(one.node_results ?? {})) given(id, result);
  (one.inputs ?? []).forEach((input, at) => {
    given(`input ${at}`, input);
    edges.push({ source: `input ${at}`, target: NODE });
  });
  const isRenderer = one.type === "" && one.test.startsWith("TestRenderer");
  const type = isRenderer ? "renderer" : one.type;
  nodes.push({ id: NODE, type, data: one.data });
  return { nodes, edges };
}
