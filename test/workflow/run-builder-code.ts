/** Runs TypeScript that imports the builder from `lockstitch` and gives its `flow`. */
import { stripTypeScriptTypes } from "node:module";
import { z } from "zod";
import { workflow } from "#workflow/builder.ts";
import { expr } from "#workflow/builder-ref.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";

export function runBuilderCode(code: string): WorkflowDefinition {
  const body = stripTypeScriptTypes(code)
    .replaceAll(/^import .*$/gm, "")
    .replace("export const flow =", "return");
  return new Function("workflow", "expr", "z", body)(workflow, expr, z) as WorkflowDefinition;
}
