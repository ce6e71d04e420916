/** Turns an example's `with` into what a node receives: function fields become callables. */
import type { NodeDefinition } from "#nodes/define-node.ts";
import { compileExpression } from "#workflow/expression/compile.ts";
import type { Json } from "#workflow/json.ts";

/** `config` with the text of its function fields made callable. */
export function evaluateWith(definition: NodeDefinition, config: Json): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      definition.functionFields.has(name) ? compileExpression(String(value)).callable({}) : value,
    ]),
  );
}
