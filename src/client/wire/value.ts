/** Shared values over HTTP: schemas and both directions (see run.ts). */
import { z } from "zod";
import type { NamedValue, NamedValueChange } from "#engine/named-values.ts";
import { Instant, isoOf, msOf } from "./instants.ts";

export const NamedValueJson = z
  .object({
    scope: z.enum(["workflow", "tenant"]),
    workflow: z.string().nullable().meta({ description: "null: it belongs to the tenant." }),
    name: z.string(),
    value: z.unknown(),
    revision: z.int().meta({ description: "Grows with each change." }),
    changedAt: Instant,
    changedBy: z.string().meta({ description: "`run:ID/PATH`, or the operator." }),
  })
  .meta({ id: "NamedValue", description: "A value that runs of a workflow or tenant share." });
export type NamedValueJson = z.infer<typeof NamedValueJson>;

export const NamedValueListJson = z
  .object({
    items: z.array(NamedValueJson),
    cursor: z.string().nullable().meta({ description: "Pass it for more; null at the end." }),
  })
  .meta({ id: "NamedValueList" });

export const NamedValueBody = z.strictObject({
  value: z.unknown().meta({ description: "Any JSON of at most 64 Ki characters." }),
  reason: z.string().max(1_000).optional().meta({ description: "Why; it is kept." }),
});

const NamedValueChangeJson = z
  .object({
    at: Instant,
    by: z.string(),
    reason: z.string().nullable(),
    before: z.unknown().optional().meta({ description: "Absent: there was none." }),
    after: z.unknown().optional().meta({ description: "Absent: it was deleted." }),
  })
  .meta({ id: "NamedValueChange" });
type NamedValueChangeJson = z.infer<typeof NamedValueChangeJson>;

export const NamedValueChangesJson = z
  .object({ items: z.array(NamedValueChangeJson) })
  .meta({ id: "NamedValueChanges" });

export function valueToJson({ changedAtMs, ...rest }: NamedValue): NamedValueJson {
  return { ...rest, changedAt: isoOf(changedAtMs) };
}

export function valueFromJson({ changedAt, ...rest }: NamedValueJson): NamedValue {
  return { ...rest, changedAtMs: msOf(changedAt) };
}

export function valueChangeToJson({ atMs, ...rest }: NamedValueChange): NamedValueChangeJson {
  return { ...rest, at: isoOf(atMs) };
}

export function valueChangeFromJson(json: NamedValueChangeJson): NamedValueChange {
  const { at, by, reason, before, after } = json;
  return { atMs: msOf(at), by, reason, before, after };
}
