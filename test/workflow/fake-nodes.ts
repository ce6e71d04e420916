/** Node types for tests of the language: one pure, one effectful, one with a function field. */
import { z } from "zod";
import { defineNode, lambda } from "#nodes/define-node.ts";
import type { NodeType, NodeTypes } from "#workflow/node-types.ts";

const noop = defineNode({
  type: "noop",
  title: "No operation",
  description: "Does nothing.",
  category: "control",
  icon: "circle",
  pure: true,
  config: z.strictObject({ value: z.json().optional() }),
  output: z.json(),
  run: ({ value }) => value ?? null,
});

const set = defineNode({
  type: "data.set",
  title: "Set",
  description: "Gives its value.",
  category: "data",
  icon: "pencil",
  pure: true,
  config: z.strictObject({ value: z.json() }),
  output: z.json(),
  run: ({ value }) => value,
});

const map = defineNode({
  type: "data.map",
  title: "Map",
  description: "Applies a function to every item.",
  category: "data",
  icon: "list",
  pure: true,
  config: z.strictObject({ items: z.array(z.unknown()), map: lambda("(item, index) => value") }),
  output: z.array(z.unknown()),
  run: ({ items, map: apply }) => items.map((item) => apply(item)),
});

const request = defineNode({
  type: "http.request",
  title: "HTTP request",
  description: "Calls an address.",
  category: "io",
  icon: "globe",
  pure: false,
  config: z.strictObject({
    url: z.string(),
    method: z.enum(["GET", "POST"]).default("GET"),
    body: z.json().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  output: z.json(),
  run: () => Promise.resolve(null),
});

const ALL = new Map<string, NodeType>([noop, set, map, request].map((node) => [node.type, node]));

export const fakeNodes: NodeTypes = {
  get: (type) => ALL.get(type),
  names: () => [...ALL.keys()],
};
