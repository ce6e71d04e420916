/**
 * `import { definePlugin } from "lockstitch/plugin"`: what an author of a plugin needs. A plugin is
 * a folder or an npm package whose entry exports `plugin`; its node types run in a process of their
 * own, with the permissions that it declares and the operator grants. See docs/plugins.md.
 */
import {
  defineNode,
  type NodeContext,
  type NodeDefinition,
  NodeError,
} from "../nodes/define-node.ts";
import type { WrittenPermissions } from "./permissions.ts";

export type { NodeContext, WrittenPermissions as PluginPermissions };
export { defineNode, NodeError };

/** What definePlugin() is given. Later kinds of parts get fields beside `nodes`. */
export interface PluginOptions {
  /** One word in lower case; every type of the plugin begins with it: `weather.forecast`. */
  readonly name: string;
  /** As in package.json: `1.2.0`. */
  readonly version: string;
  readonly description: string;
  /** Node types made with defineNode(), none of them pure. */
  readonly nodes: readonly NodeDefinition[];
  /** What it needs besides its own folder; nothing by default. */
  readonly permissions?: WrittenPermissions;
}

/** A plugin as its entry exports it. */
export interface Plugin extends PluginOptions {
  readonly api: typeof PLUGIN_API;
}

/** The version of the contract between a plugin and its host. */
export const PLUGIN_API = 1;

/** A call that the host makes for the plugin, to one of the declared hosts. */
export interface PluginHttpRequest {
  readonly url: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly bodyType?: string;
  readonly responseType?: "auto" | "json" | "text" | "base64";
  readonly okStatuses?: readonly (number | string)[];
  readonly redirects?: "follow" | "manual";
  readonly timeoutMs?: number;
  readonly idempotencyHeader?: boolean | string;
}

export interface PluginHttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: unknown;
  readonly url: string;
}

/**
 * What an attempt in a plugin may use: `async run(config, context: PluginContext) { ... }`. Its
 * `services` offer nothing: files are read with node:fs in the granted folders, calls go over `http`.
 */
export interface PluginContext extends NodeContext {
  readonly http: {
    /** As http.request does it. Rejects with its NodeErrors: `http.404`, `http_blocked`, `timeout`, ... */
    request(request: PluginHttpRequest): Promise<PluginHttpAnswer>;
  };
}

/** Declares a plugin: `export const plugin = definePlugin({ ... })`. What is wrong with it is told when it is loaded. */
export function definePlugin(options: PluginOptions): Plugin {
  return { ...options, api: PLUGIN_API };
}
