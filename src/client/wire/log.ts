/** Lines that steps logged, over HTTP: schemas and both directions (see run.ts). */
import { z } from "zod";
import type { LogLineView } from "#engine/engine.ts";
import { LOG_LEVELS } from "#ports/step-logs.ts";
import { Instant, isoOf, msOf } from "./instants.ts";
import { queryNumber } from "./query-number.ts";

export const LogLineJson = z
  .object({
    position: z
      .int()
      .meta({ description: "Grows with every line of the run: pass it as `after`." }),
    path: z.string(),
    attempt: z.int(),
    line: z.int().meta({ description: "1 for the attempt's first." }),
    at: Instant,
    level: z.enum(LOG_LEVELS),
    text: z.string(),
    fields: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: "LogLine", description: "One line that an attempt of a step logged." });
export type LogLineJson = z.infer<typeof LogLineJson>;

export const LogPageJson = z
  .object({
    items: z.array(LogLineJson),
    after: z.int().nullable().meta({ description: "Pass as `after` for more; null at the end." }),
  })
  .meta({ id: "LogPage" });

const LogFilter = {
  step: z.string().min(1).optional().meta({ description: "Path of one step instance." }),
  attempt: queryNumber({ min: 1 }).optional(),
  level: z.enum(LOG_LEVELS).optional().meta({ description: "This level and those above it." }),
};

export const LogsQuery = z.strictObject({
  ...LogFilter,
  after: queryNumber({ min: 0 }).prefault(0),
  limit: queryNumber({ min: 1, max: 1_000 }).prefault(200),
});

export function logLineToJson({ atMs, ...line }: LogLineView): LogLineJson {
  return { ...line, at: isoOf(atMs) };
}

export function logLineFromJson({ at, ...line }: LogLineJson): LogLineView {
  return { ...line, atMs: msOf(at) };
}
