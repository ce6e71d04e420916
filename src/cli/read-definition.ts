/**
 * A workflow from a file: YAML and JSON by the parser, TypeScript and JavaScript by importing them
 * and taking the default export (or the export `workflow`). Mistakes are values, not exceptions.
 */
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LockstitchError } from "#errors/errors.ts";
import { type CheckedDefinition, checkDefinition } from "#workflow/check.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import { parseWorkflow } from "#workflow/parse.ts";

export interface ReadOptions {
  readonly cwd: string;
  readonly nodeTypes: NodeTypes;
}

/** The file's definition, or its problems. Throws not_found where there is no such file. */
export async function readDefinition(
  file: string,
  { cwd, nodeTypes }: ReadOptions,
): Promise<CheckedDefinition> {
  const path = resolve(cwd, file);
  if (isCode(path)) return await importDefinition(path, file, nodeTypes);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new LockstitchError(
      "not_found",
      `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code === "ENOENT" ? `there is no such file in ${cwd}` : String(cause)}.`,
      { cause },
    );
  });
  return parseWorkflow(text, { nodes: nodeTypes, file });
}

function isCode(path: string): boolean {
  return [".ts", ".mts", ".js", ".mjs"].includes(extname(path));
}

async function importDefinition(
  path: string,
  file: string,
  nodeTypes: NodeTypes,
): Promise<CheckedDefinition> {
  const module = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new LockstitchError(
      "definition_invalid",
      `${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  });
  const { default: exported, workflow } = module as { default?: unknown; workflow?: unknown };
  const value = exported ?? workflow;
  if (value === undefined)
    throw new LockstitchError(
      "definition_invalid",
      `${file} exports no workflow: write \`export default workflow(...)\`.`,
    );
  const checked = checkDefinition(value, { nodes: nodeTypes });
  if (checked.definition !== null)
    return { definition: checked.definition, plan: checked.plan, problems: [] };
  return {
    definition: null,
    plan: null,
    problems: checked.problems.map((problem) => ({ ...problem, file })),
  };
}
