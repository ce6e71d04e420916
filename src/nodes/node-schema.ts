/** The JSON Schemas of a node type, for editors, the palette and documentation. */
import { z } from "zod";

/** What of JSON Schema (2020-12) the schemas of node types use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  /** The signature of a function, where it is one. */
  readonly "x-function"?: string;
}

/** Functions of a configuration travel as text: they are written as bare expressions. */
export function nodeSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: json }) => {
      const meta = (zodSchema as unknown as z.ZodType).meta?.();
      const lambda = meta?.["lambda"];
      if (typeof lambda !== "string") return;
      const about = meta?.["description"];
      const description = `Function: ${lambda}`;
      Reflect.deleteProperty(json, "lambda");
      Object.assign(json, {
        type: "string",
        description: typeof about === "string" ? `${about}. ${description}` : description,
        "x-function": lambda,
      });
    },
  }) as JsonSchema;
}
