/**
 * The demo's *fail a step*: a registry whose next attempt of any effect node fails once, as a
 * passing fault of the world would, so that a visitor sees a retry. Nothing else is changed.
 */
import { NodeError } from "#errors/step-error.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import type { NodeRegistry } from "#nodes/registry.ts";

export interface BreakableNodes {
  readonly registry: NodeRegistry;
  /** Lets the next attempt fail; pressing twice before it starts is the same as once. */
  failNext(): void;
}

export function breakableNodes(nodes: NodeRegistry): BreakableNodes {
  let isArmed = false;
  const breakable = (definition: NodeDefinition): NodeDefinition => {
    const { runEffect } = definition;
    if (runEffect === null) return definition;
    return {
      ...definition,
      async runEffect(config, context) {
        if (isArmed) {
          isArmed = false;
          throw new NodeError("user.demo", "Somebody pressed the button that fails a step.", {
            retryable: true,
          });
        }
        return await runEffect(config, context);
      },
    };
  };
  const definitions = nodes.definitions().map(breakable);
  const byType = new Map(definitions.map((definition) => [definition.type, definition]));
  return {
    registry: {
      get: (type) => byType.get(type),
      names: () => nodes.names(),
      definition: (type) => byType.get(type),
      definitions: () => definitions,
    },
    failNext() {
      isArmed = true;
    },
  };
}
