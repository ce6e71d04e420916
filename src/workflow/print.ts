/** A definition as text: YAML and JSON here, builder code in print-builder.ts. All of them read back equal. */
import { stringify } from "yaml";
import type { WorkflowDefinition } from "./definition.ts";

/** Steps first by who they are, then what they do, then the rest, whatever the order they came in. */
const KEY_ORDER = [
  "language",
  "name",
  "description",
  "input",
  "triggers",
  "id",
  "uses",
  "needs",
  "if",
  "triggerRule",
  "with",
];
const LAST_KEYS = ["compensate", "steps", "finally", "output", "layout"];

export function printYaml(definition: WorkflowDefinition): string {
  return stringify(ordered(definition), {
    version: "1.2",
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultKeyType: "PLAIN",
    sortMapEntries: false,
  });
}

export function printJson(definition: WorkflowDefinition): string {
  return `${JSON.stringify(ordered(definition), null, 2)}\n`;
}

/** The definition with the keys of the workflow and its steps in reading order; values as they are. */
function ordered(definition: WorkflowDefinition): unknown {
  return orderKeys(definition, new Set(["steps", "then", "else", "finally", "compensate"]));
}

function orderKeys(value: unknown, lists: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const sorted = Object.keys(fields).sort((left, right) => rank(left) - rank(right));
  return Object.fromEntries(
    sorted
      .filter((key) => fields[key] !== undefined)
      .map((key) => [key, orderField(key, fields[key], lists)]),
  );
}

function orderField(key: string, field: unknown, lists: ReadonlySet<string>): unknown {
  if (lists.has(key) && Array.isArray(field)) return field.map((step) => orderKeys(step, lists));
  if (key === "catch" && Array.isArray(field))
    return field.map((clause) => orderKeys(clause, lists));
  if (key === "default" && typeof field === "object") return orderKeys(field, lists);
  if (key !== "cases" && key !== "branches") return field;
  const bodies = Object.entries(field as object);
  return Object.fromEntries(bodies.map(([name, body]) => [name, orderKeys(body, lists)]));
}

function rank(key: string): number {
  const first = KEY_ORDER.indexOf(key);
  if (first !== -1) return first;
  const last = LAST_KEYS.indexOf(key);
  return KEY_ORDER.length + (last === -1 ? 0 : 1 + last);
}
