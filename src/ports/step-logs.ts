/**
 * What steps said while they ran: lines beside the journal, never part of it. A run is the same
 * with and without them. Lines come in with commits (TurnCommit.logs) and in no other way.
 *
 * Promises (test/contract/step-logs.ts):
 *   L1. A line is there once, whatever is repeated: (run, path, attempt, line) names it, and
 *       writing it again changes nothing.
 *   L2. Lines of a turn are there if and only if the turn is: a fenced or refused turn leaves none.
 *   L3. read() gives lines in the order of their positions, which is that in which they were
 *       committed: what is committed later has a greater position than anything read before.
 *   L4. They go with their run: what is removed has no lines, for nobody, at once.
 *   L5. Nobody reads lines of another tenant.
 */
import type { CallContext } from "./call-context.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line to keep. */
export interface StepLogWrite {
  /** Text path of the step instance. */
  readonly path: string;
  readonly attempt: number;
  /** 1 for the attempt's first. */
  readonly line: number;
  readonly atMs: number;
  readonly level: LogLevel;
  /** Well-formed Unicode. */
  readonly text: string;
  /** JSON text of an object; null: none. */
  readonly fields: string | null;
}

export interface StepLogLine extends StepLogWrite {
  /** Grows with every line of the run; where a reader goes on. */
  readonly position: number;
}

export interface StepLogQuery {
  readonly path?: string | undefined;
  readonly attempt?: number | undefined;
  /** This level and those above it. */
  readonly level?: LogLevel | undefined;
  /** Only lines after this position; 0: from the first. */
  readonly after: number;
  readonly limit: number;
}

export interface StepLogs {
  /** At most `limit` lines; none where there is no such run. */
  read(context: CallContext, runId: string, query: StepLogQuery): Promise<readonly StepLogLine[]>;
}

/** What a query finds among lines that lie in the order of their positions. */
export function matchingLines(
  lines: readonly StepLogLine[],
  { path, attempt, level = "debug", after, limit }: StepLogQuery,
): readonly StepLogLine[] {
  const least = LOG_LEVELS.indexOf(level);
  return lines
    .filter(
      (line) =>
        line.position > after &&
        (path === undefined || line.path === path) &&
        (attempt === undefined || line.attempt === attempt) &&
        LOG_LEVELS.indexOf(line.level) >= least,
    )
    .slice(0, limit);
}
