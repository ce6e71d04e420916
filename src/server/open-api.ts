/**
 * The OpenAPI 3.1 document, made from the routes' own Zod schemas: it cannot differ from what
 * the server checks. Schemas with an id become components.
 */
import { z } from "zod";
import { ProblemJson } from "#client/wire/workflow.ts";
import { ERRORS, type ErrorCode } from "#errors/errors.ts";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Json[];
  readonly requestBody?: Json;
  readonly responses: Readonly<Record<string, Json>>;
}

/** What any route may answer. */
const SHARED_ERRORS: readonly ErrorCode[] = [
  "request_invalid",
  "unauthorized",
  "forbidden",
  "internal",
  "shutting_down",
  "store_unavailable",
];

/** The document for these routes. */
export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const components: Json = {};
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const problem = schemaOf(ProblemJson, "output", components);
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operationOf(route, problem, components);
    paths[route.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Lockstitch",
      version,
      description:
        "Durable workflows over HTTP. Errors are RFC 9457 problem documents with a stable code; every answer carries x-request-id.",
    },
    security: [{}, { apiKey: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { apiKey: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(route: Route, problem: Json, components: Json): OpenApiOperation {
  const body = route.body === null ? null : schemaOf(route.body, "input", components);
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    parameters: [
      ...parametersOf(route.params, "path"),
      ...parametersOf(route.query, "query"),
      ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
        name,
        in: "header",
        required: false,
        description,
        schema: { type: "string" },
      })),
    ],
    ...(body === null || route.body === null
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: contentOf(route.consumes ?? ["application/json"], body),
          },
        }),
    responses: responsesOf(route, problem, components),
  };
}

function responsesOf(route: Route, problem: Json, components: Json): Record<string, Json> {
  const responses: Record<string, Json> = {};
  for (const [status, schema] of Object.entries(route.responses))
    responses[status] = {
      description: route.summary,
      ...(schema === null
        ? route.produces === undefined
          ? {}
          : { content: contentOf([route.produces], { type: "string" }) }
        : { content: contentOf(["application/json"], schemaOf(schema, "output", components)) }),
    };
  const codes = new Map<number, string[]>();
  for (const code of [...SHARED_ERRORS, ...(route.errors ?? [])])
    codes.set(ERRORS[code].httpStatus, [...(codes.get(ERRORS[code].httpStatus) ?? []), code]);
  for (const [status, names] of codes)
    if (responses[status] === undefined)
      responses[status] = {
        description: names.join(", "),
        content: contentOf(["application/problem+json"], problem),
      };
  return responses;
}

function parametersOf(schema: z.ZodType | null, place: "path" | "query"): readonly Json[] {
  if (schema === null) return [];
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.has(name),
    schema: property,
  }));
}

function contentOf(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

/** The schema as JSON, with everything that has an id moved to the components. */
function schemaOf(schema: z.ZodType, io: "input" | "output", components: Json): Json {
  const {
    $schema: _dialect,
    $defs: definitions,
    ...json
  } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Json;
  for (const [name, definition] of Object.entries((definitions ?? {}) as Json))
    components[name] ??= withComponentRefs(definition, name);
  const id = json["id"];
  if (typeof id !== "string") return withComponentRefs(json) as Json;
  components[id] ??= withComponentRefs(json, id);
  return { $ref: `#/components/schemas/${id}` };
}

/** `$defs` references as component references; `#` alone is the component itself; ids go. */
function withComponentRefs(json: unknown, self?: string): unknown {
  if (Array.isArray(json)) return json.map((item) => withComponentRefs(item, self));
  if (json === null || typeof json !== "object") return json;
  const result: Json = {};
  for (const [key, value] of Object.entries(json)) {
    if (key === "id" && value === self) continue;
    if (key === "$ref" && typeof value === "string")
      result[key] =
        value === "#"
          ? `#/components/schemas/${self}`
          : value.replace("#/$defs/", "#/components/schemas/");
    else result[key] = withComponentRefs(value, self);
  }
  return result;
}
