/**
 * HTTP for plugins: the host's own client with all its checks, to the hosts that the plugin declares
 * and the operator grants. The plugin's process has no network of its own.
 *
 *   H1. The rules are the operator's, narrowed to the plugin's hosts; a redirect is held to them, too.
 *   H2. No named connections, no files: what is secret to the operator stays with the host.
 */
import { z } from "zod";
import { runAttempt } from "#nodes/attempt.ts";
import type { HttpRules, NodeContext } from "#nodes/define-node.ts";
import { type Resolve, resolveBySystem } from "#nodes/http/client.ts";
import { defineHttpRequest } from "#nodes/http/request.ts";
import { dataOf } from "./attempt-data.ts";
import type { HttpOutcome } from "./messages.ts";
import { isHostCovered } from "./permissions.ts";

/** The fields of http.request that a plugin may use. */
const Request = z.strictObject({
  url: z.string(),
  method: z.unknown().optional(),
  query: z.unknown().optional(),
  headers: z.unknown().optional(),
  body: z.unknown().optional(),
  bodyType: z.unknown().optional(),
  responseType: z.unknown().optional(),
  okStatuses: z.unknown().optional(),
  redirects: z.unknown().optional(),
  timeoutMs: z.unknown().optional(),
  idempotencyHeader: z.unknown().optional(),
});

export interface PluginHttp {
  request(asked: Readonly<Record<string, unknown>>, context: NodeContext): Promise<HttpOutcome>;
}

export function pluginHttp(
  hosts: readonly string[],
  resolve: Resolve = resolveBySystem,
): PluginHttp {
  const node = defineHttpRequest(resolve);
  const narrowed = new WeakMap<HttpRules, HttpRules>();
  const rulesFor = (rules: HttpRules): HttpRules => {
    const known = narrowed.get(rules) ?? { ...rules, allowHosts: hosts };
    narrowed.set(rules, known);
    return known;
  };
  return {
    async request(asked, context) {
      if (hosts.length === 0)
        return denied("The plugin declares no hosts: permissions.network.hosts is empty.");
      const request = Request.safeParse(asked);
      if (!request.success) return invalid(request.error);
      const { services, signal } = context;
      const own: NodeContext = {
        ...dataOf(context),
        lastHeartbeat: null,
        signal,
        log: context.log,
        progress() {},
        heartbeat() {},
        services: {
          fileRoot: null,
          http: rulesFor(services.http),
          sendSignal: services.sendSignal,
        },
      };
      return await runAttempt(node, request.data, own);
    },
  };
}

/** Declared hosts that the operator's own list would refuse anyway. */
export function deniedHosts(hosts: readonly string[], rules: HttpRules): readonly string[] {
  return hosts.filter(
    (host) =>
      (rules.allowHosts.length > 0 && !isHostCovered(host, rules.allowHosts)) ||
      isHostCovered(host, rules.denyHosts),
  );
}

function denied(message: string): HttpOutcome {
  return { ok: false, error: { code: "http_blocked", message, retryable: false } };
}

function invalid(error: z.ZodError): HttpOutcome {
  const text = error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ");
  const message = `http.request: ${text}`.slice(0, 1_000);
  return { ok: false, error: { code: "config_invalid", message, retryable: false } };
}
