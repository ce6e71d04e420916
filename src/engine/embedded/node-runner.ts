/** Performs attempts with the node types' own code: the runner of production. */
import { runAttempt } from "#nodes/attempt.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { AttemptRunner } from "./options.ts";

export function nodeRunner(nodes: NodeRegistry): AttemptRunner {
  return {
    run(request) {
      const { uses, config, abort } = request;
      const definition = nodes.definition(uses);
      if (definition !== undefined) return runAttempt(definition, config, request, abort);
      const message = `This host has no node type ${uses}.`;
      return Promise.resolve({
        ok: false,
        error: { code: "unknown_node_type", message, retryable: false },
      });
    },
  };
}
