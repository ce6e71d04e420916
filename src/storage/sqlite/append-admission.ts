/** What a turn adds to the memory of admission, inside the transaction of its group. */
import type { AdmissionRecord } from "#ports/journal.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_BREAKER } from "./sql/close-breaker.ts";
import { FAIL_BREAKER } from "./sql/fail-breaker.ts";
import { SAVE_RATE_START } from "./sql/save-rate-start.ts";

export function appendAdmission(
  connection: Connection,
  { starts, outcomes }: AdmissionRecord,
): void {
  for (const { name, atMs, perMs } of starts) connection.run(SAVE_RATE_START, name, atMs, perMs);
  for (const { name, hasFailed, isProbe, atMs, failureThreshold, resetAfterMs } of outcomes) {
    const probe = isProbe ? 1 : 0;
    if (hasFailed) connection.run(FAIL_BREAKER, name, atMs, failureThreshold, resetAfterMs, probe);
    else connection.run(CLOSE_BREAKER, name, probe);
  }
}
