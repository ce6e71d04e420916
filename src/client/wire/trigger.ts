/** Schedules, events and webhooks over HTTP: schemas and both directions (see run.ts). */
import { z } from "zod";
import type {
  ScheduleFacts,
  TriggerMark,
  TriggerOrigin,
  TriggerView,
  Upcoming,
} from "#engine/engine-triggers.ts";
import { ScheduleTrigger } from "#workflow/trigger-definition.ts";
import { Instant, isoOf, isoOrNull, msOf, msOrNull } from "./instants.ts";

const Kind = z.enum(["schedule", "event", "webhook"]);

export const TriggerOriginJson = z
  .object({
    kind: Kind,
    id: z.string(),
    instant: Instant.optional().meta({ description: "Of a schedule, without jitter." }),
    event: z.string().optional(),
    eventId: z.string().optional(),
    hook: z.string().optional().meta({ description: "Method and path." }),
    isManual: z.boolean().optional().meta({ description: "It was fired by hand." }),
  })
  .meta({ id: "TriggerOrigin", description: "What started a run." });
type TriggerOriginJson = z.infer<typeof TriggerOriginJson>;

const ScheduleFactsJson = z
  .object({
    nextAt: Instant.nullable().meta({ description: "null: never, or it is paused." }),
    lastInstant: Instant.nullable(),
    lastRunId: z.string().nullable(),
    running: z.array(z.string()),
    waiting: z.int().meta({ description: "Instants that wait for an earlier run." }),
    fired: z.int(),
    skipped: z.int(),
    missed: z.int(),
    failed: z.int(),
    trouble: z.string().nullable(),
  })
  .meta({ id: "ScheduleFacts", description: "How a schedule does." });

export const TriggerJson = z
  .object({
    workflow: z.string(),
    id: z.string(),
    kind: Kind,
    source: z.enum(["definition", "api"]),
    spec: z.record(z.string(), z.unknown()).meta({ description: "As it was written." }),
    paused: z.object({ by: z.string(), reason: z.string().nullable(), at: Instant }).nullable(),
    createdAt: Instant,
    changedAt: Instant,
    schedule: ScheduleFactsJson.nullable().meta({ description: "null for events and webhooks." }),
  })
  .meta({ id: "Trigger", description: "What starts runs of a workflow by itself." });
export type TriggerJson = z.infer<typeof TriggerJson>;

export const TriggerListJson = z
  .object({ items: z.array(TriggerJson), cursor: z.string().nullable() })
  .meta({ id: "TriggerList" });

export const TriggerMarksJson = z
  .object({
    items: z.array(
      z.object({
        kind: z.enum(["fired", "skipped", "missed", "failed"]),
        instant: Instant,
        until: Instant.nullable().meta({ description: "null: one instant." }),
        runId: z.string().nullable(),
        reason: z.string().nullable(),
        at: Instant,
      }),
    ),
  })
  .meta({ id: "TriggerMarks", description: "What came of instants, newest first." });
type TriggerMarkJson = z.infer<typeof TriggerMarksJson>["items"][number];

export const UpcomingJson = z
  .object({
    items: z.array(
      z.object({
        instant: Instant,
        due: Instant.meta({ description: "With its jitter." }),
        local: z.string().meta({ description: "In the schedule's zone." }),
      }),
    ),
  })
  .meta({ id: "UpcomingInstants" });
type UpcomingItem = z.infer<typeof UpcomingJson>["items"][number];

export const ScheduleBody = ScheduleTrigger.omit({ id: true });
export const PauseBody = z.strictObject({ reason: z.string().max(1_000).optional() }).optional();

export const EventBody = z.strictObject({
  name: z.string().min(1).max(200),
  data: z.unknown().optional(),
  id: z.string().min(1).max(255).optional().meta({ description: "Once for each id." }),
});

export const TriggeredRunJson = z
  .object({
    workflow: z.string(),
    id: z.string().meta({ description: "The trigger." }),
    runId: z.string(),
    created: z.boolean(),
  })
  .meta({ id: "TriggeredRun" });

export const EmittedJson = z
  .object({
    id: z.string(),
    runs: z.array(TriggeredRunJson),
    failed: z
      .array(z.object({ workflow: z.string(), id: z.string(), reason: z.string() }))
      .meta({ description: "Triggers whose filter or input could not be evaluated." }),
  })
  .meta({ id: "EmittedEvent", description: "The runs that the event has started." });

export const HookAnswerJson = z
  .object({
    runId: z.string(),
    created: z.boolean(),
    status: z.string().optional(),
    output: z.unknown().optional(),
  })
  .meta({ id: "HookAnswer", description: "`status` and `output` where the webhook waits." });

export function originToJson(origin: TriggerOrigin): TriggerOriginJson {
  const { instantMs, ...rest } = origin;
  return { ...rest, ...(instantMs === undefined ? {} : { instant: isoOf(instantMs) }) };
}

export function originFromJson({ instant, ...rest }: TriggerOriginJson): TriggerOrigin {
  const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...(set as unknown as TriggerOrigin),
    ...(instant === undefined ? {} : { instantMs: msOf(instant) }),
  };
}

export function triggerToJson(view: TriggerView): TriggerJson {
  const { createdAtMs, changedAtMs, paused, schedule, spec, ...rest } = view;
  return {
    ...{ ...rest, spec: { ...spec } },
    paused:
      paused === null ? null : { by: paused.by, reason: paused.reason, at: isoOf(paused.atMs) },
    ...{ createdAt: isoOf(createdAtMs), changedAt: isoOf(changedAtMs) },
    schedule: schedule === null ? null : scheduleToJson(schedule),
  };
}

function scheduleToJson({ nextAtMs, lastInstantMs, running, ...rest }: ScheduleFacts) {
  return {
    ...{ ...rest, running: [...running] },
    ...{ nextAt: isoOrNull(nextAtMs), lastInstant: isoOrNull(lastInstantMs) },
  };
}

export function triggerFromJson(json: TriggerJson): TriggerView {
  const { createdAt, changedAt, paused, schedule, ...rest } = json;
  return {
    ...rest,
    paused:
      paused === null ? null : { by: paused.by, reason: paused.reason, atMs: msOf(paused.at) },
    ...{ createdAtMs: msOf(createdAt), changedAtMs: msOf(changedAt) },
    schedule: schedule === null ? null : scheduleFromJson(schedule),
  };
}

function scheduleFromJson(json: z.infer<typeof ScheduleFactsJson>): ScheduleFacts {
  const { nextAt, lastInstant, ...rest } = json;
  return { ...rest, nextAtMs: msOrNull(nextAt), lastInstantMs: msOrNull(lastInstant) };
}

export function markToJson({ instantMs, untilMs, atMs, ...rest }: TriggerMark): TriggerMarkJson {
  return { ...rest, instant: isoOf(instantMs), until: isoOrNull(untilMs), at: isoOf(atMs) };
}

export function markFromJson({ instant, until, at, ...rest }: TriggerMarkJson): TriggerMark {
  return { ...rest, instantMs: msOf(instant), untilMs: msOrNull(until), atMs: msOf(at) };
}

export function upcomingToJson({ instantMs, dueAtMs, local }: Upcoming): UpcomingItem {
  return { instant: isoOf(instantMs), due: isoOf(dueAtMs), local };
}

export function upcomingFromJson({ instant, due, local }: UpcomingItem): Upcoming {
  return { instantMs: msOf(instant), dueAtMs: msOf(due), local };
}
