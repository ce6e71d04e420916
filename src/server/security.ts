/**
 * Who may call. On a loopback address the server is open to the local user and closed to web
 * pages of other origins; on any other address it takes an API key.
 *
 * S1. No server listens on an address that is not loopback without an API key (assertBindable).
 * S2. On loopback, Host names loopback or the configured host: a page that rebinds its own
 *     DNS name to 127.0.0.1 sends its own name and is refused.
 * S3. Under /api/ a request whose Origin is not this server, or that the browser itself calls
 *     cross-site, is refused whatever its method: streams and simple POSTs need no preflight.
 *     /metrics counts as part of it. What is under /api/ is told by the matched route, however the address is spelt.
 * S5. Webhooks (/hooks/) answer anybody whose signature fits; one without a signature is called by
 *     those alone who may call /api/: with a key, or on loopback without, and by no other site's page.
 * S4. Keys are compared by digest in constant time; which key matched is all that is kept.
 *
 * Probes and pages (`/`, `/docs`, `/openapi.json`, `/healthz`) hold no data and need no key.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import ipaddr from "ipaddr.js";
import { LockstitchError } from "#errors/errors.ts";
import { type CallContext, LOCAL_CONTEXT } from "#ports/call-context.ts";

export interface SecurityOptions {
  /** Address or name to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Accepted `Authorization: Bearer` values; empty only on loopback. */
  readonly apiKeys: readonly string[];
}

const API_KEY_CHARACTERS_MIN = 16;
/** Host values found good, so that parsing addresses is not paid on each request. */
const HOSTS_REMEMBERED_MAX = 100;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Throws config_invalid where S1 would be broken. */
export function assertBindable(security: SecurityOptions): void {
  const short = security.apiKeys.find((key) => key.length < API_KEY_CHARACTERS_MIN);
  if (short !== undefined)
    throw new LockstitchError(
      "config_invalid",
      `An API key needs at least ${API_KEY_CHARACTERS_MIN} characters: make one with \`openssl rand -hex 24\`.`,
    );
  if (security.apiKeys.length === 0 && !isLoopback(security.host))
    throw new LockstitchError(
      "config_invalid",
      `Refusing to listen on ${security.host} without authentication: set LOCKSTITCH_API_KEY, or listen on 127.0.0.1.`,
    );
}

/** True for `localhost` and addresses of this machine only. */
export function isLoopback(host: string): boolean {
  const name = withoutBrackets(host).toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isIP(name) !== 0 && ipaddr.process(name).range() === "loopback";
}

/** Adds the checks to every request, before routing has cost anything. */
export function registerSecurity(app: FastifyInstance, security: SecurityOptions): void {
  const keys = security.apiKeys.map((key) => ({ digest: digestOf(key), context: contextOf(key) }));
  const checksHost = isLoopback(security.host);
  const configured = withoutBrackets(security.host).toLowerCase();
  const acceptedHosts = new Set<string>();
  app.decorateRequest("callContext", null as unknown as CallContext);
  app.decorateRequest("isKnownCaller", false);
  app.addHook("onRequest", (request, _reply, next) => {
    try {
      const host = request.headers.host ?? "";
      // Elsewhere than on loopback a key is needed, which no rebinding page has.
      if (checksHost && !acceptedHosts.has(host)) {
        assertHost(host, configured);
        if (acceptedHosts.size < HOSTS_REMEMBERED_MAX) acceptedHosts.add(host);
      }
      const isApi = isOfApi(request);
      if (isApi) assertOwnOrigin(request, host);
      const context = keys.length === 0 ? LOCAL_CONTEXT : authenticate(request, keys, isApi);
      request.isKnownCaller = isApi || (isOfHooks(request) && isKnown(request, keys, host));
      const trace = request.headers["traceparent"];
      request.callContext =
        typeof trace === "string" && TRACEPARENT.test(trace) ? { ...context, trace } : context;
      next();
    } catch (error) {
      next(error as Error);
    }
  });
}

/**
 * By the route that will answer, never by the address as it was spelt: `/%61pi/v1/runs` and
 * `http://host/api/v1/runs` arrive at the same route. Only an address without a route has nothing else.
 */
function isOfApi(request: FastifyRequest): boolean {
  const url = request.routeOptions.url ?? request.url;
  return url.startsWith("/api/") || url === "/metrics";
}

function isOfHooks(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith("/hooks/") === true;
}

/** S5: whether the caller of a webhook could call /api/ as well. */
function isKnown(request: FastifyRequest, keys: readonly KnownKey[], host: string): boolean {
  try {
    assertOwnOrigin(request, host);
    if (keys.length > 0) authenticate(request, keys, true);
    return true;
  } catch {
    // Only a webhook with a signature takes such a call, and says so itself.
    return false;
  }
}

interface KnownKey {
  readonly digest: Buffer;
  readonly context: CallContext;
}

function assertHost(host: string, configured: string): void {
  const name = hostName(host);
  if (name !== "" && (isLoopback(name) || name === configured)) return;
  throw new LockstitchError(
    "forbidden",
    `Host ${JSON.stringify(host)} is not this server: call it as localhost or 127.0.0.1.`,
  );
}

function assertOwnOrigin(request: FastifyRequest, host: string): void {
  const origin = request.headers.origin;
  const site = request.headers["sec-fetch-site"];
  const ownOrigin = origin === undefined || originHost(origin) === host;
  const ownSite = site === undefined || site === "same-origin" || site === "none";
  if (ownOrigin && ownSite) return;
  throw new LockstitchError(
    "forbidden",
    "Another web site's page may not call this server: open its own page, or call it from a program.",
  );
}

function authenticate(
  request: FastifyRequest,
  keys: readonly KnownKey[],
  isApi: boolean,
): CallContext {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const digest = given === undefined ? null : digestOf(given);
  let found: CallContext | null = null;
  for (const key of keys)
    if (digest !== null && timingSafeEqual(digest, key.digest)) found = key.context;
  if (found !== null) return found;
  // What holds no data answers anybody: probes of a load balancer, the page that asks for the key.
  if (!isApi) return LOCAL_CONTEXT;
  throw new LockstitchError(
    "unauthorized",
    given === undefined
      ? "This server needs an API key: send Authorization: Bearer KEY."
      : "The API key is not valid here.",
  );
}

/** The journal names the key by the start of its digest, never by itself. */
function contextOf(key: string): CallContext {
  return { ...LOCAL_CONTEXT, principal: `key:${digestOf(key).toString("hex").slice(0, 8)}` };
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function hostName(host: string): string {
  const match = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d+)?$/i.exec(host);
  return withoutBrackets(match?.[1] ?? "").toLowerCase();
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
