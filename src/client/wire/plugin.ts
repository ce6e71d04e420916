/** Plugins as they go over the wire: how their processes do. */
import { z } from "zod";

export const PluginJson = z
  .object({
    name: z.string(),
    version: z.string(),
    state: z.enum(["starting", "running", "waiting", "stopped", "failed"]),
    restarts: z.int(),
    calls: z.int(),
    running: z.int(),
    memoryBytes: z.int(),
    lastEnd: z
      .object({
        reason: z.enum([
          "exited",
          "unresponsive",
          "memory",
          "processor",
          "disk",
          "protocol",
          "stopped",
          "unsealed",
        ]),
        text: z.string(),
      })
      .nullable()
      .meta({ description: "Why its process ended last; null: it never did." }),
  })
  .meta({ id: "Plugin", description: "A plugin and the process that it runs in." });

export const PluginListJson = z.object({ items: z.array(PluginJson) }).meta({ id: "PluginList" });
