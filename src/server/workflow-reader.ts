/** What the server needs of the language: text to definition, saved definition to its drawn shape. */
import { check } from "#workflow/check.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import { definitionInvalid, type Problem, problemOf } from "#workflow/problem.ts";
import { shapeOf, type WorkflowShape } from "./workflow-shape.ts";

export interface ReadResult {
  /** null when there are problems. */
  readonly definition: WorkflowDefinition | null;
  /** SHA-256 of the canonical definition; null when there are problems. */
  readonly hash: string | null;
  readonly problems: readonly Problem[];
}

export interface WorkflowReader {
  read(text: string, format: "json" | "yaml"): ReadResult;
  /** The shape of a saved definition, kept by `hash`. definition_invalid where this host lacks a node type. */
  shape(definition: WorkflowDefinition, hash: string): WorkflowShape;
}

const SHAPES_KEPT = 100;

/** A reader that knows the host's node types. */
export function createWorkflowReader(nodes: NodeTypes): WorkflowReader {
  const shapes = new Map<string, WorkflowShape>();
  return {
    read(text, format) {
      const { definition, plan, problems } = parseWorkflow(text, { nodes, format });
      return { definition, hash: plan?.hash ?? null, problems };
    },
    shape(definition, hash) {
      const known = shapes.get(hash);
      if (known !== undefined) return known;
      const { plan, findings } = check(definition, nodes);
      if (plan === null) throw definitionInvalid(findings.map(problemOf));
      const shape = shapeOf(plan);
      const [oldest] = shapes.keys();
      if (shapes.size >= SHAPES_KEPT && oldest !== undefined) shapes.delete(oldest);
      shapes.set(hash, shape);
      return shape;
    },
  };
}
