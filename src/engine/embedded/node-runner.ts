/** Performs attempts with the node types' own code: the runner of production. */
import { runAttempt } from "#nodes/attempt.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { AttemptRunner } from "./options.ts";

export function nodeRunner(nodes: NodeRegistry): AttemptRunner {
  return {
    async run({ uses, config, ...context }, signal) {
      const definition = nodes.definition(uses);
      if (definition === undefined)
        return {
          ok: false,
          error: {
            code: "unknown_node_type",
            message: `This host has no node type ${uses}.`,
            retryable: false,
          },
        };
      return runAttempt(definition, config, { ...context, signal });
    },
  };
}
