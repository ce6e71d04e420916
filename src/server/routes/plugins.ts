/** How the processes of the host's plugins do. */
import type { z } from "zod";
import { type PluginJson, PluginListJson } from "#client/wire/plugin.ts";
import { defineRoute, type Route } from "../route.ts";

export type PluginsHealth = () => readonly z.input<typeof PluginJson>[];

export function pluginRoutes(health: PluginsHealth): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/plugins",
      operationId: "listPlugins",
      tag: "node types",
      summary: "List the plugins of this host and how their processes do",
      responses: { 200: PluginListJson },
      handler: () => ({ status: 200, body: { items: [...health()] } }),
    }),
  ];
}
