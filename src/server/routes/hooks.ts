/**
 * Inbound webhooks below /hooks/: bodies come as the bytes that were signed, and the answer is 202
 * with the run, or the run's output where the webhook waits for it.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { HookAnswerJson } from "#client/wire/trigger.ts";
import type { Engine } from "#engine/engine.ts";
import { LockstitchError } from "#errors/errors.ts";
import { hangUpOf } from "../prefer.ts";
import { defineRoute, type Route } from "../route.ts";

export const HOOKS_URL = "/hooks/*";
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const BODY_BYTES_MAX = 1024 * 1024;

/** For the OpenAPI document: which webhooks there are is up to the workflows. */
export function hookRoute(): Route {
  return defineRoute({
    method: "POST",
    path: "/hooks/{path}",
    operationId: "receiveWebhook",
    tag: "schedules",
    summary: "Call a workflow's webhook",
    description:
      "Method, path and signature are what the workflow's trigger says. Answers 202 with the run's id once the start is durable, or 200 with its output where the trigger waits. Bodies have at most 1 MiB.",
    params: z.strictObject({ path: z.string() }),
    responses: { 200: HookAnswerJson, 202: HookAnswerJson },
    errors: ["not_found", "run_exists", "action_refused", "payload_too_large", "input_invalid"],
    handler: () => {
      throw new Error("registered by registerHooks");
    },
  });
}

export function registerHooks(app: FastifyInstance, engine: Engine): void {
  app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers();
    const whole = { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX } as const;
    inner.addContentTypeParser("*", whole, (_request, body, parsed) => parsed(null, body));
    inner.setErrorHandler((error: FastifyError) => {
      if (error.code !== "FST_ERR_CTP_BODY_TOO_LARGE") throw error;
      throw tooLarge(error);
    });
    inner.route({
      method: [...METHODS],
      url: HOOKS_URL,
      exposeHeadRoute: false,
      bodyLimit: BODY_BYTES_MAX,
      handler: (request, reply) => receive(engine, request, reply),
    });
    done();
  });
}

function tooLarge(cause: unknown): LockstitchError {
  const message = "The body of a webhook has at most 1 MiB.";
  return new LockstitchError("payload_too_large", message, { cause });
}

async function receive(engine: Engine, request: FastifyRequest, reply: FastifyReply) {
  const { ended, runId, created } = await engine.triggers.receive(request.callContext, {
    method: request.method,
    path: (request.params as { readonly "*": string })["*"],
    headers: plainHeaders(request),
    query: request.query as Readonly<Record<string, unknown>>,
    body: Buffer.isBuffer(request.body) ? request.body : new Uint8Array(),
    isKnown: request.isKnownCaller,
    signal: hangUpOf(request),
  });
  reply.header("location", `/api/v1/runs/${encodeURIComponent(runId)}`);
  if (ended === null) return await reply.code(202).send({ runId, created });
  const { status, output } = ended;
  // A run that has failed is no failure of the call, which can tell by its status.
  return await reply.code(200).send({ runId, created, status, output });
}

/** A header that came several times, as one text. */
function plainHeaders({ headers }: FastifyRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
