/** The palette: every node type of this host with the JSON Schemas of its configuration and output. */
import { NodeTypeListJson } from "#client/wire/workflow.ts";
import { nodeSchema } from "#nodes/node-schema.ts";
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
        config: nodeSchema(node.config, "input"),
        output: nodeSchema(node.output, "output"),
      },
    ];
  });
}
