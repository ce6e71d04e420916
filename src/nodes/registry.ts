/**
 * The node types that a host knows: the built-in ones and those of the user's configuration.
 *
 * R1. A registry never changes after it is made; two hosts of one process can have different ones.
 * R2. A user's type is handed only what it cannot change (frozen.ts).
 * R3. A type has one definition. A user's type cannot replace a built-in one or a control step.
 */
import { LockstitchError } from "#errors/errors.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import type { NodeTypes } from "#workflow/node-types.ts";
import type { NodeDefinition } from "./define-node.ts";
import { effectNodes } from "./effect-nodes.ts";
import { handedFrozen } from "./frozen.ts";
import { pureNodes } from "./pure/pure-nodes.ts";

export interface NodeRegistry extends NodeTypes {
  /** The type's code and schemas; undefined for a type this host does not have. */
  definition(type: string): NodeDefinition | undefined;
  /** All definitions, sorted by type; for palettes and documentation. */
  definitions(): readonly NodeDefinition[];
}

/**
 * The built-in node types and `extra` ones. Throws LockstitchError `config_invalid` that names a
 * type which is malformed, there twice, built in or part of the language.
 */
export function createRegistry(extra: readonly NodeDefinition[] = []): NodeRegistry {
  const byType = new Map<string, NodeDefinition>();
  for (const definition of [...pureNodes, ...effectNodes]) byType.set(definition.type, definition);
  const builtIn = new Set(byType.keys());
  for (const definition of extra) {
    const fault = faultOf(definition.type, builtIn, byType);
    if (fault !== null)
      throw new LockstitchError("config_invalid", `Node type ${definition.type}: ${fault}`, {
        details: { type: definition.type },
      });
    byType.set(definition.type, handedFrozen(definition));
  }
  const names = [...byType.keys()].sort();
  return {
    get: (type) => byType.get(type),
    definition: (type) => byType.get(type),
    names: () => names,
    definitions: () => names.flatMap((name) => byType.get(name) ?? []),
  };
}

function faultOf(
  type: string,
  builtIn: ReadonlySet<string>,
  known: ReadonlyMap<string, NodeDefinition>,
): string | null {
  if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/.test(type))
    return "a type is written like `shop.refund`: lower case words joined by dots.";
  if (CONTROL_STEPS.has(type)) return "is part of the language; give yours another name.";
  if (builtIn.has(type)) return "is built in; give yours another name, such as `my.name`.";
  if (known.has(type)) return "is defined twice; remove one of them.";
  return null;
}
