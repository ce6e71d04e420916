/**
 * One request on its way, redirect after redirect. They are followed by hand, so that every hop
 * passes the rules on URLs and addresses again; nothing of a request to one origin but what it
 * needs goes to another.
 */
import type { Dispatcher } from "undici";
import { NodeError } from "#errors/step-error.ts";
import type { HttpRules } from "../define-node.ts";
import { RefusedAddress } from "./client.ts";
import type { RequestParts } from "./request-parts.ts";
import { allowedUrl, blocked, shownUrl } from "./url-rules.ts";

export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestParts["body"];
}

/** Where requests go, by URL: a connection's own origin has rules of its own. */
export interface Way {
  readonly client: Dispatcher;
  readonly rules: HttpRules;
}

/** `wayOf` answers for any URL; the first hop has passed its rules. */
export async function follow(
  first: Hop,
  isFollowing: boolean,
  wayOf: (url: URL) => Promise<Way>,
  signal: AbortSignal,
): Promise<{ readonly hop: Hop; readonly response: Dispatcher.ResponseData }> {
  let hop = first;
  for (let redirects = 0; ; redirects += 1) {
    const way = await wayOf(hop.url);
    const response = await send(hop, way.client, signal);
    const { location } = response.headers;
    const target = Array.isArray(location) ? location[0] : location;
    if (!isFollowing || !isRedirect(response.statusCode) || target === undefined || target === "")
      return { hop, response };
    discard(response);
    if (redirects >= way.rules.redirectsMax) throw tooMany(hop, way.rules.redirectsMax);
    const url = URL.parse(target, hop.url.href);
    const rules = url === null ? way.rules : (await wayOf(url)).rules;
    hop = nextHop(hop, response.statusCode, allowedUrl(target, rules, hop.url));
  }
}

function tooMany({ url }: Hop, max: number): NodeError {
  return new NodeError("http_limit", `${shownUrl(url)}: more than ${max} redirects.`, {
    details: { limit: "redirects", max },
  });
}

export async function send(
  hop: Hop,
  client: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  try {
    return await client.request({
      origin: hop.url.origin,
      path: `${hop.url.pathname}${hop.url.search}`,
      method: hop.method as Dispatcher.HttpMethod,
      headers: { ...hop.headers },
      body: hop.body,
      signal,
    });
  } catch (error) {
    throw connectionError(hop.url, error);
  }
}

/** Nobody reads the rest, and nobody needs to know how it ended. */
export function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => {});
  body.destroy();
}

export function connectionError(url: URL, error: unknown): unknown {
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
