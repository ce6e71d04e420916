/** Quotas over HTTP: schema and both directions (see run.ts). */
import { z } from "zod";
import type { QuotaView } from "#engine/engine-care.ts";
import { Instant, isoOrNull, msOrNull } from "./instants.ts";

const QuotaJson = z
  .object({
    workflow: z.string().nullable().meta({ description: "null: a quota of the tenant." }),
    quota: z.enum([
      ...(["openRuns", "startsPerMinute", "attempts", "stepsPerHour", "stepsPerDay"] as const),
      ...(["attemptSecondsPerHour", "attemptSecondsPerDay"] as const),
      ...(["cpuSecondsPerHour", "cpuSecondsPerDay", "storageBytes"] as const),
      ...(["sandboxMemoryBytes", "sandboxCpuMs"] as const),
    ]),
    limit: z.number(),
    used: z
      .number()
      .nullable()
      .meta({ description: "null: nothing adds up, or only the store counts it." }),
    until: Instant.nullable().meta({ description: "Until when it is used up; null: it is not." }),
  })
  .meta({ id: "Quota", description: "What the operator lets a tenant or a workflow use." });
type QuotaJson = z.infer<typeof QuotaJson>;

export const QuotaListJson = z.object({ items: z.array(QuotaJson) }).meta({ id: "QuotaList" });

export function quotaToJson({ untilMs, ...rest }: QuotaView): QuotaJson {
  return { ...rest, until: isoOrNull(untilMs) };
}

export function quotaFromJson({ until, ...rest }: QuotaJson): QuotaView {
  return { ...rest, untilMs: msOrNull(until) };
}
