/**
 * The StepLogs port. Positions count from 1 in each run and are handed out under the lock of the
 * run's row, which a commit holds to its end: so their order is that of the commits (L3), however
 * many hosts the run has had. A sequence would not do: a number that is taken earlier may be
 * committed later.
 */
import type { CallContext } from "#ports/call-context.ts";
import {
  LOG_LEVELS,
  type StepLogLine,
  type StepLogQuery,
  type StepLogs,
} from "#ports/step-logs.ts";
import { LIST_RUN_LOGS } from "./sql/list-run-logs.ts";
import { LIST_STEP_LOGS } from "./sql/list-step-logs.ts";
import type { StoreParts } from "./store-parts.ts";

type Row = Omit<StepLogLine, "level" | "text" | "fields"> & {
  readonly level: number;
  readonly text: Buffer;
  readonly fields: Buffer | null;
};

export class PostgresStepLogs implements StepLogs {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async read(
    { tenant }: CallContext,
    runId: string,
    { path, attempt, level, after, limit }: StepLogQuery,
  ): Promise<readonly StepLogLine[]> {
    const least = level === undefined ? 0 : LOG_LEVELS.indexOf(level);
    const values = [tenant, runId, after, least, attempt ?? null, limit];
    const { sessions } = this.#parts;
    const rows =
      path === undefined
        ? await sessions.all<Row>("reading logs", LIST_RUN_LOGS, ...values)
        : await sessions.all<Row>("reading logs", LIST_STEP_LOGS, ...values, path);
    return rows.map((row) => ({
      ...row,
      level: LOG_LEVELS[row.level] ?? "info",
      text: row.text.toString("utf8"),
      fields: row.fields === null ? null : row.fields.toString("utf8"),
    }));
  }
}
