/**
 * Which URLs http.request may call, as far as the URL itself tells: scheme, credentials, the
 * operator's host lists. What a name resolves to is checked where the connection is made (client.ts).
 */
import { NodeError } from "#errors/step-error.ts";
import type { HttpRules } from "../define-node.ts";

/** `text` (relative to `base` if given) as a URL that may be tried. Throws NodeError. */
export function allowedUrl(text: string, rules: HttpRules, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null)
    throw new NodeError("config_invalid", `url: ${JSON.stringify(text.slice(0, 200))} is no URL.`, {
      details: { field: "url" },
    });
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw blocked(url, `the scheme ${url.protocol.slice(0, -1)} is not http or https`);
  if (url.username !== "" || url.password !== "")
    throw new NodeError("config_invalid", "url: holds a user name or password; use auth instead.", {
      details: { field: "url" },
    });
  const host = hostOf(url);
  if (rules.denyHosts.some((rule) => matchesHost(rule, host)))
    throw blocked(url, `the operator denies ${host}`);
  if (rules.allowHosts.length > 0 && !rules.allowHosts.some((rule) => matchesHost(rule, host)))
    throw blocked(url, `${host} is not on the operator's list of allowed hosts`);
  return url;
}

/** A URL as errors and logs may show it: without query and fragment, which can hold secrets. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`.slice(0, 500);
}

export function blocked(url: URL, why: string): NodeError {
  return new NodeError("http_blocked", `${shownUrl(url)} may not be called: ${why}.`, {
    details: { url: shownUrl(url) },
  });
}

/** Lower case, without the root's trailing dot. */
function hostOf(url: URL): string {
  return url.hostname.toLowerCase().replace(/\.+$/, "");
}

/** `example.com` is that host alone; `.example.com` is it and all below it. */
function matchesHost(rule: string, host: string): boolean {
  const wanted = rule.toLowerCase().replace(/\.+$/, "");
  if (!wanted.startsWith(".")) return host === wanted;
  return host === wanted.slice(1) || host.endsWith(wanted);
}
