/**
 * The workflows that a file's `workflow.run` steps name and that lie beside it as
 * `NAME.workflow.yaml` (or .yml, .json): `run` saves them too, so that a folder of files runs as
 * it stands. Names that are computed, or lie elsewhere, are left to what is saved already.
 */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { eachStep } from "#workflow/check.ts";
import { WORKFLOW_NAME, type WorkflowDefinition } from "#workflow/definition.ts";
import type { FindWorkflow } from "#workflow/dependencies.ts";
import { callsOf } from "#workflow/workflow-calls.ts";
import { type ReadOptions, readDefinition } from "./read-definition.ts";

const ENDINGS = [".workflow.yaml", ".workflow.yml", ".workflow.json"];

/** Paths of the files beside `file` that `definition` names. */
export function siblingFiles(
  definition: WorkflowDefinition,
  file: string,
  cwd: string,
): readonly string[] {
  const folder = dirname(resolve(cwd, file));
  const names = new Set<string>();
  eachStep(definition, ({ uses, with: config }) => {
    if (uses !== "workflow.run") return;
    const name = (config as { readonly workflow?: unknown } | undefined)?.workflow;
    // Only a name: a path could lead out of the folder.
    if (typeof name === "string" && WORKFLOW_NAME.test(name)) names.add(name);
  });
  return [...names].flatMap((name) => fileOf(name, folder) ?? []);
}

function fileOf(name: string, folder: string): string | undefined {
  return ENDINGS.map((ending) => join(folder, `${name}${ending}`)).find(existsSync);
}

/** Workflows that lie beside `file`, without versions: what a saved one would run, from its files alone. */
export function siblingFinder(file: string, from: ReadOptions): FindWorkflow {
  const folder = dirname(resolve(from.cwd, file));
  return async (name) => {
    const path = WORKFLOW_NAME.test(name) ? fileOf(name, folder) : undefined;
    if (path === undefined) return null;
    const { definition } = await readDefinition(path, from);
    return definition === null ? null : { version: null, calls: callsOf(definition) };
  };
}
