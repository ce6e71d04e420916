/**
 * A run as it travels over HTTP, and both directions: the server writes it from the engine's
 * view, the client reads it back. Schemas here are the source of validation, types and OpenAPI.
 *
 * Answers are read with unknown fields dropped, so that an older client works with a newer server.
 */
import { z } from "zod";
import type { RunSummary, RunView } from "#engine/engine.ts";
import { RUN_STATUSES } from "#workflow/statuses.ts";
import { Instant, isoOf, isoOrNull, msOf, msOrNull } from "./instants.ts";
import { originFromJson, originToJson, TriggerOriginJson } from "./trigger.ts";

export const RunStatusJson = z.enum(RUN_STATUSES);

export const Labels = z.record(z.string(), z.string());

export const StepErrorJson = z
  .object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    details: z.unknown().optional(),
    path: z.string().optional(),
  })
  .meta({ id: "StepError", description: "How a step, and with it a run, failed." });

const common = {
  id: z.string(),
  workflow: z.string(),
  version: z.int(),
  status: RunStatusJson,
  labels: Labels,
  parentRunId: z.string().nullable(),
  createdAt: Instant,
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
  seq: z.int().meta({ description: "Sequence number of the last event: where a stream goes on." }),
};

export const RunJson = z
  .object({
    ...common,
    input: z.unknown(),
    output: z.unknown().meta({ description: "null until the run has succeeded." }),
    error: StepErrorJson.nullable(),
    forkedFrom: z.string().nullable(),
    continuedFrom: z.string().nullable().default(null),
    continuedTo: z.string().nullable().default(null).meta({
      description: "The run that goes on in its place (workflow.continue).",
    }),
    chainId: z.string().optional().meta({ description: "The first run of its chain." }),
    trigger: TriggerOriginJson.nullable().default(null),
    warnings: z.array(z.string()).default([]),
  })
  .meta({ id: "Run" });
export type RunJson = z.infer<typeof RunJson>;

export const RunSummaryJson = z
  .object({ ...common, errorCode: z.string().nullable() })
  .meta({ id: "RunSummary", description: "A run without payloads." });
export type RunSummaryJson = z.infer<typeof RunSummaryJson>;

export const RunListJson = z
  .object({ items: z.array(RunSummaryJson), cursor: z.string().nullable() })
  .meta({ id: "RunList", description: "Newest first; `cursor` asks for the next page." });

/** The engine's view as it travels. */
export function runToJson(run: RunView): RunJson {
  return {
    id: run.id,
    workflow: run.workflow,
    version: run.version,
    status: run.status,
    input: run.input ?? null,
    output: run.output ?? null,
    error: run.error,
    labels: run.labels,
    parentRunId: run.parentRunId,
    forkedFrom: run.forkedFrom,
    continuedFrom: run.continuedFrom,
    continuedTo: run.continuedTo,
    chainId: run.chainId,
    trigger: run.trigger === null ? null : originToJson(run.trigger),
    warnings: [...run.warnings],
    createdAt: isoOf(run.createdAtMs),
    startedAt: isoOrNull(run.startedAtMs),
    endedAt: isoOrNull(run.endedAtMs),
    seq: run.seq,
  };
}

/** What the client makes of an answer. */
export function runFromJson(json: RunJson): RunView {
  const { createdAt, startedAt, endedAt, error, chainId, trigger, ...rest } = json;
  return {
    ...rest,
    chainId: chainId ?? rest.id,
    trigger: trigger === null ? null : originFromJson(trigger),
    error: error === null ? null : withoutUndefined(error),
    createdAtMs: msOf(createdAt),
    startedAtMs: msOrNull(startedAt),
    endedAtMs: msOrNull(endedAt),
  };
}

export function summaryToJson(run: RunSummary): RunSummaryJson {
  return {
    id: run.id,
    workflow: run.workflow,
    version: run.version,
    status: run.status,
    labels: run.labels,
    parentRunId: run.parentRunId,
    errorCode: run.errorCode,
    createdAt: isoOf(run.createdAtMs),
    startedAt: isoOrNull(run.startedAtMs),
    endedAt: isoOrNull(run.endedAtMs),
    seq: run.seq,
  };
}

export function summaryFromJson(json: RunSummaryJson): RunSummary {
  const { createdAt, startedAt, endedAt, ...rest } = json;
  return {
    ...rest,
    createdAtMs: msOf(createdAt),
    startedAtMs: msOrNull(startedAt),
    endedAtMs: msOrNull(endedAt),
  };
}

/** Zod's optional fields carry `undefined` in their type; the engine's views do not. */
export function withoutUndefined(
  error: z.infer<typeof StepErrorJson>,
): NonNullable<RunView["error"]> {
  const { path, details, ...rest } = error;
  return {
    ...rest,
    ...(details === undefined ? {} : { details }),
    ...(path === undefined ? {} : { path }),
  };
}
