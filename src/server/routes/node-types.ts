/** The palette: every node type of this host with the JSON Schemas of its configuration and output. */
import { z } from "zod";
import { NodeTypeListJson } from "#client/wire/workflow.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import { defineRoute, type Route } from "../route.ts";

export function nodeTypeRoutes(nodes: NodeTypes): readonly Route[] {
  // Schemas are turned into JSON once, at the first question.
  let items: readonly unknown[] | null = null;
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/node-types",
      operationId: "listNodeTypes",
      tag: "node types",
      summary: "List the node types of this host",
      responses: { 200: NodeTypeListJson },
      handler() {
        items ??= describeAll(nodes);
        return { status: 200, body: { items } };
      },
    }),
  ];
}

function describeAll(nodes: NodeTypes): readonly unknown[] {
  return nodes.names().flatMap((name) => {
    const node = nodes.get(name);
    if (node === undefined) return [];
    const { type, title, description, category, execution } = node;
    return [
      {
        type,
        title,
        description,
        category,
        execution,
        config: jsonSchema(node.config, "input"),
        output: jsonSchema(node.output, "output"),
      },
    ];
  });
}

/** Functions of a configuration travel as text: they are written as bare expressions. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): unknown {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: json }) => {
      const lambda = (zodSchema as unknown as z.ZodType).meta?.()?.["lambda"];
      if (typeof lambda === "string")
        Object.assign(json, { type: "string", description: `Function: ${lambda}` });
    },
  });
}
