/** The built-in node types that act on the world and run as attempts. */
import type { NodeDefinition } from "./define-node.ts";

export const effectNodes: readonly NodeDefinition[] = [];
