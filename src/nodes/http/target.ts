/**
 * Where a call goes: to the URL that the step gives, or below the base address of a connection. The
 * operator may let a connection's base address be private; everything else stays under the general
 * rules, redirects away from it as well.
 */
import { NodeError } from "#errors/step-error.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import type { HttpRules, NodeContext } from "../define-node.ts";
import type { HttpClients } from "./client.ts";
import type { Way } from "./hop.ts";
import type { Auth, PartsConfig } from "./request-parts.ts";
import { allowedUrl, blocked } from "./url-rules.ts";

export interface Target {
  readonly url: string;
  readonly auth: Auth;
  /** Of the connection; the step's win over them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rules: HttpRules;
  wayOf(url: URL): Promise<Way>;
  /** For the token server. */
  readonly ownWay: () => Promise<Way>;
}

type Wanted = Pick<PartsConfig, "url" | "auth">;

/** `connection` null: the step's own URL. Throws NodeError. */
export function targetOf(
  wanted: Wanted,
  { services }: Pick<NodeContext, "services">,
  connection: LentConnection<"http"> | null,
  clients: HttpClients,
): Target {
  const general = async (): Promise<Way> => ({
    client: await clients.of(services.http),
    rules: services.http,
  });
  if (connection === null)
    return {
      ...{ url: wanted.url, auth: wanted.auth, headers: {}, rules: services.http },
      wayOf: general,
      ownWay: general,
    };
  const rules = connection.shared(
    () => rulesOf(connection, services.http),
    (shared) => clients.close(shared),
  );
  const { baseUrl, headers } = connection.settings;
  const auth = connection.settings.auth as Auth;
  if (auth.type !== "none" && wanted.auth.type !== "none")
    throw new NodeError(
      "config_invalid",
      `auth: connection ${connection.name} brings its own; leave auth out.`,
      { details: { field: "auth" } },
    );
  const own = async (): Promise<Way> => ({ client: await clients.of(rules), rules });
  const { origin } = new URL(baseUrl);
  return {
    url: below(baseUrl, wanted.url, connection.name),
    auth: auth.type === "none" ? wanted.auth : auth,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    rules,
    wayOf: (url) => (url.origin === origin ? own() : general()),
    ownWay: own,
  };
}

function rulesOf({ settings }: LentConnection<"http">, general: HttpRules): HttpRules {
  return {
    ...general,
    allowPrivate: general.allowPrivate || settings.allowPrivate,
    // The operator has named the host; a list of others does not exclude it.
    allowHosts: [],
    timeoutMs: settings.timeoutMs ?? general.timeoutMs,
    responseBytesMax: settings.responseBytesMax ?? general.responseBytesMax,
  };
}

/** `text` below the base address: a path, or a whole URL that lies there. Throws http_blocked. */
export function below(baseUrl: string, text: string, name: string): string {
  const base = new URL(baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
  const isWhole = /^[a-z][a-z0-9+.-]*:/i.test(text);
  const path = /^[?#]/.test(text) ? text : `./${text.replace(/^\/+/, "")}`;
  const url = isWhole ? URL.parse(text) : URL.parse(path, base.href);
  if (url === null)
    throw new NodeError("config_invalid", `url: ${JSON.stringify(text.slice(0, 200))} is no URL.`, {
      details: { field: "url" },
    });
  // Some servers undo %2e and %2f once more.
  const isTricky = /%2e|%2f|%5c|\\/i.test(url.pathname) && /\.\.|%2e/i.test(url.pathname);
  const isInside =
    url.origin === base.origin && `${url.pathname}/`.startsWith(base.pathname) && !isTricky;
  if (!isInside || url.username !== "" || url.password !== "")
    throw blocked(url, `it does not lie below the base address of connection ${name}`);
  return text === "" ? baseUrl : url.href;
}

/** Of the first hop. */
export function checkedUrl(url: string, target: Target): URL {
  return allowedUrl(url, target.rules);
}
