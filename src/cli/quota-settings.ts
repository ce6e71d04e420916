/** `quotas` of a configuration file: what tenants and workflows may use. */
import { z } from "zod";
import type { QuotaOptions } from "#engine/admission/quota-limits.ts";

const Count = z.int().min(1);
const Amount = z.number().positive();

const Limits = z
  .strictObject({
    openRuns: Count,
    startsPerMinute: Count,
    attempts: Count,
    stepsPerHour: Count,
    stepsPerDay: Count,
    attemptSecondsPerHour: Amount,
    attemptSecondsPerDay: Amount,
    cpuSecondsPerHour: Amount,
    cpuSecondsPerDay: Amount,
    storageBytes: Count,
    sandboxMemoryBytes: z.int().min(1024 * 1024),
    sandboxCpuMs: Count,
  })
  .partial();

const Quotas = z.strictObject({
  tenant: Limits.optional(),
  workflow: Limits.optional(),
  tenants: z.record(z.string().min(1), Limits).optional(),
  workflows: z.record(z.string().min(1), Limits).optional(),
});

/** Every mistake with its place, `quotas.tenant.openRuns: ...`. */
export function parseQuotas(written: unknown): {
  readonly options: QuotaOptions;
  readonly problems: readonly string[];
} {
  if (written === undefined || written === null) return { options: {}, problems: [] };
  const parsed = Quotas.safeParse(written);
  if (parsed.success) return { options: parsed.data, problems: [] };
  const problems = parsed.error.issues.map((issue) => {
    const place = ["quotas", ...issue.path.map(String)].join(".");
    const known = issue.path.length === 0 ? Object.keys(Quotas.shape) : Object.keys(Limits.shape);
    const fix = issue.code === "unrecognized_keys" ? `; there are ${known.join(", ")}` : "";
    return `${place}: ${issue.message}${fix}`;
  });
  return { options: {}, problems };
}
