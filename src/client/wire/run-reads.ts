/**
 * What is read of a run over HTTP: events, folded state, progress, explain, graph; schemas and
 * both directions (see run.ts).
 */
import { z } from "zod";
import type { EventView, ExplainView, RunStateView, StepView, WaitView } from "#engine/engine.ts";
import { STEP_STATUSES } from "#workflow/statuses.ts";
import { Instant, isoOf, isoOrNull, msOf, msOrNull } from "./instants.ts";
import {
  RunJson,
  RunStatusJson,
  runFromJson,
  runToJson,
  StepErrorJson,
  withoutUndefined,
} from "./run.ts";

export const EventJson = z
  .object({
    seq: z.int(),
    at: Instant,
    type: z.string(),
    path: z.string().nullable(),
    event: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Event", description: "One journaled event." });
export type EventJson = z.infer<typeof EventJson>;

export const EventPageJson = z
  .object({
    items: z.array(EventJson),
    after: z.int().nullable().meta({ description: "Pass as `after` for more; null at the end." }),
  })
  .meta({ id: "EventPage" });

export const StepStatusJson = z.enum(STEP_STATUSES);

const StepProgressJson = z
  .object({ fraction: z.number(), note: z.string().exactOptional() })
  .meta({ description: "How far the attempt under way says it is; missing: it does not say." });

export const StepJson = z
  .object({
    path: z.string(),
    id: z.string(),
    uses: z.string(),
    status: StepStatusJson,
    attempts: z.int(),
    output: z.unknown(),
    error: StepErrorJson.nullable(),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    memo: z
      .object({ runId: z.string(), path: z.string(), at: Instant })
      .nullable()
      .meta({ description: "Whose remembered result this is; null: of an attempt of its own." }),
    progress: StepProgressJson.exactOptional(),
    inner: z.boolean().meta({ description: "True for instances inside a scope." }),
  })
  .meta({ id: "Step", description: "One step instance, folded from the journal." });
export type StepJson = z.infer<typeof StepJson>;

export const RunStateJson = z
  .object({
    run: RunJson,
    steps: z.array(StepJson),
    vars: z.record(z.string(), z.unknown()),
    bufferedSignals: z.int(),
    pins: z.record(z.string(), z.int()).default({}).meta({
      description: "Versions of the workflows that it may run, by name, as pinned at its start.",
    }),
  })
  .meta({ id: "RunState" });
export type RunStateJson = z.infer<typeof RunStateJson>;

export const StepOutputJson = z
  .object({ path: z.string(), output: z.unknown() })
  .meta({ id: "StepOutput", description: "What a step has come to, however large." });

export const ProgressJson = z
  .object({
    status: RunStatusJson,
    total: z.int(),
    settled: z.int(),
    running: z.int(),
    waiting: z.int(),
    failed: z.int(),
    steps: z
      .array(StepProgressJson.extend({ path: z.string() }))
      .default([])
      .meta({ description: "How far running steps say they are; at most 100." }),
    warnings: z.array(z.string()).default([]),
  })
  .meta({ id: "Progress", description: "Counts of the step instances that are known." });

export const WaitJson = z
  .object({
    path: z.string().nullable(),
    kind: z.string(),
    text: z.string(),
    frees: z.string().nullable(),
    dueAt: Instant.nullable(),
  })
  .meta({ id: "Wait", description: "One thing that a run waits for, and what would free it." });

export const ExplainJson = z
  .object({
    status: RunStatusJson,
    sentence: z.string(),
    waits: z.array(WaitJson),
    more: z.int(),
    warnings: z.array(z.string()).default([]),
  })
  .meta({ id: "Explain" });
export type ExplainJson = z.infer<typeof ExplainJson>;

/** What a client may count on without reading the workflow: the drawn shape with live statuses. */
export const GraphNodeJson = z
  .object({
    path: z.string().meta({ description: "Path in the definition: `lines.price`, without items." }),
    id: z.string(),
    uses: z.string(),
    kind: z.string(),
    parent: z.string().nullable().meta({ description: "Path of the group it stands in." }),
    isGroup: z.boolean(),
    status: StepStatusJson,
    attempts: z.int().meta({ description: "Of all its instances." }),
    instances: z.int(),
    counts: z.record(z.string(), z.int()).meta({ description: "Instances by status." }),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    error: StepErrorJson.nullable(),
    progress: StepProgressJson.exactOptional(),
  })
  .meta({ id: "GraphNode" });
export type GraphNodeJson = z.infer<typeof GraphNodeJson>;

export const GraphJson = z
  .object({
    runId: z.string(),
    status: RunStatusJson,
    seq: z.int(),
    nodes: z.array(GraphNodeJson),
    edges: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        label: z.string().nullable(),
        implied: z.boolean(),
      }),
    ),
  })
  .meta({ id: "RunGraph" });
export type GraphJson = z.infer<typeof GraphJson>;

export function eventToJson(event: EventView): EventJson {
  return {
    seq: event.seq,
    at: isoOf(event.atMs),
    type: event.type,
    path: event.path,
    event: event.event,
  };
}

export function eventFromJson(json: EventJson): EventView {
  const { at, ...rest } = json;
  return { ...rest, atMs: msOf(at) };
}

export function stepToJson(step: StepView): StepJson {
  const { startedAtMs, endedAtMs, memo, ...rest } = step;
  return {
    ...rest,
    memo: memo === null ? null : { runId: memo.runId, path: memo.path, at: isoOf(memo.atMs) },
    output: rest.output ?? null,
    startedAt: isoOrNull(startedAtMs),
    endedAt: isoOrNull(endedAtMs),
  };
}

export function stepFromJson(json: StepJson): StepView {
  const { startedAt, endedAt, error, memo, ...rest } = json;
  return {
    ...rest,
    error: error === null ? null : withoutUndefined(error),
    memo: memo === null ? null : { runId: memo.runId, path: memo.path, atMs: msOf(memo.at) },
    startedAtMs: msOrNull(startedAt),
    endedAtMs: msOrNull(endedAt),
  };
}

export function stateToJson(state: RunStateView): RunStateJson {
  return {
    run: runToJson(state.run),
    steps: state.steps.map(stepToJson),
    vars: state.vars,
    bufferedSignals: state.bufferedSignals,
    pins: state.pins,
  };
}

export function stateFromJson(json: RunStateJson): RunStateView {
  return { ...json, run: runFromJson(json.run), steps: json.steps.map(stepFromJson) };
}

export function explainToJson(explain: ExplainView): ExplainJson {
  return {
    ...explain,
    warnings: [...explain.warnings],
    waits: explain.waits.map(({ dueAtMs, ...wait }) => ({ ...wait, dueAt: isoOrNull(dueAtMs) })),
  };
}

export function explainFromJson(json: ExplainJson): ExplainView {
  return {
    ...json,
    waits: json.waits.map(
      ({ dueAt, ...wait }): WaitView => ({ ...wait, dueAtMs: msOrNull(dueAt) }),
    ),
  };
}
