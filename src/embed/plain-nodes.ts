/**
 * Node types as plain functions: `{ "shop.refund": async ({ order }) => ... }`. What a function
 * takes is the step's evaluated `with`, what it returns (any JSON) the step's output. It runs as
 * an attempt: at least once, with the idempotency key in its context. Schemas, a pure type and
 * descriptions are what defineNode() is for; both kinds may stand side by side.
 */
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "#nodes/define-node.ts";
import type { TypedNode } from "#workflow/typed.ts";

/** Arguments of any type: the function's own annotation says what its `with` holds. */
// biome-ignore lint/suspicious/noExplicitAny: a parameter type that every annotation fits
export type PlainNode = (config: any, context: NodeContext) => unknown;

/** By type name a function or a definition, or a list of definitions. */
export type NodesOption =
  | readonly NodeDefinition[]
  | { readonly [type: string]: PlainNode | NodeDefinition };

const AnyObject = z.record(z.string(), z.unknown());

/** The definitions that `nodes` means. Throws config_invalid where one is neither function nor definition. */
export function nodeDefinitions(nodes: NodesOption): readonly NodeDefinition[] {
  if (isList(nodes)) return nodes.map((node, at) => definitionOf(`nodes[${at}]`, null, node));
  return Object.entries(nodes).map(([type, node]) =>
    definitionOf(`nodes[${JSON.stringify(type)}]`, type, node),
  );
}

function isList(nodes: NodesOption): nodes is readonly NodeDefinition[] {
  return Array.isArray(nodes);
}

function definitionOf(
  place: string,
  type: string | null,
  node: PlainNode | NodeDefinition,
): NodeDefinition {
  if (typeof node === "function" && type !== null) return plainNode(type, node);
  const isDefinition =
    typeof node === "object" && node !== null && typeof node.type === "string" && "config" in node;
  if (!isDefinition)
    throw new LockstitchError(
      "config_invalid",
      `${place} is no node type: give a function by its type's name ({ "my.node": async (config) => ... }) or what defineNode() answers.`,
    );
  if (type !== null && node.type !== type)
    throw new LockstitchError(
      "config_invalid",
      `${place} defines the type ${node.type}; use that as its key.`,
    );
  return node;
}

/** One function as a node type that takes any object and gives any JSON. */
function plainNode(type: string, run: PlainNode): NodeDefinition {
  return defineNode({
    type,
    title: type,
    description: "A function of the program that Lockstitch runs in.",
    category: "user",
    icon: "code",
    pure: false,
    config: AnyObject,
    output: z.unknown(),
    run: async (config, context) => await run(config, context),
  });
}

/**
 * A function as a node type whose `with` and output the builder knows:
 * `const refund = node("shop.refund", async (config: { order: string }) => ({ id: 1 }))`.
 */
export function node<Config, Output>(
  type: string,
  run: (config: Config, context: NodeContext) => Output | Promise<Output>,
): NodeDefinition & TypedNode<Config, Output> {
  return plainNode(type, run);
}
