/** Names that a definition makes known to its expressions: input fields, carried values, step ids. */
import { innerScopes } from "./control-steps.ts";
import type { Step, WorkflowDefinition } from "./definition.ts";

/** Keywords that can admit properties which `properties` does not list. */
const OPEN_KEYWORDS = [
  "$ref",
  "$dynamicRef",
  "allOf",
  "anyOf",
  "oneOf",
  "if",
  "dependentSchemas",
  "patternProperties",
  "unevaluatedProperties",
];

/**
 * The input fields that can exist, or null where the schema leaves that open. A schema that lists
 * properties and does not ask for more (`additionalProperties: true` or a schema) is read as closed.
 */
export function closedProperties(schema: WorkflowDefinition["input"]): readonly string[] | null {
  const properties = schema?.["properties"];
  if (schema === undefined || typeof properties !== "object" || properties === null) return null;
  if (OPEN_KEYWORDS.some((keyword) => keyword in schema)) return null;
  const additional = schema["additionalProperties"];
  return additional === undefined || additional === false ? Object.keys(properties) : null;
}

/** The names a while loop carries, or null where an expression gives them. */
export function carryNames(config: unknown): readonly string[] | null {
  const carry = (config as { carry?: unknown } | null | undefined)?.carry ?? {};
  return typeof carry === "object" && !Array.isArray(carry) ? Object.keys(carry) : null;
}

/** Every step id with the scope it stands in, in words. */
export function indexIds(definition: WorkflowDefinition): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const visit = (steps: readonly Step[], where: string): void => {
    for (const step of steps) {
      if (!ids.has(step.id)) ids.set(step.id, where);
      for (const inner of innerScopes(step))
        visit(
          inner.steps,
          `${inner.slot === "body" ? "the steps" : `\`${inner.slot}\``} of \`${step.id}\``,
        );
    }
  };
  visit(definition.steps, "the workflow's steps");
  visit(definition.finally ?? [], "the workflow's `finally`");
  return ids;
}
