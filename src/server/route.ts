/**
 * A route declared once: its Zod schemas are what validates, what the handler's types come from,
 * and what the OpenAPI document shows (open-api.ts). Nothing else describes a route.
 *
 * R1. A handler sees only what its schemas let through.
 * R2. Schemas are parsed once, when the server is built; a request costs one safeParse of each part.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type ErrorCode, LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by security.ts once the caller is known. */
    callContext: CallContext;
    /** Whether the caller of a webhook is one who may call the rest: by key, or by being local. */
    isKnownCaller: boolean;
  }
}

export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly context: CallContext;
  readonly request: FastifyRequest;
  /** For streams and headers; JSON answers are returned. */
  readonly reply: FastifyReply;
}

/** What a handler answers; `streamed` once it has taken the socket over itself. */
export type RouteAnswer =
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly streamed: true };

export interface RouteDocs {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** JSON answers by status; null for one without a described body. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  /** Errors it may answer besides those every route may (see open-api.ts). */
  readonly errors?: readonly ErrorCode[];
  /** Headers worth telling about, with what they do. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Media types of the body; default JSON. A text body is handed to the schema as it came. */
  readonly consumes?: readonly string[];
  /** Media type of the successful answer; default JSON. */
  readonly produces?: string;
}

export interface RouteSpec<P, Q, B> extends RouteDocs {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** OpenAPI form: `/api/v1/runs/{id}`. */
  readonly path: string;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  handler(input: RouteInput<P, Q, B>): RouteAnswer | Promise<RouteAnswer>;
}

/** A route with its types erased, as registered and documented. */
export interface Route extends RouteDocs {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly params: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly body: z.ZodType | null;
  readonly handler: (
    input: RouteInput<unknown, unknown, unknown>,
  ) => RouteAnswer | Promise<RouteAnswer>;
}

/** Declares a route; TypeScript infers what the handler sees from the schemas. */
export function defineRoute<P = undefined, Q = undefined, B = undefined>(
  spec: RouteSpec<P, Q, B>,
): Route {
  return {
    ...spec,
    params: spec.params ?? null,
    query: spec.query ?? null,
    body: spec.body ?? null,
    handler: spec.handler as Route["handler"],
  };
}

/** Path parameters that many routes share. */
export const RunParams = z.strictObject({ id: z.string().min(1).max(200) });

export const StepParams = z.strictObject({
  id: z.string().min(1).max(200),
  path: z.string().min(1).max(2000).meta({
    description: 'The step\'s path, percent-encoded: `lines[3].price`, `m["eu.west"].fetch`.',
  }),
});

/** Registers the routes on a Fastify instance. */
export function registerRoutes(app: FastifyInstance, routes: readonly Route[]): void {
  for (const route of routes)
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
      handler: (request, reply) => answer(route, request, reply),
    });
}

async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const given = await route.handler({
    params: checked(route.params, request.params, "path"),
    query: checked(route.query, request.query, "query"),
    body: checked(route.body, request.body, "body"),
    context: request.callContext,
    request,
    reply,
  });
  if ("streamed" in given) return reply;
  if (given.headers !== undefined) reply.headers(given.headers);
  reply.code(given.status);
  return reply.send(given.body);
}

function checked(schema: z.ZodType | null, value: unknown, part: string): unknown {
  if (schema === null) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    field: fieldName(part, issue.path),
    message: issue.message,
  }));
  const first = errors[0] ?? { field: part, message: "is not valid" };
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const missing = part === "body" && value === undefined;
  throw new LockstitchError(
    "request_invalid",
    missing
      ? "The request needs a JSON body: send one with Content-Type: application/json."
      : `${first.field}: ${first.message}${more}`,
    { details: { errors } },
  );
}

function fieldName(part: string, path: readonly PropertyKey[]): string {
  const inner = path.map(String).join(".");
  if (part === "body") return inner === "" ? "body" : inner;
  return inner === "" ? part : `${part} ${inner}`;
}
