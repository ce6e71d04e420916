/** The rows of the settings' table that limit all runs, or what one tenant may have. */
import { z } from "zod";
import type { AdmissionOptions } from "#engine/admission/operator-limits.ts";
import type { QuotaOptions } from "#engine/admission/quota-limits.ts";

const Limit = z.int().min(1);
const Bulkhead = z.string().regex(/^[^=]+=[1-9]\d*$/, "must look like type=limit");

export const ADMISSION_SETTINGS = [
  {
    key: "admission.bulkheads",
    env: "LOCKSTITCH_ADMISSION_BULKHEADS",
    schema: z.array(Bulkhead),
    initial: [],
    example: "http.request=20",
    about:
      "attempts at the same time by node type, as type=limit; `http.*=50` for all that begin so",
  },
  {
    key: "admission.tenantAttemptsMax",
    env: "LOCKSTITCH_ADMISSION_TENANT_ATTEMPTS_MAX",
    schema: Limit,
    initial: null,
    example: "100",
    about: "attempts of one tenant at the same time",
  },
  {
    key: "admission.tenantOpenRunsMax",
    env: "LOCKSTITCH_ADMISSION_TENANT_OPEN_RUNS_MAX",
    schema: Limit,
    initial: null,
    example: "10000",
    about: "open runs of one tenant; a start beyond answers quota_exceeded",
  },
  {
    key: "admission.tenantStartsPerMinuteMax",
    env: "LOCKSTITCH_ADMISSION_TENANT_STARTS_PER_MINUTE_MAX",
    schema: Limit,
    initial: null,
    example: "600",
    about: "runs that one tenant may start in a minute; a start beyond answers quota_exceeded",
  },
  {
    key: "admission.ageingMs",
    env: "LOCKSTITCH_ADMISSION_AGEING_MS",
    schema: z.int().min(100),
    initial: 60_000,
    example: "60000",
    about: "a waiting step counts one priority level more for each so many milliseconds",
  },
] as const;

/** Of the table's values by key. */
export function admissionSettingsOf(
  value: <T>(key: (typeof ADMISSION_SETTINGS)[number]["key"]) => T,
  quotas: QuotaOptions,
): AdmissionOptions {
  return {
    bulkheads: Object.fromEntries(
      value<readonly string[]>("admission.bulkheads").map((text) => {
        const at = text.lastIndexOf("=");
        return [text.slice(0, at), Number(text.slice(at + 1))];
      }),
    ),
    tenantAttemptsMax: value("admission.tenantAttemptsMax"),
    tenantOpenRunsMax: value("admission.tenantOpenRunsMax"),
    tenantStartsPerMinuteMax: value("admission.tenantStartsPerMinuteMax"),
    ageingMs: value("admission.ageingMs"),
    quotas,
  };
}
