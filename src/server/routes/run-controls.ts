/** What changes a run that exists: pause, resume, cancel, terminate, signal, rerun. */
import { createHash } from "node:crypto";
import { RunJson, runToJson } from "#client/wire/run.ts";
import {
  LabelBody,
  ReasonBody,
  RerunBody,
  RunBody,
  SignalBody,
} from "#client/wire/run-requests.ts";
import { SignalAnswerJson } from "#client/wire/workflow.ts";
import type { Engine, RunView } from "#engine/engine.ts";
import type { CallContext } from "#ports/call-context.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { defineRoute, type Route, RunParams } from "../route.ts";

export function runControlRoutes(engine: Engine): readonly Route[] {
  return [
    controlRoute("pause", "Pause a run: running steps finish, nothing new starts", (c, id, why) =>
      engine.pause(c, id, why),
    ),
    controlRoute("resume", "Resume a paused run", (c, id, why) => engine.resume(c, id, why)),
    controlRoute(
      "cancel",
      "Cancel a run: running steps are aborted, `finally` runs",
      (c, id, why) => engine.cancel(c, id, why),
    ),
    controlRoute("terminate", "End a run at once, without cleanup", (c, id, why) =>
      engine.terminate(c, id, why),
    ),
    labelRoute(engine),
    priorityRoute(engine),
    signalRoute(engine),
    rerunRoute(engine),
  ];
}

function controlRoute(
  verb: string,
  summary: string,
  act: (context: CallContext, runId: string, reason?: string) => Promise<RunView>,
): Route {
  return defineRoute({
    method: "POST",
    path: `/api/v1/runs/{id}/${verb}`,
    operationId: `${verb}Run`,
    tag: "runs",
    summary,
    description: "Idempotent; answers once durable.",
    params: RunParams,
    body: ReasonBody,
    responses: { 200: RunJson },
    errors: ["run_not_found", "run_terminal"],
    async handler({ params, body, context }) {
      return { status: 200, body: runToJson(await act(context, params.id, body?.reason)) };
    },
  });
}

function labelRoute(engine: Engine): Route {
  return defineRoute({
    method: "PATCH",
    path: "/api/v1/runs/{id}/labels",
    operationId: "labelRun",
    tag: "runs",
    summary: "Change the labels of a run that has not ended",
    description: "Idempotent; answers once durable.",
    params: RunParams,
    body: LabelBody,
    responses: { 200: RunJson },
    errors: ["run_not_found", "run_terminal", "input_invalid"],
    async handler({ params, body, context }) {
      return { status: 200, body: runToJson(await engine.label(context, params.id, body)) };
    },
  });
}

function priorityRoute(engine: Engine): Route {
  return defineRoute({
    method: "PATCH",
    path: "/api/v1/runs/{id}",
    operationId: "changeRun",
    tag: "runs",
    summary: "Change the priority of a run that has not ended",
    description: "Idempotent; answers once durable. Steps with a priority of their own keep it.",
    params: RunParams,
    body: RunBody,
    responses: { 200: RunJson },
    errors: ["run_not_found", "run_terminal"],
    async handler({ params, body, context }) {
      return { status: 200, body: runToJson(await engine.prioritize(context, params.id, body)) };
    },
  });
}

function signalRoute(engine: Engine): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/runs/{id}/signal",
    operationId: "signalRun",
    tag: "runs",
    summary: "Send a signal, kept until a wait.signal takes it",
    params: RunParams,
    body: SignalBody,
    headers: { "idempotency-key": "The signal's id, unless the body names one." },
    responses: { 200: SignalAnswerJson },
    errors: [
      "run_not_found",
      "run_terminal",
      "signals_full",
      "signal_invalid",
      "payload_too_large",
    ],
    async handler({ params, body, context, request }) {
      const answer = await engine.signal(context, params.id, {
        ...body,
        id: body.id ?? idempotencyKey(request),
      });
      return { status: 200, body: answer };
    },
  });
}

function rerunRoute(engine: Engine): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/runs/{id}/rerun",
    operationId: "rerunRun",
    tag: "runs",
    summary: "Start a new run of the same version, linked to this one",
    params: RunParams,
    body: RerunBody,
    headers: { "idempotency-key": "Makes the call safe to repeat." },
    responses: { 201: RunJson },
    errors: ["run_not_found", "input_invalid", "run_exists", "queue_full"],
    async handler({ params, body, context, request }) {
      const key = idempotencyKey(request);
      const run = await engine.rerun(context, params.id, {
        ...(body !== undefined && "input" in body ? { input: body.input } : {}),
        reason: body?.reason,
        id: body?.id ?? (key === undefined ? undefined : rerunId(params.id, key)),
      });
      return {
        status: 201,
        body: runToJson(run),
        headers: { location: `/api/v1/runs/${encodeURIComponent(run.id)}` },
      };
    },
  });
}

/** The engine makes a rerun repeatable by its id; a key stands for the id made of it. */
function rerunId(runId: string, key: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([runId, key]))
    .digest("hex");
  return `rerun_${digest.slice(0, 32)}`;
}
