/** The lines that come with a turn, inside the transaction of its group. */
import { LOG_LEVELS, type StepLogWrite } from "#ports/step-logs.ts";
import type { Connection } from "./connection.ts";
import { ADD_LOG_LINE } from "./sql/add-log-line.ts";

export function appendLogs(
  connection: Connection,
  run: number,
  lines: readonly StepLogWrite[],
): void {
  for (const { path, attempt, line, atMs, level, text, fields } of lines) {
    const number = LOG_LEVELS.indexOf(level);
    connection.run(ADD_LOG_LINE, run, path, attempt, line, atMs, number, text, fields);
  }
}
