/**
 * What there is to say about a step type, as data: `lockstitch nodes`, docs/nodes.md and tests all
 * read this, so that they cannot tell different things. Node types and control steps alike.
 *
 *   D1. Everything comes from the definition; nothing is written about a type anywhere else.
 *   D2. Fields come in the order of the schema, an object's own fields right below it.
 */

import type { z } from "zod";
import { CONTROL_STEPS, type ControlStep } from "#workflow/control-steps.ts";
import { NODE_CATEGORIES, type NodeDefinition, type NodeExample } from "./define-node.ts";
import { type JsonSchema, nodeSchema } from "./node-schema.ts";

export interface NodeDescription {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  /** control: the language does it itself. */
  readonly execution: "pure" | "effect" | "control";
  /** Fields of `with`. */
  readonly fields: readonly FieldDescription[];
  /** Fields of the step itself that only this type has: `steps`, `cases`. */
  readonly stepFields: readonly string[];
  /** Ports that `needs` may name, beside `error`. */
  readonly ports: readonly string[];
  readonly output: readonly FieldDescription[];
  readonly outputType: string | null;
  /** Codes beside those that every step may fail with. */
  readonly errors: readonly string[];
  readonly examples: readonly NodeExample[];
}

export interface FieldDescription {
  /** From the top: `keys[].field`, `aggregates.*.op`. */
  readonly name: string;
  /** For people: `text`, `list of number`, `"asc" or "desc"`. */
  readonly type: string;
  readonly isRequired: boolean;
  /** JSON text; null: it has none. */
  readonly default: string | null;
  readonly description: string | null;
}

/** Beyond this depth a field is described by its type alone. */
const DEPTH_MAX = 3;

/** Every type of the language and of the registry, by category, then by name. */
export function describeAll(definitions: readonly NodeDefinition[]): readonly NodeDescription[] {
  const rank = (category: string) => (NODE_CATEGORIES as readonly string[]).indexOf(category);
  return [
    ...[...CONTROL_STEPS.values()].map(describeControl),
    ...definitions.map(describeNode),
  ].sort(
    (left, right) =>
      rank(left.category) - rank(right.category) || (left.type < right.type ? -1 : 1),
  );
}

export function describeNode(definition: NodeDefinition): NodeDescription {
  const { type, title, description, category, execution, errors, examples } = definition;
  const output = nodeSchema(definition.output, "output");
  return {
    ...{ type, title, description, category, execution },
    fields: fieldsOf(definition.config),
    stepFields: [],
    ports: [],
    output: fieldsBelow(output, "", 1),
    outputType: typeText(output),
    errors,
    examples,
  };
}

function describeControl(step: ControlStep): NodeDescription {
  const { kind, title, description, category, config, bareFields } = step;
  const bare = bareFields.map((name) => ({
    name,
    type: "expression",
    isRequired: true,
    default: null,
    description: "Written without `${{ }}`",
  }));
  return {
    ...{ type: kind, title, description, category, execution: "control" },
    fields: [...bare, ...fieldsOf(config)],
    stepFields: [...step.fields],
    ports: portsOf(step),
    output: [],
    outputType: null,
    errors: [],
    examples: [],
  };
}

function portsOf(step: ControlStep): readonly string[] {
  return step.kind === "switch"
    ? ["the cases' names", "default"]
    : step.ports({ id: "x", uses: step.kind });
}

function fieldsOf(config: z.ZodType): readonly FieldDescription[] {
  return fieldsBelow(nodeSchema(config, "input"), "", 0);
}

/** The fields inside a schema, at any depth up to the bound. */
function fieldsBelow(schema: JsonSchema, prefix: string, depth: number): FieldDescription[] {
  if (depth > DEPTH_MAX) return [];
  const below = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((choices = []) =>
    mergedByName(choices.map((choice) => fieldsBelow(choice, prefix, depth))),
  );
  if (schema.items !== undefined)
    below.push(...fieldsBelow(schema.items, `${prefix}[]`, depth + 1));
  if (typeof schema.additionalProperties === "object")
    below.push(...fieldsBelow(schema.additionalProperties, joined(prefix, "*"), depth + 1));
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const full = joined(prefix, name);
    below.push(describeField(full, field, schema.required?.includes(name) === true));
    below.push(...fieldsBelow(field, full, depth + 1));
  }
  return below;
}

/** Fields of one name in several alternatives of a union: shown once, with all their types. */
function mergedByName(choices: readonly FieldDescription[][]): FieldDescription[] {
  const byName = new Map<string, FieldDescription>();
  for (const name of new Set(choices.flat().map((field) => field.name))) {
    const found = choices.flatMap((fields) => fields.filter((field) => field.name === name));
    const [first] = found;
    if (first === undefined) continue;
    byName.set(name, {
      ...first,
      type: [...new Set(found.map(({ type }) => type))].join(" or "),
      isRequired: found.length === choices.length && found.every(({ isRequired }) => isRequired),
      description: found.find(({ description }) => description !== null)?.description ?? null,
    });
  }
  return [...byName.values()];
}

function describeField(name: string, schema: JsonSchema, isRequired: boolean): FieldDescription {
  const { default: value, description = null } = schema;
  const text = value === undefined ? null : JSON.stringify(value);
  return {
    name,
    type: typeText(schema),
    isRequired: isRequired && text === null,
    default: text,
    description: schema["x-function"] === undefined ? description : aboutFunction(description),
  };
}

function aboutFunction(description: string | null): string | null {
  return description?.replace(/\.? ?Function: .*$/s, "") || null;
}

/** A schema in few words. */
export function typeText(schema: JsonSchema): string {
  return typesOf(schema).join(" or ");
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema["x-function"] !== undefined) return [`function ${schema["x-function"]}`];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.flatMap(typesOf))];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  return types.length === 0 ? ["anything"] : types.map((type) => oneType(type, schema));
}

function oneType(type: string, schema: JsonSchema): string {
  if (type === "string") return "text";
  if (type === "boolean") return "true or false";
  if (type !== "array" || schema.items === undefined) return type === "array" ? "list" : type;
  const items = typesOf(schema.items);
  if (items.includes("anything")) return "list";
  return items.length === 1 ? `list of ${items.join("")}` : `list of (${items.join(" or ")})`;
}

function joined(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}
