/**
 * What a plugin says of itself when its process has loaded it, and whether that can be. The text
 * comes from foreign code: everything in it is bounded and checked here, before anything uses it.
 *
 *   M1. Types of a plugin begin with its name and a dot; the name is not the first word of a type
 *       that is built in.
 *   M2. Schemas are JSON Schema. Patterns and references are left to the plugin's own process,
 *       which checks everything again: neither can stall the host.
 */
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { NODE_CATEGORIES } from "#nodes/define-node.ts";
import { toPlainJson } from "#nodes/pure/plain-json.ts";
import { CONTROL_STEPS } from "#workflow/control-steps.ts";
import { Permissions } from "./permissions.ts";

const NODES_MAX = 200;
/** Characters of JSON. */
const MANIFEST_SIZE_MAX = 4 * 1024 * 1024;
const Words = (max: number) => z.string().max(max);
const Schema = z.record(z.string(), z.unknown());

const NodeManifest = z.strictObject({
  type: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/, "lower case words joined by dots: shop.refund"),
  title: Words(200).min(1),
  description: Words(2_000),
  category: z.enum(NODE_CATEGORIES),
  icon: Words(100),
  version: Words(100),
  execution: z.literal(
    "effect",
    "a plugin's types run in its process: declare them with pure: false",
  ),
  config: Schema,
  output: Schema,
  constantFields: z.array(Words(200)).max(100),
  errors: z.array(Words(100)).max(100),
  examples: z.array(z.looseObject({ title: Words(500) })).max(50),
});

export type NodeManifest = z.output<typeof NodeManifest>;

export const Manifest = z.strictObject({
  api: z.literal(1, "was made for another version of Lockstitch"),
  name: z
    .string()
    .max(50)
    .regex(/^[a-z][a-z0-9_]*$/, "one word in lower case: letters, digits and _"),
  version: z
    .string()
    .max(100)
    .regex(/^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]*)?$/, "a version as in package.json: 1.2.0"),
  description: Words(2_000),
  permissions: Permissions,
  nodes: z.array(NodeManifest).min(1, "a plugin has at least one node type").max(NODES_MAX),
});

export type Manifest = z.output<typeof Manifest>;

/** `given` as a manifest. Throws LockstitchError config_invalid that names the place and the fix. */
export function parseManifest(given: unknown, from: string, builtIn: readonly string[]): Manifest {
  const parsed = Manifest.safeParse(plainOf(given, from));
  const faults = parsed.success
    ? faultsOf(parsed.data, builtIn)
    : parsed.error.issues.slice(0, 10).map(({ path, message }) => {
        const place = path.map(String).join(".");
        return place === "" ? message : `${place}: ${message}`;
      });
  if (parsed.success && faults.length === 0) return parsed.data;
  throw refused(from, `its definePlugin() does not fit: ${faults.join("; ")}`);
}

export function refused(from: string, why: string, cause?: unknown): LockstitchError {
  return new LockstitchError("config_invalid", `Plugin ${from} is refused: ${why}`, {
    details: { plugin: from, reason: why },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A schema may hold any value (`default`), nested as deep as its author likes. */
function plainOf(given: unknown, from: string): unknown {
  try {
    return toPlainJson(given, MANIFEST_SIZE_MAX);
  } catch (cause) {
    throw refused(from, "what it says of itself is too large or too deep.", cause);
  }
}

function faultsOf({ name, nodes }: Manifest, builtIn: readonly string[]): readonly string[] {
  const taken = new Set([...builtIn, ...CONTROL_STEPS.keys()].map((type) => type.split(".")[0]));
  const types = nodes.map(({ type }) => type);
  return [
    ...(taken.has(name)
      ? [`name: \`${name}\` is a group of built-in types; choose another name`]
      : []),
    ...types
      .filter((type) => !type.startsWith(`${name}.`))
      .map((type) => `type \`${type}\` does not begin with \`${name}.\`; rename it`),
    ...types
      .filter((type, at) => types.indexOf(type) !== at)
      .map((type) => `type \`${type}\` is there twice`),
  ];
}

const DEPTH_MAX = 40;
/** Only the plugin's own process judges these. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "pattern",
  "patternProperties",
  "format",
  "$schema",
  "$defs",
  "$id",
]);

/** A schema of a manifest as the host checks with it. Where it refers to another place, anything fits. */
export function hostSchema(schema: unknown): z.ZodType {
  return z.fromJSONSchema(bounded(schema, 0) as never);
}

function bounded(schema: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX) return {};
  if (Array.isArray(schema)) return schema.map((one) => bounded(one, depth + 1));
  if (typeof schema !== "object" || schema === null) return schema;
  if ("$ref" in schema || "$dynamicRef" in schema) return {};
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !LEFT_OUT.has(key))
      .map(([key, value]) => [
        key,
        ["const", "enum", "default", "examples", "required"].includes(key)
          ? value
          : key === "properties"
            ? boundedFields(value, depth)
            : bounded(value, depth + 1),
      ]),
  );
}

/** A field may well be called `pattern`. */
function boundedFields(fields: unknown, depth: number): unknown {
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, bounded(field, depth + 1)]),
  );
}
