/**
 * The JSON Schema of a definition for editors (`lockstitch schema`): completion and hints while
 * writing. It is made from the same Zod schemas as the checks, with the `with` of every step type.
 */
import { z } from "zod";
import { CONTROL_STEPS, type ControlStep, SCOPE_FIELDS } from "./control-steps.ts";
import { Step, WorkflowDefinition } from "./definition.ts";
import type { NodeTypes } from "./node-types.ts";

type JsonSchema = { [key: string]: unknown };

/** What a field may hold instead of its value. */
const TEMPLATE = { type: "string", pattern: "\\$\\{\\{" };

/** JSON Schema 2020-12 of workflows over these node types. */
export function definitionJsonSchema(nodes: NodeTypes): JsonSchema {
  const registry = z.registry<{ id: string }>();
  registry.add(Step, { id: "Step" });
  registry.add(WorkflowDefinition, { id: "Workflow" });
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    unrepresentable: "any",
    uri: (id) => `#/$defs/${id}`,
  });
  const { $schema: _schema, $id: _id, ...workflow } = schemas["Workflow"] as JsonSchema;
  const { $schema: _stepSchema, $id: _stepId, ...step } = schemas["Step"] as JsonSchema;
  const shared = (schemas as Record<string, JsonSchema>)["__shared"]?.["$defs"] as
    | Record<string, JsonSchema>
    | undefined;
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Lockstitch workflow",
    ...workflow,
    $defs: { ...shared, Step: { ...step, allOf: stepTypes(nodes) } },
  };
  return JSON.parse(
    JSON.stringify(schema).replaceAll("#/$defs/__shared#/$defs/", "#/$defs/"),
  ) as JsonSchema;
}

function stepTypes(nodes: NodeTypes): JsonSchema[] {
  const names = [...CONTROL_STEPS.keys(), ...nodes.names()];
  return [
    { properties: { uses: { enum: names } } },
    ...[...CONTROL_STEPS.values()].map((control) => controlType(control)),
    ...nodes.names().map((name) => nodeType(name, nodes)),
  ];
}

function controlType(control: ControlStep): JsonSchema {
  const config = configSchema(control.config);
  const properties: JsonSchema = { ...(config["properties"] as JsonSchema) };
  for (const field of control.bareFields)
    properties[field] = { type: "string", description: "An expression." };
  const required = [...((config["required"] as string[] | undefined) ?? []), ...control.bareFields];
  return whenUses(control.kind, {
    title: control.title,
    description: control.description,
    properties: {
      with: { ...config, properties, required },
      ...forbidden((field) => !control.fields.has(field)),
    },
    required: [...control.requiredFields, ...(required.length > 0 ? ["with"] : [])],
  });
}

function nodeType(name: string, nodes: NodeTypes): JsonSchema {
  const node = nodes.get(name);
  const config = node === undefined ? {} : configSchema(node.config);
  return whenUses(name, {
    title: node?.title ?? name,
    description: node?.description ?? "",
    properties: { with: { anyOf: [config, TEMPLATE] }, ...forbidden(() => true) },
  });
}

function whenUses(name: string, schema: JsonSchema): JsonSchema {
  const condition = { properties: { uses: { const: name } }, required: ["uses"] };
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: condition, then: schema };
}

function forbidden(isForbidden: (field: (typeof SCOPE_FIELDS)[number]) => boolean): JsonSchema {
  return Object.fromEntries(SCOPE_FIELDS.filter(isForbidden).map((field) => [field, false]));
}

/** The schema of `with` as it is written: every value may be a template, functions are text. */
function configSchema(config: z.ZodType): JsonSchema {
  const schema = z.toJSONSchema(config, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      const signature = (jsonSchema as JsonSchema)["lambda"];
      if (signature === undefined) return;
      delete (jsonSchema as JsonSchema)["lambda"];
      Object.assign(jsonSchema, { type: "string", description: `A function: ${signature}` });
    },
  });
  const { $schema: _schema, $defs: _defs, ...rest } = schema as JsonSchema;
  return openTemplates(withoutRefs(rest) as JsonSchema);
}

/** Recursive parts (any JSON, mostly) take anything: their definitions would clash between types. */
function withoutRefs(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRefs);
  if (typeof schema !== "object" || schema === null) return schema;
  if ("$ref" in schema) return {};
  return Object.fromEntries(
    Object.entries(schema).map(([key, inner]) => [key, withoutRefs(inner)]),
  );
}

/** Wraps what lies below the top: property values, items, values of records. */
function openTemplates(schema: JsonSchema): JsonSchema {
  const result = { ...schema };
  const properties = schema["properties"] as Record<string, JsonSchema> | undefined;
  if (properties !== undefined)
    result["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, orTemplate(field)]),
    );
  for (const key of ["items", "additionalProperties"]) {
    const inner = schema[key];
    if (typeof inner === "object" && inner !== null) result[key] = orTemplate(inner as JsonSchema);
  }
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const options = schema[key];
    if (Array.isArray(options))
      result[key] = options.map((one) => openTemplates(one as JsonSchema));
  }
  return result;
}

function orTemplate(schema: JsonSchema): JsonSchema {
  const inner = openTemplates(schema);
  const isPlainText = inner["type"] === "string" && inner["pattern"] === undefined;
  const takesAnyText = isPlainText && inner["enum"] === undefined && inner["format"] === undefined;
  if (takesAnyText || Object.keys(inner).length === 0) return inner;
  return { anyOf: [inner, TEMPLATE] };
}
