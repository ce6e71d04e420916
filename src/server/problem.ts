/**
 * Every failure as RFC 9457 problem+json: a stable code, the field, what to do; never a stack.
 *
 * P1. Status and code come from the one table in errors/errors.ts.
 * P2. What is not a LockstitchError or a request's own fault is `internal`: logged in full with
 *     the request id, answered without a word of its cause.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { ProblemJson } from "#client/wire/workflow.ts";
import { ERRORS, type ErrorCode, LockstitchError } from "#errors/errors.ts";
import type { Logger } from "#ports/logger.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
/** Seconds after which a caller may try again, told with 429 and 503. */
const RETRY_AFTER_S = 1;

/** Fastify's own failures that a caller can cause, in our codes and words. */
const FASTIFY_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    "unsupported_media_type",
    "This Content-Type is not understood here: send application/json (workflow definitions also as application/yaml).",
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ["payload_too_large", "The body is over the limit of 10 MiB."],
};

/** The failure as one of ours, whatever was thrown. */
export function asLockstitchError(error: unknown): LockstitchError {
  if (error instanceof LockstitchError) return error;
  const { code, statusCode, message } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known !== undefined) return new LockstitchError(known[0], known[1], { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new LockstitchError("request_invalid", message ?? "The request is malformed.", {
      cause: error,
    });
  return new LockstitchError(
    "internal",
    "A fault inside Lockstitch. The server's log has the details under this request id.",
    { cause: error },
  );
}

/** The document that describes `error`. */
export function problemOf(error: LockstitchError, requestId: string): ProblemJson {
  const { errors, ...details } = error.details;
  return {
    type: `https://lockstitch.dev/errors/${error.code}`,
    title: titleOf(error.code),
    status: ERRORS[error.code].httpStatus,
    detail: error.message,
    code: error.code,
    requestId,
    ...(Array.isArray(errors) ? { errors: errors as ProblemJson["errors"] } : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** Answers a request with its failure. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const failure = asLockstitchError(error);
  const { httpStatus, retry } = ERRORS[failure.code];
  if (httpStatus >= 500)
    logger.error(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url ?? request.url,
        code: failure.code,
        error: failure.cause instanceof Error ? (failure.cause.stack ?? "") : failure.message,
      },
      "request failed",
    );
  if (retry === "backoff" || httpStatus === 503)
    reply.header("retry-after", String(failure.details["retryAfterS"] ?? RETRY_AFTER_S));
  if (httpStatus === 401) reply.header("www-authenticate", 'Bearer realm="lockstitch"');
  return reply
    .code(httpStatus)
    .header("x-request-id", request.id)
    .header("content-type", PROBLEM_TYPE)
    .send(problemOf(failure, request.id));
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll("_", " ");
  return words[0]?.toUpperCase() + words.slice(1);
}
