/** What is known of one run: its journal, folded state, progress, explanation and live graph. */

import {
  EventPageJson,
  ExplainJson,
  eventToJson,
  explainToJson,
  GraphJson,
  ProgressJson,
  RunStateJson,
  StepOutputJson,
  stateToJson,
} from "#client/wire/run-reads.ts";
import { EventsQuery } from "#client/wire/run-requests.ts";
import type { Engine } from "#engine/engine.ts";
import { packedAnswer } from "../packed-answer.ts";
import { defineRoute, type Route, RunParams, StepParams } from "../route.ts";
import { runGraph } from "../run-graph.ts";
import type { WorkflowReader } from "../workflow-reader.ts";

export function runReadRoutes(engine: Engine, workflows: WorkflowReader): readonly Route[] {
  return [
    ...[eventsRoute(engine), ...foldRoutes(engine)],
    ...[stepOutputRoute(engine), graphRoute(engine, workflows)],
  ];
}

function eventsRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs/{id}/events",
    operationId: "listRunEvents",
    tag: "runs",
    summary: "Read a run's journal",
    description: "A reader that accepts text/event-stream is sent on to the run's live stream.",
    params: RunParams,
    query: EventsQuery,
    responses: { 200: EventPageJson },
    errors: ["run_not_found"],
    async handler({ params, query, context, request, reply }) {
      if (request.headers.accept?.includes("text/event-stream")) {
        reply.redirect(
          `/api/v1/runs/${encodeURIComponent(params.id)}/stream?after=${query.after}`,
          307,
        );
        return { streamed: true };
      }
      const events = await engine.events(context, params.id, query.after, query.limit);
      const last = events.length < query.limit ? undefined : events.at(-1);
      return {
        status: 200,
        body: { items: events.map(eventToJson), after: last?.seq ?? null },
      };
    },
  });
}

function foldRoutes(engine: Engine): readonly Route[] {
  const shared = {
    method: "GET",
    tag: "runs",
    params: RunParams,
    errors: ["run_not_found"],
  } as const;
  return [
    defineRoute({
      ...shared,
      path: "/api/v1/runs/{id}/state",
      operationId: "getRunState",
      summary: "Get a run with all its step instances",
      responses: { 200: RunStateJson },
      async handler({ params, context }) {
        const state = await engine.state(context, params.id, { packed: true });
        return packedAnswer({ status: 200, body: stateToJson(state) });
      },
    }),
    defineRoute({
      ...shared,
      path: "/api/v1/runs/{id}/progress",
      operationId: "getRunProgress",
      summary: "Count a run's step instances",
      responses: { 200: ProgressJson },
      async handler({ params, context }) {
        return { status: 200, body: await engine.progress(context, params.id) };
      },
    }),
    defineRoute({
      ...shared,
      path: "/api/v1/runs/{id}/explain",
      operationId: "explainRun",
      summary: "Say what a run waits for, and what would free it",
      responses: { 200: ExplainJson },
      async handler({ params, context }) {
        return { status: 200, body: explainToJson(await engine.explain(context, params.id)) };
      },
    }),
  ];
}

function stepOutputRoute(engine: Engine): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs/{id}/steps/{path}/output",
    operationId: "getStepOutput",
    tag: "steps",
    summary: "Get a step's output, however large",
    description: "The run's state shows outputs up to 64 KiB. null: the step has no output (yet).",
    params: StepParams,
    responses: { 200: StepOutputJson },
    errors: ["run_not_found", "step_not_found"],
    async handler({ params, context }) {
      const found = await engine.stepOutput(context, params.id, params.path, { packed: true });
      return packedAnswer({ status: 200, body: found });
    },
  });
}

function graphRoute(engine: Engine, workflows: WorkflowReader): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/runs/{id}/graph",
    operationId: "getRunGraph",
    tag: "runs",
    summary: "Get the run's graph with live statuses",
    description:
      "One node for each step of the definition; instances of a step are counted by status.",
    params: RunParams,
    responses: { 200: GraphJson },
    errors: ["run_not_found"],
    async handler({ params, context }) {
      return { status: 200, body: await runGraph(engine, workflows, context, params.id) };
    },
  });
}
