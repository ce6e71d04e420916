/**
 * A workflow from a file: YAML and JSON by the parser, TypeScript and JavaScript by importing them
 * and taking the default export (or the export `workflow`). Mistakes are values, not exceptions.
 */
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LockstitchError } from "#errors/errors.ts";
import { type CheckedDefinition, checkDefinition } from "#workflow/check.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import { parseWorkflow } from "#workflow/parse.ts";
import type { Problem } from "#workflow/problem.ts";

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
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = reasonOf(cause, cwd);
    throw new LockstitchError("not_found", `${file || '""'} cannot be read: ${reason}.`, { cause });
  });
  const text = bytes.toString("utf8");
  if (!isUtf8(bytes)) return { definition: null, plan: null, problems: [notUtf8(text, file)] };
  return parseWorkflow(text, { nodes: nodeTypes, file });
}

function reasonOf(cause: NodeJS.ErrnoException, cwd: string): string {
  if (cause.code === "ENOENT") return `there is no such file in ${cwd}`;
  if (cause.code === "EISDIR") return "it is a folder";
  if (cause.code === "EACCES") return "permission denied";
  return cause.message;
}

/** Read on, its odd characters would end up in names and texts of the workflow. */
function notUtf8(text: string, file: string): Problem {
  const before = text.slice(0, text.indexOf("\uFFFD")).split("\n");
  return {
    code: "syntax",
    message: "This is not UTF-8 text.",
    file,
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    pointer: "",
    suggestion: "Save the file as UTF-8.",
  };
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
