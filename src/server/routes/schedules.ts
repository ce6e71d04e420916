/** What starts workflows by itself: schedules above all, and the events and webhooks beside them. */
import { z } from "zod";
import {
  EmittedJson,
  EventBody,
  markToJson,
  PauseBody,
  ScheduleBody,
  TriggeredRunJson,
  TriggerJson,
  TriggerListJson,
  TriggerMarksJson,
  triggerToJson,
  UpcomingJson,
  upcomingToJson,
} from "#client/wire/trigger.ts";
import type { Engine } from "#engine/engine.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { defineRoute, type Route } from "../route.ts";

const name = z.string().min(1).max(64);
const Params = z.strictObject({ workflow: name, id: name });
const limit = z.coerce.number().int().min(1).max(1_000).default(100);

export function scheduleRoutes(engine: Engine): readonly Route[] {
  return [
    listRoute(engine),
    ...oneRoutes(engine),
    ...controlRoutes(engine),
    ...readRoutes(engine),
    eventRoute(engine),
  ];
}

const one = { tag: "schedules", params: Params } as const;
const path = "/api/v1/schedules/{workflow}/{id}";

function listRoute({ triggers }: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/schedules",
    operationId: "listSchedules",
    tag: "schedules",
    summary: "List schedules by workflow and name",
    description: "`kind=all` lists events and webhooks as well.",
    query: z.strictObject({
      workflow: name.optional(),
      kind: z.enum(["schedule", "event", "webhook", "all"]).default("schedule"),
      cursor: z.string().optional(),
      limit,
    }),
    responses: { 200: TriggerListJson },
    async handler({ query: { kind, ...query }, context }) {
      const filter = { ...query, kind: kind === "all" ? undefined : kind };
      const { items, cursor } = await triggers.list(context, filter);
      return { status: 200, body: { items: items.map(triggerToJson), cursor } };
    },
  });
}

function oneRoutes({ triggers }: Engine): readonly Route[] {
  return [
    defineRoute({
      ...{ ...one, method: "GET", path, operationId: "getSchedule" },
      summary: "Get a schedule, event trigger or webhook",
      responses: { 200: TriggerJson },
      errors: ["trigger_not_found"],
      async handler({ params, context }) {
        return { status: 200, body: triggerToJson(await triggers.get(context, params)) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "PUT", path, operationId: "saveSchedule", body: ScheduleBody },
      summary: "Make a schedule, or change it",
      description:
        "One beside those of the workflow's definition, which are changed there. Instants before it was saved never fire.",
      responses: { 200: TriggerJson, 201: TriggerJson },
      errors: ["workflow_not_found", "action_refused"],
      async handler({ params, body, context }) {
        const { created, ...view } = await triggers.save(context, params, body);
        return { status: created ? 201 : 200, body: triggerToJson(view) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "DELETE", path, operationId: "deleteSchedule" },
      summary: "Delete a schedule",
      description: "Runs that it has started go on.",
      responses: { 204: null },
      errors: ["trigger_not_found", "action_refused"],
      async handler({ params, context }) {
        await triggers.delete(context, params);
        return { status: 204, body: undefined };
      },
    }),
  ];
}

function controlRoutes({ triggers }: Engine): readonly Route[] {
  return [
    defineRoute({
      ...{ ...one, method: "POST", path: `${path}/pause`, operationId: "pauseSchedule" },
      summary: "Pause it",
      description: "Durable, and the same however often; instants meanwhile are skipped.",
      body: PauseBody,
      responses: { 200: TriggerJson },
      errors: ["trigger_not_found"],
      async handler({ params, body, context }) {
        const view = await triggers.pause(context, params, body?.reason);
        return { status: 200, body: triggerToJson(view) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "POST", path: `${path}/resume`, operationId: "resumeSchedule" },
      summary: "Let it go on",
      responses: { 200: TriggerJson },
      errors: ["trigger_not_found"],
      async handler({ params, context }) {
        return { status: 200, body: triggerToJson(await triggers.resume(context, params)) };
      },
    }),
    defineRoute({
      ...{ ...one, method: "POST", path: `${path}/trigger`, operationId: "triggerSchedule" },
      summary: "Start a run now",
      description: "Whatever else of the schedule is open, paused or not.",
      headers: { "idempotency-key": "Makes the call safe to repeat." },
      responses: { 200: TriggeredRunJson, 201: TriggeredRunJson },
      errors: ["trigger_not_found", "input_invalid", "queue_full"],
      async handler({ params, context, request }) {
        const run = await triggers.fire(context, params, idempotencyKey(request));
        return { status: run.created ? 201 : 200, body: run };
      },
    }),
  ];
}

function readRoutes({ triggers }: Engine): readonly Route[] {
  return [
    defineRoute({
      ...{ ...one, method: "GET", path: `${path}/preview`, operationId: "previewSchedule" },
      summary: "When it fires next",
      query: z.strictObject({
        count: z.coerce.number().int().min(1).max(1_000).default(10),
        after: z.iso.datetime({ offset: true }).optional(),
      }),
      responses: { 200: UpcomingJson },
      errors: ["trigger_not_found"],
      async handler({ params, query: { count, after }, context }) {
        const afterMs = after === undefined ? undefined : Date.parse(after);
        const items = await triggers.preview(context, params, count, afterMs);
        return { status: 200, body: { items: items.map(upcomingToJson) } };
      },
    }),
    defineRoute({
      ...{ ...one, method: "GET", path: `${path}/marks`, operationId: "listScheduleMarks" },
      summary: "What came of its instants, newest first",
      description: "The newest 200 are kept: fired, skipped, missed and failed, with why.",
      query: z.strictObject({ limit }),
      responses: { 200: TriggerMarksJson },
      errors: ["trigger_not_found"],
      async handler({ params, query, context }) {
        const items = await triggers.marks(context, params, query.limit);
        return { status: 200, body: { items: items.map(markToJson) } };
      },
    }),
  ];
}

function eventRoute({ triggers }: Engine): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/events",
    operationId: "emitEvent",
    tag: "schedules",
    summary: "Emit an event",
    description:
      "Starts a run for each trigger that it fits, and answers once all are durable. The same `id` again starts nothing again.",
    body: EventBody,
    responses: { 202: EmittedJson },
    errors: ["queue_full", "payload_too_large"],
    async handler({ body, context }) {
      return { status: 202, body: await triggers.emit(context, body) };
    },
  });
}
