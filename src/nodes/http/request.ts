/**
 * `http.request` calls a URL. Redirects are followed by hand, so that every hop passes the rules
 * on URLs and addresses again; nothing of a request to one origin but what it needs goes to another.
 *
 * H1. A status of 400 and more fails with `http.<status>` unless `okStatuses` has it; 408, 425,
 *     429 and 5xx are retryable, with `retryAfterMs` in the details if the answer says when.
 * H2. Errors show the URL without its query and never a header that was sent.
 */
import type { Dispatcher } from "undici";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import {
  defineNode,
  type HttpRules,
  type NodeContext,
  type NodeDefinition,
} from "../define-node.ts";
import { CallCounter } from "./call-counter.ts";
import { HttpClients, RefusedAddress, type Resolve, resolveBySystem } from "./client.ts";
import {
  Auth,
  BodyType,
  HeaderName,
  Headers,
  Query,
  type RequestParts,
  requestParts,
} from "./request-parts.ts";
import { ACCEPT_ENCODING, bodyValue, readBytes } from "./response-body.ts";
import { retryAfterMs } from "./retry-after.ts";
import { allowedUrl, blocked, shownUrl } from "./url-rules.ts";

const StatusPattern = z.union([z.int().min(100).max(599), z.enum(["2xx", "3xx", "4xx", "5xx"])]);

const Config = z.strictObject({
  url: z.string().min(1).max(16_384).meta({ description: "http or https" }),
  method: z
    .enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    .default("GET")
    .meta({ description: "The method of the request" }),
  query: Query.default({}).meta({
    description: "Added to the URL; lists repeat, null is left out",
  }),
  headers: Headers.default({}).meta({ description: "Headers to send" }),
  auth: Auth.default({ type: "none" }).meta({
    description: "Who is calling; use secrets for values",
  }),
  body: z.unknown().optional().meta({ description: "Data, text, form fields or base64" }),
  bodyType: BodyType.optional().meta({
    description: "How body is sent; default: text if it is text, else json",
  }),
  responseType: z
    .enum(["auto", "json", "text", "base64"])
    .default("auto")
    .meta({ description: "How the answer is read; auto: by its content type" }),
  okStatuses: z
    .array(StatusPattern)
    .default([])
    .meta({ description: "Statuses from 400 on that are no failure: 404, 4xx" }),
  redirects: z
    .enum(["follow", "manual"])
    .default("follow")
    .meta({ description: "manual: the redirect is the answer" }),
  timeoutMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .meta({ description: "Of the whole call; default: the operator's" }),
  idempotencyHeader: z.union([z.boolean(), HeaderName]).default(false).meta({
    description: "Sends the step's idempotency key: as Idempotency-Key (true) or by this name",
  }),
});

type Config = z.output<typeof Config>;

const Output = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  body: z.unknown(),
  /** Of the last hop, after redirects. */
  url: z.string(),
  durationMs: z.number(),
});

/** The node type with its own resolver and clients. */
export function defineHttpRequest(resolve: Resolve): NodeDefinition {
  const clients = new HttpClients(resolve);
  const calls = new CallCounter();
  return defineNode({
    type: "http.request",
    title: "HTTP request",
    description:
      "Calls a URL and gives `{ status, headers, body, url, durationMs }`; JSON is parsed by content type.",
    category: "io",
    icon: "globe",
    pure: false,
    config: Config,
    output: Output,
    errors: [
      "connection_failed",
      "http.*",
      "http_blocked",
      "http_limit",
      "parse_failed",
      "timeout",
    ],
    examples: [
      {
        title: "Read JSON",
        with: { url: "https://api.example.com/orders", query: { page: 2 } },
        given: { http: { "GET /orders?page=2": { body: { orders: [{ id: 7 }] } } } },
        output: {
          status: 200,
          body: { orders: [{ id: 7 }] },
          url: "https://api.example.com/orders?page=2",
        },
      },
      {
        title: "Make something, once",
        with: {
          url: "https://api.example.com/orders",
          method: "POST",
          body: { sku: "a-1" },
          idempotencyHeader: true,
        },
        given: { http: { "POST /orders": { status: 201, body: { id: 8 } } } },
        output: { status: 201, body: { id: 8 } },
      },
      {
        title: "Something that is not there",
        with: { url: "https://api.example.com/none" },
        error: "http.404",
      },
      {
        title: "An address inside",
        with: { url: "http://169.254.169.254/latest" },
        error: "http_blocked",
      },
    ],
    async run(config, context) {
      const rules = context.services.http;
      calls.count(rules, context);
      const startedAtMs = performance.now();
      const timeout = AbortSignal.timeout(config.timeoutMs ?? rules.timeoutMs);
      const signal = AbortSignal.any([context.signal, timeout]);
      try {
        const answer = await follow(config, context, await clients.of(rules), signal);
        return { ...answer, durationMs: Math.round(performance.now() - startedAtMs) };
      } catch (error) {
        if (timeout.aborted && !context.signal.aborted)
          throw timedOut(config.timeoutMs ?? rules.timeoutMs, error);
        throw error;
      }
    },
  });
}

/** The built-in type, on the system's resolver. */
export const httpRequest = defineHttpRequest(resolveBySystem);

interface Hop {
  readonly url: URL;
  readonly method: Config["method"];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestParts["body"];
}

async function follow(
  config: Config,
  context: NodeContext,
  client: Dispatcher,
  signal: AbortSignal,
) {
  const rules = context.services.http;
  const parts = await requestParts(config, ownHeaders(config, context));
  let hop: Hop = {
    url: allowedUrl(parts.url, rules),
    method: config.method,
    headers: parts.headers,
    body: parts.body,
  };
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send(hop, client, signal);
    const location = headerOf(answer, "location");
    if (config.redirects === "manual" || !isRedirect(answer.statusCode) || location === "")
      return await outcome(config, hop, answer, rules);
    answer.body.on("error", () => {});
    answer.body.destroy();
    if (redirects >= rules.redirectsMax)
      throw new NodeError(
        "http_limit",
        `${shownUrl(hop.url)}: more than ${rules.redirectsMax} redirects.`,
        {
          details: { limit: "redirects", max: rules.redirectsMax },
        },
      );
    hop = nextHop(hop, answer.statusCode, allowedUrl(location, rules, hop.url));
  }
}

function ownHeaders(config: Config, context: NodeContext): Record<string, string> {
  const name = config.idempotencyHeader === true ? "idempotency-key" : config.idempotencyHeader;
  return {
    accept: "application/json, text/*;q=0.9, */*;q=0.8",
    "accept-encoding": ACCEPT_ENCODING,
    "user-agent": "lockstitch",
    ...(name === false ? {} : { [name.toLowerCase()]: context.idempotencyKey }),
  };
}

async function send(
  hop: Hop,
  client: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  try {
    return await client.request({
      origin: hop.url.origin,
      path: `${hop.url.pathname}${hop.url.search}`,
      method: hop.method,
      headers: { ...hop.headers },
      body: hop.body,
      signal,
    });
  } catch (error) {
    throw connectionError(hop.url, error);
  }
}

function connectionError(url: URL, error: unknown): unknown {
  if (error instanceof RefusedAddress) return blocked(url, error.message);
  if (!(error instanceof Error)) return error;
  // Happy eyeballs reports one error per address that was tried.
  const inner = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const code = (inner as NodeJS.ErrnoException).code ?? inner.name;
  return new NodeError("connection_failed", `${shownUrl(url)}: ${inner.message || code}.`, {
    retryable: true,
    details: { url: shownUrl(url), reason: code },
    cause: error,
  });
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** The headers that may go to another origin; whatever else the user set could be a credential. */
const CROSS_ORIGIN_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "user-agent",
]);

/** What a browser would send next (WHATWG fetch, HTTP-redirect fetch). */
function nextHop(hop: Hop, status: number, url: URL): Hop {
  const becomesGet =
    (status === 303 && hop.method !== "HEAD") ||
    ((status === 301 || status === 302) && hop.method === "POST");
  const headers = Object.entries(hop.headers).filter(
    ([name]) =>
      (url.origin === hop.url.origin || CROSS_ORIGIN_HEADERS.has(name)) &&
      !(becomesGet && name === "content-type"),
  );
  return {
    url,
    method: becomesGet ? "GET" : hop.method,
    headers: Object.fromEntries(headers),
    body: becomesGet ? null : hop.body,
  };
}

async function outcome(
  config: Config,
  hop: Hop,
  answer: Dispatcher.ResponseData,
  rules: HttpRules,
) {
  const { statusCode: status } = answer;
  const bytes = await bodyBytes(hop, answer, rules);
  const contentType = headerOf(answer, "content-type");
  if (status >= 400 && !isOk(status, config.okStatuses)) throw statusError(hop, answer, bytes);
  const form = config.responseType === "auto" ? null : config.responseType;
  return {
    status,
    headers: headersOf(answer),
    body: bodyValue(bytes, contentType, form).body,
    url: hop.url.href,
  };
}

async function bodyBytes(
  hop: Hop,
  answer: Dispatcher.ResponseData,
  rules: HttpRules,
): Promise<Buffer> {
  try {
    return await readBytes(
      answer.body,
      headerOf(answer, "content-encoding"),
      rules.responseBytesMax,
    );
  } catch (error) {
    throw error instanceof NodeError ? error : connectionError(hop.url, error);
  }
}

function statusError(hop: Hop, answer: Dispatcher.ResponseData, bytes: Buffer): NodeError {
  const { statusCode: status } = answer;
  const afterMs = retryAfterMs(headerOf(answer, "retry-after"), headerOf(answer, "date"));
  return new NodeError(`http.${status}`, `${hop.method} ${shownUrl(hop.url)} answered ${status}.`, {
    retryable: status >= 500 || [408, 425, 429].includes(status),
    details: {
      status,
      url: shownUrl(hop.url),
      body: bytes.toString("utf8").slice(0, 4096),
      ...(afterMs === null ? {} : { retryAfterMs: afterMs }),
    },
  });
}

function isOk(status: number, patterns: readonly z.output<typeof StatusPattern>[]): boolean {
  return (
    patterns.includes(status) ||
    patterns.some((pattern) => pattern === `${Math.floor(status / 100)}xx`)
  );
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string {
  const value = answer.headers[name];
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}

function headersOf(answer: Dispatcher.ResponseData): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) && name !== "set-cookie" ? value.join(", ") : (value ?? ""),
    ]),
  );
}

function timedOut(timeoutMs: number, cause: unknown): NodeError {
  return new NodeError("timeout", `The call took longer than ${timeoutMs} ms.`, {
    retryable: true,
    cause,
  });
}
