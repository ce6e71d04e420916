/** Performs attempts with the node types' own code, in its chain: the runner of production. */
import { LockstitchError } from "#errors/errors.ts";
import { runAttempt, runState, stepErrorOf } from "#nodes/attempt.ts";
import { createChains } from "#nodes/chain.ts";
import type { AttemptRunner, EngineOptions } from "./options.ts";

/** Throws LockstitchError config_invalid for a chain that cannot be. */
export function nodeRunner(
  options: Pick<EngineOptions, "nodes" | "chain" | "clock" | "logger" | "meter">,
): AttemptRunner {
  const { nodes, clock, logger, meter = null } = options;
  const chains = createChains(options.chain ?? {}, { clock, logger, meter });
  for (const type of Object.keys(options.chain?.types ?? {}))
    if (nodes.definition(type)?.isExact === true) throw noChain(type);
  return {
    run(request) {
      const { uses, config, abort, middleware } = request;
      const definition = nodes.definition(uses);
      if (definition === undefined) return Promise.resolve({ ok: false, error: unknownType(uses) });
      if (definition.operation !== null)
        return runState(definition, config, request, abort, chains.ofState);
      try {
        return runAttempt(definition, config, request, abort, chains.of(uses, middleware));
      } catch (error) {
        return Promise.resolve({ ok: false, error: stepErrorOf(error) });
      }
    },
  };
}

function noChain(type: string): LockstitchError {
  const message = `chain.types.${type}: what ${type} does is done by the commit of its step, so no middleware stands around it; remove the line.`;
  return new LockstitchError("config_invalid", message);
}

function unknownType(uses: string) {
  const message = `This host has no node type ${uses}.`;
  return { code: "unknown_node_type", message, retryable: false };
}
