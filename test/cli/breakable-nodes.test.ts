/** The demo's button: one attempt fails, as a fault that may pass, and only one. */
import { expect, test } from "vitest";
import { z } from "zod";
import { breakableNodes } from "#cli/breakable-nodes.ts";
import { defineNode, type NodeContext } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";

const ping = defineNode({
  type: "demo.ping",
  title: "Ping",
  description: "Answers pong.",
  category: "user",
  icon: "bell",
  pure: false,
  config: z.strictObject({}),
  output: z.string(),
  run: async () => "pong",
});
const NO_CONTEXT = {} as NodeContext;

test("the next attempt fails once, with an error that is worth a retry", async () => {
  const { registry, failNext } = breakableNodes(createRegistry([ping]));
  const attempt = () => registry.definition("demo.ping")?.runEffect?.({}, NO_CONTEXT);
  expect(await attempt()).toBe("pong");
  failNext();
  failNext();
  await expect(attempt()).rejects.toMatchObject({ code: "user.demo", retryable: true });
  expect(await attempt()).toBe("pong");
});

test("everything else of the registry is as it was", () => {
  const nodes = createRegistry([ping]);
  const { registry } = breakableNodes(nodes);
  expect(registry.names()).toEqual(nodes.names());
  expect(registry.definition("data.map")).toBe(nodes.definition("data.map"));
  expect(registry.get("demo.ping")?.config).toBe(ping.config);
  expect(registry.get("none")).toBeUndefined();
  expect(registry.definitions().map(({ type }) => type)).toEqual(registry.names());
});
