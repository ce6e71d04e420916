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
  for (const outcome of outcomes) {
    const { name, atMs, failureThreshold, resetAfterMs, untilMs } = outcome;
    const probe = outcome.isProbe ? 1 : 0;
    if (outcome.hasFailed)
      connection.run(FAIL_BREAKER, name, atMs, failureThreshold, resetAfterMs, probe, untilMs);
    else connection.run(CLOSE_BREAKER, name, probe);
  }
}
