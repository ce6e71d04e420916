/**
 * Calls over HTTP for every node type that makes some: counted, limited in time, authenticated,
 * with redirects followed, on the connection that the step names.
 *
 * H1. Whatever comes back or fails holds no secret of the connection and no access token.
 * H2. A token that the server refuses (401) is fetched anew, once.
 * H3. `read` gets the answer with its body unread; when it is done nothing is left open.
 */
import { keepingIn, withConnection } from "../connections/connections.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import type { NodeContext } from "../define-node.ts";
import { withinTime } from "../within-time.ts";
import { AccessTokens } from "./access-tokens.ts";
import type { Answer } from "./answer.ts";
import { countCall } from "./call-counter.ts";
import { HttpClients, type Resolve } from "./client.ts";
import { discard, follow, type Hop } from "./hop.ts";
import { type PartsConfig, requestParts } from "./request-parts.ts";
import { ACCEPT_ENCODING } from "./response-body.ts";
import { checkedUrl, type Target, targetOf } from "./target.ts";

export interface CallConfig extends PartsConfig {
  readonly connection?: string | undefined;
  readonly method: string;
  readonly redirects: "follow" | "manual";
  readonly timeoutMs?: number | undefined;
  readonly idempotencyHeader: boolean | string;
}

type Kept = { readonly name: string; readonly value: string }[];

export class HttpCaller {
  readonly #clients: HttpClients;
  readonly #tokens = new AccessTokens();

  constructor(resolve: Resolve) {
    this.#clients = new HttpClients(resolve);
  }

  /** One call. `read` makes the result of the answer. Rejects with NodeError. */
  async call<T>(
    config: CallConfig,
    context: NodeContext,
    read: (answer: Answer, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (config.connection === undefined) return await this.#performed(config, context, null, read);
    return await withConnection(context, config.connection, ["http"], (connection) =>
      this.#performed(config, context, connection, read),
    );
  }

  async #performed<T>(
    config: CallConfig,
    context: NodeContext,
    connection: LentConnection<"http"> | null,
    read: (answer: Answer, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    countCall(context.services.http, context);
    const target = targetOf(config, context, connection, this.#clients);
    const timeoutMs = config.timeoutMs ?? target.rules.timeoutMs;
    const kept: Kept = [];
    return await withinTime("The call", timeoutMs, context.signal, (signal) =>
      keepingIn(kept, () => this.#answered({ config, context, target, signal, kept }, read)),
    );
  }

  async #answered<T>(
    call: {
      readonly config: CallConfig;
      readonly context: NodeContext;
      readonly target: Target;
      readonly signal: AbortSignal;
      readonly kept: Kept;
    },
    read: (answer: Answer, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { config, context, target, signal, kept } = call;
    const { auth } = target;
    for (let isRepeat = false; ; isRepeat = true) {
      let token: string | null = null;
      if (auth.type === "oauth2") {
        token = await this.#tokens.get(context.tenant, auth, await target.ownWay(), signal);
        kept.push({ name: "access token", value: token });
      }
      const hop = await firstHop(config, context, target, token);
      const isFollowing = config.redirects === "follow";
      const { hop: last, response } = await follow(hop, isFollowing, target.wayOf, signal);
      if (response.statusCode === 401 && auth.type === "oauth2" && token !== null && !isRepeat) {
        this.#tokens.forget(context.tenant, auth, token);
        discard(response);
        continue;
      }
      try {
        const { rules } = await target.wayOf(last.url);
        return await read({ hop: last, response, rules }, signal);
      } finally {
        discard(response);
      }
    }
  }
}

async function firstHop(
  config: CallConfig,
  context: NodeContext,
  target: Target,
  token: string | null,
): Promise<Hop> {
  const auth = token === null ? target.auth : ({ type: "bearer", token } as const);
  const own = { ...ownHeaders(config, context), ...target.headers };
  const parts = await requestParts({ ...config, url: target.url, auth }, own);
  return {
    url: checkedUrl(parts.url, target),
    method: config.method,
    headers: parts.headers,
    body: parts.body,
  };
}

function ownHeaders(config: CallConfig, context: NodeContext): Record<string, string> {
  const name = config.idempotencyHeader === true ? "idempotency-key" : config.idempotencyHeader;
  return {
    accept: "application/json, text/*;q=0.9, */*;q=0.8",
    "accept-encoding": ACCEPT_ENCODING,
    "user-agent": "lockstitch",
    ...(name === false ? {} : { [name.toLowerCase()]: context.idempotencyKey }),
  };
}
