/**
 * Workflows: save, list, get, versions, validate. Definitions arrive as text (JSON or YAML) and
 * go to the parser as they came, so that a problem names line and column of what was sent.
 */
import { z } from "zod";
import { queryNumber } from "#client/wire/query-number.ts";
import {
  ValidationJson,
  versionToJson,
  WorkflowDependenciesJson,
  WorkflowJson,
  WorkflowListJson,
  WorkflowVersionJson,
  WorkflowVersionsJson,
} from "#client/wire/workflow.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { definitionInvalid, problemOf } from "#workflow/problem.ts";
import { defineRoute, type Route } from "../route.ts";
import type { WorkflowReader } from "../workflow-reader.ts";

/** Media types of a definition; the server hands their bodies on as text. */
export const DEFINITION_TYPES = [
  "application/json",
  "application/yaml",
  "application/x-yaml",
  "text/yaml",
  "text/x-yaml",
];

const DefinitionText = z
  .string({ error: "is missing: send the definition as JSON or YAML" })
  .min(1);
const NameParams = z.strictObject({ name: z.string().min(1).max(200) });
const VersionQuery = z.strictObject({ version: queryNumber({ min: 1 }).optional() });
const PageQuery = z.strictObject({
  cursor: z.string().optional(),
  limit: queryNumber({ min: 1, max: 1_000 }).prefault(100),
});

/** Routes whose body is a definition's text. */
export function definitionRoutes(engine: Engine, workflows: WorkflowReader): readonly Route[] {
  return [saveRoute(engine, workflows), validateRoute(workflows)];
}

export function workflowRoutes(engine: Engine): readonly Route[] {
  return [listRoute(engine), getRoute(engine), versionsRoute(engine), dependenciesRoute(engine)];
}

function saveRoute(engine: Engine, workflows: WorkflowReader): Route {
  return defineRoute({
    method: "PUT",
    path: "/api/v1/workflows/{name}",
    operationId: "saveWorkflow",
    tag: "workflows",
    summary: "Save a definition",
    description: "201 for a new version; 200 when the newest version is the same already.",
    params: NameParams,
    body: DefinitionText,
    consumes: DEFINITION_TYPES,
    responses: { 201: WorkflowVersionJson, 200: WorkflowVersionJson },
    errors: ["definition_invalid"],
    async handler({ params, body, context, request }) {
      const format = formatOf(request.headers["content-type"]);
      const { checked, problems } = await workflows.read(body, format);
      if (checked === null) throw definitionInvalid(problems);
      if (checked.name !== params.name) throw nameDiffers(checked.name, params.name);
      const saved = await engine.saveWorkflow(context, checked);
      return { status: saved.created ? 201 : 200, body: versionToJson(saved) };
    },
  });
}

function validateRoute(workflows: WorkflowReader): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/workflows/validate",
    operationId: "validateWorkflow",
    tag: "workflows",
    summary: "Check a definition without saving it",
    description: "Answers 200 with every problem at once.",
    body: DefinitionText,
    consumes: DEFINITION_TYPES,
    responses: { 200: ValidationJson },
    async handler({ body, request }) {
      const format = formatOf(request.headers["content-type"]);
      const { checked, problems } = await workflows.read(body, format);
      return {
        status: 200,
        body: {
          valid: checked !== null,
          name: checked?.name ?? null,
          hash: checked?.hash ?? null,
          problems,
        },
      };
    },
  });
}

function listRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/workflows",
    operationId: "listWorkflows",
    tag: "workflows",
    summary: "List workflows with their newest version, by name",
    query: PageQuery,
    responses: { 200: WorkflowListJson },
    async handler({ query, context }) {
      const items = await engine.listWorkflows(context, query.cursor ?? null, query.limit);
      const last = items.length < query.limit ? undefined : items.at(-1);
      return {
        status: 200,
        body: { items: items.map(versionToJson), cursor: last?.name ?? null },
      };
    },
  });
}

function getRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/workflows/{name}",
    operationId: "getWorkflow",
    tag: "workflows",
    summary: "Get a workflow's definition",
    description: "The newest version, unless `version` names another.",
    params: NameParams,
    query: VersionQuery,
    responses: { 200: WorkflowJson },
    errors: ["workflow_not_found"],
    async handler({ params, query, context }) {
      const found = await engine.findWorkflow(context, params.name, query.version);
      if (found === null) throw workflowNotFound(params.name, query.version);
      return {
        status: 200,
        body: { ...versionToJson(found), definition: found.definition },
      };
    },
  });
}

function versionsRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/workflows/{name}/versions",
    operationId: "listWorkflowVersions",
    tag: "workflows",
    summary: "List a workflow's versions, newest first",
    params: NameParams,
    responses: { 200: WorkflowVersionsJson },
    errors: ["workflow_not_found"],
    async handler({ params, context }) {
      const items = await engine.workflowVersions(context, params.name);
      if (items.length === 0) throw workflowNotFound(params.name, undefined);
      return { status: 200, body: { items: items.map(versionToJson) } };
    },
  });
}

function dependenciesRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/workflows/{name}/dependencies",
    operationId: "getWorkflowDependencies",
    tag: "workflows",
    summary: "What a workflow runs by workflow.run, and what those run, with versions",
    description: "Of the newest version, unless `version` names another.",
    params: NameParams,
    query: VersionQuery,
    responses: { 200: WorkflowDependenciesJson },
    errors: ["workflow_not_found"],
    async handler({ params, query, context }) {
      const { name } = params;
      const found = await engine.workflowDependencies(context, name, query.version);
      return { status: 200, body: WorkflowDependenciesJson.parse(found) };
    },
  });
}

function nameDiffers(name: string, address: string): LockstitchError {
  return definitionInvalid([
    problemOf({
      code: "invalid_shape",
      message: `The definition is named ${JSON.stringify(name)}, the address says ${JSON.stringify(address)}.`,
      pointer: ["name"],
      suggestion: "Use one name in both places.",
    }),
  ]);
}

function workflowNotFound(name: string, version: number | undefined): LockstitchError {
  const which = version === undefined ? "" : ` version ${version}`;
  return new LockstitchError(
    "workflow_not_found",
    `There is no workflow ${JSON.stringify(name)}${which}: save it with PUT /api/v1/workflows/${name}.`,
  );
}

function formatOf(contentType: string | undefined): "json" | "yaml" {
  return contentType?.includes("yaml") === true ? "yaml" : "json";
}
