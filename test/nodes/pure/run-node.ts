/** Runs a pure node as a workflow would write it: functions as text, the output or the error as the value. */
import { runPure } from "#nodes/attempt.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import type { Json } from "#workflow/json.ts";
import { evaluateWith } from "../evaluate-with.ts";

export function runNode(node: NodeDefinition, config: unknown): unknown {
  const result = runPure(node, evaluateWith(node, config as Json));
  return result.ok ? result.output : result.error;
}

/** An object with fields of its own whose names every object inherits otherwise. */
export function hostileNames(): Record<string, Json> {
  return JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as Record<string, Json>;
}
