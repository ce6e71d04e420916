/** What an operator does to one step: retry it now, skip it, complete it, fail it. */
import type { z } from "zod";
import { RunJson, runToJson } from "#client/wire/run.ts";
import { CompleteBody, FailBody, ResolveBody } from "#client/wire/run-requests.ts";
import type { Engine, StepResolution } from "#engine/engine.ts";
import { idempotencyKey } from "../idempotency-key.ts";
import { defineRoute, type Route, StepParams } from "../route.ts";

export function stepControlRoutes(engine: Engine): readonly Route[] {
  return [
    stepRoute(
      engine,
      "retry",
      "Try a step now: end its pause, or give up its attempt",
      ResolveBody,
    ),
    stepRoute(engine, "skip", "Skip a step, as if its own `if` were false", ResolveBody),
    stepRoute(engine, "complete", "Let a step succeed with this output", CompleteBody),
    stepRoute(engine, "fail", "Let a step fail with `operator_failed`", FailBody),
  ];
}

type Body = Omit<StepResolution, "action"> | undefined;

function stepRoute(
  engine: Engine,
  action: StepResolution["action"],
  summary: string,
  body: z.ZodType<Body>,
): Route {
  return defineRoute({
    method: "POST",
    path: `/api/v1/runs/{id}/steps/{path}/${action}`,
    operationId: `${action}Step`,
    tag: "steps",
    summary,
    description: "Journaled with who and why; answers once durable. A settled step never changes.",
    params: StepParams,
    body,
    headers: { "idempotency-key": "Applied once for each key; as `id` in the body." },
    responses: { 200: RunJson },
    errors: [
      ...(["run_not_found", "run_terminal", "step_not_found", "step_settled"] as const),
      ...(["action_refused", "input_invalid", "payload_too_large"] as const),
    ],
    async handler({ params, body: given, context, request }) {
      const id = given?.id ?? idempotencyKey(request);
      const run = await engine.resolveStep(context, params.id, params.path, {
        ...given,
        ...{ action, id },
      });
      return { status: 200, body: runToJson(run) };
    },
  });
}
