/**
 * A plugin with two node types. It reads the folder `stations` and may call one host; both are
 * declared below and granted in lockstitch.config.ts. Its process can reach nothing else.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineNode, definePlugin, NodeError, type PluginContext } from "lockstitch/plugin";
import { z } from "zod";

const Station = z.object({ name: z.string(), city: z.string(), degrees: z.array(z.number()) });

const station = defineNode({
  type: "weather.station",
  title: "Weather station",
  description: "Reads the measurements of a station.",
  category: "user",
  icon: "thermometer",
  pure: false,
  config: z.strictObject({
    id: z
      .string()
      .regex(/^[a-z]+$/)
      .describe("The station, as its file is named"),
  }),
  output: Station,
  errors: ["user.station_unknown"],
  async run({ id }, { log }) {
    const file = join(process.env["WEATHER_STATIONS"] ?? "", `${id}.json`);
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new NodeError("user.station_unknown", `There is no station ${id}.`, { cause });
    });
    log.info("read a station", { id });
    return Station.parse(JSON.parse(text));
  },
});

const report = defineNode({
  type: "weather.report",
  title: "Weather report",
  description: "Says in a line how warm it was; `publish` sends it to the service.",
  category: "user",
  icon: "sun",
  pure: false,
  config: z.strictObject({
    station: Station.describe("What weather.station gives"),
    publish: z.boolean().default(false).describe("Whether the line is sent to api.example.com"),
  }),
  output: z.strictObject({ text: z.string(), max: z.number(), published: z.boolean() }),
  async run({ station: { name, degrees }, publish }, context: PluginContext) {
    const max = Math.max(...degrees);
    const text = `${name}: up to ${max} degrees`;
    if (publish)
      await context.http.request({
        url: "https://api.example.com/reports",
        method: "POST",
        body: { text },
        idempotencyHeader: true,
      });
    return { text, max, published: publish };
  },
});

export const plugin = definePlugin({
  name: "weather",
  version: "1.0.0",
  description: "Measurements of weather stations",
  nodes: [station, report],
  permissions: {
    folders: { read: ["stations"] },
    environment: ["WEATHER_STATIONS"],
    network: { hosts: ["api.example.com"] },
  },
});
