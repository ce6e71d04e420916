/**
 * The HTTP server over one engine: routes, checks, errors and pages put together.
 *
 * H1. Every answer carries x-request-id: the caller's, if it is a decent one, else a new one.
 * H2. Every failure is a problem document (problem.ts).
 * H3. close() ends live streams first, so that no reader holds the process.
 */
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import { removeLeftCopies } from "./backup-spool.ts";
import { answerBroken, REQUEST_MS_MAX } from "./broken-requests.ts";
import { knownPaths } from "./known-paths.ts";
import { openApiDocument } from "./open-api.ts";
import { sendProblem } from "./problem.ts";
import { engineReadiness } from "./readiness.ts";
import { type Route, registerRoutes } from "./route.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { checkpointRoutes } from "./routes/checkpoints.ts";
import { type DemoHooks, demoRoutes } from "./routes/demo.ts";
import { engineRoutes, type ReadinessPart } from "./routes/engine.ts";
import { hookRoute, registerHooks } from "./routes/hooks.ts";
import { memoRoutes } from "./routes/memos.ts";
import { type MetricsText, meterRequests, registerMetrics } from "./routes/metrics.ts";
import { nodeTypeRoutes } from "./routes/node-types.ts";
import { type PluginsHealth, pluginRoutes } from "./routes/plugins.ts";
import { quotaRoutes } from "./routes/quotas.ts";
import { runControlRoutes } from "./routes/run-controls.ts";
import { runLogRoutes } from "./routes/run-logs.ts";
import { runReadRoutes } from "./routes/run-reads.ts";
import { runStreamRoutes } from "./routes/run-stream.ts";
import { runRoutes, startRoute } from "./routes/runs.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { stepControlRoutes } from "./routes/step-controls.ts";
import { storeRoutes } from "./routes/store.ts";
import { valueRoutes } from "./routes/values.ts";
import { DEFINITION_TYPES, definitionRoutes, workflowRoutes } from "./routes/workflows.ts";
import { assertBindable, registerSecurity, type SecurityOptions } from "./security.ts";
import { acceptStartBodies } from "./start-bodies.ts";
import { registerPages, SAFE_HEADERS } from "./static-page.ts";
import { createWorkflowReader } from "./workflow-reader.ts";

const BODY_BYTES_MAX = 10 * 1024 * 1024;
const REQUEST_ID = /^[\w.:-]{1,128}$/;

export interface ServerOptions {
  readonly engine: Engine;
  readonly nodes: NodeRegistry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly security: SecurityOptions;
  /** Version of Lockstitch, for the OpenAPI document. */
  readonly version: string;
  /** Where a backup lies while it is sent; absent: none is served. */
  readonly spoolDir?: string;
  /** The parts that /readyz asks; default: the engine alone. */
  readonly readiness?: readonly ReadinessPart[];
  /** Shown at /metrics; absent: there is no such address. */
  readonly metrics?: MetricsText;
  /** How the host's plugins do; absent: it has none. */
  readonly plugins?: PluginsHealth;
  /** Is told of every request. */
  readonly meter?: Meter;
  /** Only for `npm start`: see routes/demo.ts. */
  readonly demo?: DemoHooks;
}

/** Builds the server; nothing listens yet. config_invalid where it must not (see assertBindable). */
export function createServer(options: ServerOptions): FastifyInstance {
  assertBindable(options.security);
  const { engine, nodes, logger, clock, demo } = options;
  const workflows = createWorkflowReader(nodes);
  const fail = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
    sendProblem(error, request, reply, logger);
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestIdHeader: false,
    genReqId: requestIds(),
    routerOptions: { maxParamLength: 2_000, ignoreTrailingSlash: true },
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS_MAX,
    clientErrorHandler: answerBroken,
    frameworkErrors: (error, request, reply) => void fail(error, request, reply),
  });
  const closing = new AbortController();
  app.addHook("onClose", () => workflows.close());
  app.addHook("preClose", async () => closing.abort());
  app.addHook("onRequest", (request, reply, next) => {
    reply.header("x-request-id", request.id).headers(SAFE_HEADERS);
    next();
  });
  const { spoolDir } = options;
  if (spoolDir !== undefined) app.addHook("onReady", () => removeLeftCopies(spoolDir));
  if (options.meter !== undefined) meterRequests(app, options.meter);
  registerSecurity(app, options.security);
  app.setErrorHandler(fail);
  const methodsOf = knownPaths(app);
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(request.url);
    if (allowed.length > 0) reply.header("allow", allowed.join(", "));
    return sendProblem(routeNotFound(request, allowed), request, reply, logger);
  });
  acceptBodies(app);
  const definitions = definitionRoutes(engine, workflows);
  const start = startRoute(engine);
  const routes: readonly Route[] = [
    ...runRoutes(engine),
    ...runReadRoutes(engine, workflows),
    ...runControlRoutes(engine),
    ...checkpointRoutes(engine),
    ...stepControlRoutes(engine),
    ...runStreamRoutes(engine, clock, closing.signal),
    ...runLogRoutes(engine, clock, closing.signal),
    ...approvalRoutes(engine),
    ...storeRoutes(engine, spoolDir ?? null),
    ...[memoRoutes, quotaRoutes].flatMap((routes) => routes(engine)),
    ...valueRoutes(engine),
    ...scheduleRoutes(engine),
    ...workflowRoutes(engine),
    ...nodeTypeRoutes(nodes),
    ...pluginRoutes(options.plugins ?? (() => [])),
    ...engineRoutes(engine, {
      startedAtMs: clock.nowMs(),
      hasDemo: demo !== undefined,
      readiness: options.readiness ?? [engineReadiness(engine, () => false)],
    }),
    ...(demo === undefined ? [] : demoRoutes(demo)),
  ];
  registerRoutes(app, routes);
  app.register((inner, _options, done) => {
    acceptDefinitions(inner);
    registerRoutes(inner, definitions);
    done();
  });
  app.register((inner, _options, done) => {
    acceptStartBodies(inner, workflows);
    registerRoutes(inner, [start]);
    done();
  });
  registerHooks(app, engine);
  if (options.metrics !== undefined) registerMetrics(app, options.metrics);
  const documented = [start, ...routes, ...definitions, hookRoute()];
  registerPages(app, openApiDocument(documented, options.version));
  return app;
}

/** Listens where the options say and answers the address to call. */
export async function listen(app: FastifyInstance, security: SecurityOptions): Promise<string> {
  assertBindable(security);
  return await app.listen({ host: security.host, port: security.port });
}

/** JSON only; an empty body is no body, so that `POST .../pause` needs none. */
function acceptBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string" },
    (request, body: string, done) => {
      if (body === "") done(null, undefined);
      else void parseJson(request, body, done);
    },
  );
}

/** Definitions stay text, for the parser to point into. */
function acceptDefinitions(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(DEFINITION_TYPES, { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
}

function requestIds(): (request: {
  headers: Record<string, string | string[] | undefined>;
}) => string {
  const prefix = crypto.randomUUID().slice(0, 8);
  let count = 0;
  return ({ headers }) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && REQUEST_ID.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

function routeNotFound(
  { method, url }: FastifyRequest,
  allowed: readonly string[],
): LockstitchError {
  const path = url.split("?", 1)[0];
  if (allowed.length === 0)
    return new LockstitchError(
      "not_found",
      `There is no ${method} ${path}: see /docs for what there is.`,
    );
  return new LockstitchError(
    "method_not_allowed",
    `${path} takes ${allowed.join(", ")}, not ${method}: see /docs for what each does.`,
  );
}
