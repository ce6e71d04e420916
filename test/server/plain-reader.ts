/** Reads definitions by their schema alone. */
import { parse } from "yaml";
import type { WorkflowReader, WorkflowShape } from "#server/workflow-reader.ts";
import { type Step, WorkflowDefinition } from "#workflow/definition.ts";
import { hashJson } from "#workflow/hash.ts";
import { problemOf } from "#workflow/problem.ts";

export const plainReader: WorkflowReader = {
  read(text) {
    const problem = (message: string, pointer: (string | number)[]) => ({
      definition: null,
      hash: null,
      problems: [problemOf({ code: "invalid_shape", message, pointer })],
    });
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      return problem((error as Error).message, []);
    }
    const parsed = WorkflowDefinition.safeParse(value);
    if (parsed.success)
      return { definition: parsed.data, hash: hashJson(parsed.data), problems: [] };
    const [issue] = parsed.error.issues;
    return problem(issue?.message ?? "invalid", (issue?.path ?? []) as (string | number)[]);
  },
  shape(definition) {
    const nodes: WorkflowShape["nodes"][number][] = [];
    const edges: WorkflowShape["edges"][number][] = [];
    const walk = (steps: readonly Step[], parent: string | null) => {
      let before: string | null = null;
      for (const step of steps) {
        const path: string = parent === null ? step.id : `${parent}.${step.id}`;
        const isGroup = step.steps !== undefined;
        nodes.push({ path, id: step.id, uses: step.uses, kind: step.uses, parent, isGroup });
        const prefix = parent === null ? "" : `${parent}.`;
        for (const need of step.needs ?? (before === null ? [] : [before]))
          edges.push({ from: prefix + need, to: path, label: null, implied: false });
        before = step.id;
        if (step.steps !== undefined) walk(step.steps, path);
      }
    };
    walk(definition.steps, null);
    return { nodes, edges };
  },
};
