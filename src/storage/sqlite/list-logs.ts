/** Reads lines of a run, or of one of its steps, from the index that has them in order. */
import { LOG_LEVELS, type StepLogLine, type StepLogQuery } from "#ports/step-logs.ts";
import type { Connection } from "./connection.ts";
import { LIST_RUN_LOGS } from "./sql/list-run-logs.ts";
import { LIST_STEP_LOGS } from "./sql/list-step-logs.ts";

type Row = Omit<StepLogLine, "level"> & { readonly level: number };

export function listLogs(
  reader: Connection,
  { tenant, runId }: { readonly tenant: string; readonly runId: string },
  { path, attempt, level, after, limit }: StepLogQuery,
): readonly StepLogLine[] {
  const rows = reader.allNamed<Row>(path === undefined ? LIST_RUN_LOGS : LIST_STEP_LOGS, {
    ...{ tenant, runId, after, limit, path: path ?? null, attempt: attempt ?? null },
    level: level === undefined ? 0 : LOG_LEVELS.indexOf(level),
  });
  return rows.map((row) => ({ ...row, level: LOG_LEVELS[row.level] ?? "info" }));
}
