/**
 * Which fields a Zod schema knows at a place in its values: for "did you mean" beside an unknown
 * field.
 */
import { z } from "zod";
import type { Pointer } from "./problem.ts";

/** Field names that the schema knows at `pointer`, empty where it takes any or none. */
export function fieldsAt(schema: z.ZodType, pointer: Pointer): string[] {
  let current = [schema];
  for (const key of pointer) current = current.flatMap((one) => inner(unwrap(one), key));
  return [...new Set(current.flatMap((one) => ownFields(unwrap(one))))];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let current: unknown = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodNullable ||
    current instanceof z.ZodLazy
  )
    current = current.unwrap();
  return current as z.ZodType;
}

function inner(schema: z.ZodType, key: string | number): z.ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType];
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[]).flatMap((option) => inner(unwrap(option), key));
  if (schema instanceof z.ZodObject) {
    const field = (schema.shape as Record<string, z.ZodType>)[String(key)];
    return field === undefined ? [] : [field];
  }
  return [];
}

function ownFields(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodUnion)
    return (schema.options as z.ZodType[]).flatMap((option) => ownFields(unwrap(option)));
  return [];
}
