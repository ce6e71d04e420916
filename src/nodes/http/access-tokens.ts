/**
 * OAuth 2.0 client credentials (RFC 6749, 4.4): fetches access tokens, and keeps each until shortly
 * before it expires.
 *
 * T1. Callers that need the same token at the same time share one request, which is aborted when
 *     the last of them has gone.
 * T2. A token is kept under a hash of all that it was got with, so that a rotated secret never uses
 *     the token of the old one. Tokens live in this process only.
 * T3. No error holds the secret, the token or the server's free text.
 */
import { createHash } from "node:crypto";
import { NodeError } from "#errors/step-error.ts";
import { headerOf } from "./answer.ts";
import { connectionError, type Hop, send, type Way } from "./hop.ts";
import type { Auth } from "./request-parts.ts";
import { readBytes } from "./response-body.ts";
import { retryAfterMs } from "./retry-after.ts";
import { allowedUrl, shownUrl } from "./url-rules.ts";

export type ClientCredentials = Extract<Auth, { readonly type: "oauth2" }>;

interface Token {
  readonly value: string;
  /** On the monotonic clock. */
  readonly expiresAtMs: number;
}

interface Fetching {
  readonly token: Promise<Token>;
  readonly controller: AbortController;
  waiters: number;
}

const TOKENS_MAX = 1_000;
const ANSWER_BYTES_MAX = 256 * 1024;
/** RFC 6749 leaves out what a missing expires_in means. */
const LIFETIME_MS_DEFAULT = 60_000;
const MARGIN_MS_MAX = 30_000;

export class AccessTokens {
  readonly #tokens = new Map<string, Token>();
  readonly #fetching = new Map<string, Fetching>();

  /** A token that is valid now. Rejects with NodeError auth_failed, connection_failed, http_blocked. */
  async get(
    tenant: string,
    credentials: ClientCredentials,
    way: Way,
    signal: AbortSignal,
  ): Promise<string> {
    const key = keyOf(tenant, credentials);
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresAtMs > performance.now()) return known.value;
    const fetching = this.#fetching.get(key) ?? this.#fetch(key, credentials, way);
    fetching.waiters += 1;
    try {
      return (await untilAborted(fetching.token, signal)).value;
    } finally {
      fetching.waiters -= 1;
      if (fetching.waiters === 0) {
        fetching.controller.abort();
        // Who comes now must not join what was just told to stop.
        this.#forgetFetching(key, fetching);
      }
    }
  }

  /** The server has refused `value`: the next get() fetches another one. */
  forget(tenant: string, credentials: ClientCredentials, value: string): void {
    const key = keyOf(tenant, credentials);
    if (this.#tokens.get(key)?.value === value) this.#tokens.delete(key);
  }

  #fetch(key: string, credentials: ClientCredentials, way: Way): Fetching {
    const controller = new AbortController();
    const timeout = AbortSignal.timeout(way.rules.timeoutMs);
    const signal = AbortSignal.any([controller.signal, timeout]);
    const token = fetchToken(credentials, way, signal)
      .then((fetched) => {
        this.#tokens.set(key, fetched);
        const [oldest] = this.#tokens.keys();
        if (this.#tokens.size > TOKENS_MAX && oldest !== undefined) this.#tokens.delete(oldest);
        return fetched;
      })
      .finally(() => this.#forgetFetching(key, fetching));
    // Who waits for it is told; if all of them have gone, the failure is nobody's, least the process's.
    token.catch(() => {});
    const fetching: Fetching = { token, controller, waiters: 0 };
    this.#fetching.set(key, fetching);
    return fetching;
  }

  #forgetFetching(key: string, fetching: Fetching): void {
    if (this.#fetching.get(key) === fetching) this.#fetching.delete(key);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function keyOf(tenant: string, credentials: ClientCredentials): string {
  return createHash("sha256")
    .update(JSON.stringify([tenant, ...Object.entries(credentials).sort().flat()]))
    .digest("base64");
}

async function fetchToken(
  credentials: ClientCredentials,
  { client, rules }: Way,
  signal: AbortSignal,
): Promise<Token> {
  const hop = tokenRequest(credentials, allowedUrl(credentials.tokenUrl, rules));
  const response = await send(hop, client, signal);
  const encoding = headerOf(response, "content-encoding");
  const bytes = await readBytes(response.body, encoding, ANSWER_BYTES_MAX).catch(
    (error: unknown) => {
      throw error instanceof NodeError ? error : connectionError(hop.url, error);
    },
  );
  const { access_token: value, expires_in: seconds, error } = fieldsOf(bytes);
  const { statusCode: status } = response;
  if (status === 200 && typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) {
    const lifetimeMs =
      typeof seconds === "number" && seconds >= 0 ? seconds * 1000 : LIFETIME_MS_DEFAULT;
    const marginMs = Math.min(MARGIN_MS_MAX, lifetimeMs / 2);
    return { value, expiresAtMs: performance.now() + lifetimeMs - marginMs };
  }
  const afterMs = retryAfterMs(headerOf(response, "retry-after"), headerOf(response, "date"));
  const reason = typeof error === "string" && /^[a-z_]{1,60}$/.test(error) ? error : null;
  throw new NodeError(
    "auth_failed",
    `${shownUrl(hop.url)} gave no access token: it answered ${status}${reason === null ? "" : ` (${reason})`}.`,
    {
      retryable: status >= 500 || status === 429,
      details: {
        ...{ status, url: shownUrl(hop.url) },
        ...(reason === null ? {} : { error: reason }),
        ...(afterMs === null ? {} : { retryAfterMs: afterMs }),
      },
    },
  );
}

function tokenRequest(credentials: ClientCredentials, url: URL): Hop {
  const { clientId, clientSecret, scope, audience, clientAuth } = credentials;
  const fields = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== undefined) fields.set("scope", scope);
  if (audience !== undefined) fields.set("audience", audience);
  const headers: Record<string, string> = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "lockstitch",
  };
  if (clientAuth === "basic") {
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    const pair = [clientId, clientSecret].map((text) =>
      new URLSearchParams([["", text]]).toString().slice(1),
    );
    headers["authorization"] = `Basic ${Buffer.from(pair.join(":")).toString("base64")}`;
  } else {
    fields.set("client_id", clientId);
    fields.set("client_secret", clientSecret);
  }
  return { url, method: "POST", headers, body: fields.toString() };
}

function fieldsOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // No JSON has no fields: the caller misses the token and tells the status.
    return {};
  }
}
