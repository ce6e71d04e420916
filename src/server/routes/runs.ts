/** Runs: start, list, get. Waiting (`Prefer: wait=10`) costs no polling: the engine calls back. */

import { RunJson, RunListJson, runToJson, summaryToJson } from "#client/wire/run.ts";
import { ListQuery, labelsOf, StartBody } from "#client/wire/run-requests.ts";
import type { Engine, StartRequest } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { RunFilter } from "#ports/journal.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { packedAnswer } from "../packed-answer.ts";
import { hangUpOf, preferredWaitMs } from "../prefer.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";

const WAIT_HEADER = {
  prefer: "`wait=10` answers when the run has ended, or after so many seconds (at most 60).",
};

/** Values are only passed on here. */
const PACKED = { packed: true };

export function runRoutes(engine: Engine): readonly Route[] {
  return [listRoute(engine), getRoute(engine)];
}

/** Its bodies are read by start-bodies.ts. */
export function startRoute(engine: Engine): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/runs",
    operationId: "startRun",
    tag: "runs",
    summary: "Start a run",
    description:
      "Answers 201 once the start is durable; 200 when the same `id` or Idempotency-Key came before with the same body.",
    body: StartBody,
    headers: {
      ...WAIT_HEADER,
      "idempotency-key": "Makes the call safe to repeat: the same key and body start one run.",
    },
    responses: { 201: RunJson, 200: RunJson },
    errors: [
      "workflow_not_found",
      "definition_invalid",
      "input_invalid",
      "run_exists",
      "payload_too_large",
      "queue_full",
    ],
    async handler({ body, context, request }) {
      const waitMs = preferredWaitMs(request);
      const start: StartRequest = {
        workflow: request.checkedWorkflow ?? (body.workflow as StartRequest["workflow"]),
        version: body.version,
        input: body.input,
        id: body.id,
        idempotencyKey: idempotencyKey(request),
        labels: body.labels,
        priority: body.priority,
      };
      const { run, created } =
        waitMs === 0
          ? await engine.start(context, start, PACKED)
          : await engine.start(context, start, {
              ...PACKED,
              wait: { timeoutMs: waitMs, signal: hangUpOf(request) },
            });
      return packedAnswer({
        status: created ? 201 : 200,
        body: runToJson(run),
        headers: {
          location: `/api/v1/runs/${encodeURIComponent(run.id)}`,
          ...preferenceApplied(waitMs),
        },
      });
    },
  });
}

function listRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs",
    operationId: "listRuns",
    tag: "runs",
    summary: "List runs, newest first",
    description: "`status` and `label` (`name=value`) may be given several times.",
    query: ListQuery,
    responses: { 200: RunListJson },
    async handler({ query, context }) {
      const filter: { -readonly [K in keyof RunFilter]: RunFilter[K] } = { limit: query.limit };
      if (query.status !== undefined) filter.status = query.status;
      if (query.workflow !== undefined) filter.workflow = query.workflow;
      if (query.label !== undefined) filter.labels = labelsOf(query.label);
      if (query.parentRunId !== undefined) filter.parentRunId = query.parentRunId;
      if (query.createdAfter !== undefined) filter.createdAfterMs = Date.parse(query.createdAfter);
      if (query.createdBefore !== undefined)
        filter.createdBeforeMs = Date.parse(query.createdBefore);
      if (query.cursor !== undefined) filter.cursor = query.cursor;
      const page = await engine.list(context, filter);
      return { status: 200, body: { items: page.items.map(summaryToJson), cursor: page.cursor } };
    },
  });
}

function getRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs/{id}",
    operationId: "getRun",
    tag: "runs",
    summary: "Get a run",
    params: RunParams,
    headers: WAIT_HEADER,
    responses: { 200: RunJson },
    errors: ["run_not_found"],
    async handler({ params, context, request }) {
      const waitMs = preferredWaitMs(request);
      const run =
        waitMs > 0
          ? await engine.wait(context, params.id, waitMs, hangUpOf(request), PACKED)
          : await engine.get(context, params.id, PACKED);
      if (run === null) throw runNotFound(params.id);
      const headers = preferenceApplied(waitMs);
      return packedAnswer({ status: 200, body: runToJson(run), headers });
    },
  });
}

/** What a get of an unknown run answers. */
export function runNotFound(runId: string): LockstitchError {
  return new LockstitchError("run_not_found", `There is no run ${JSON.stringify(runId)}.`);
}

function preferenceApplied(waitMs: number): Readonly<Record<string, string>> {
  return waitMs === 0 ? {} : { "preference-applied": `wait=${waitMs / 1_000}` };
}
