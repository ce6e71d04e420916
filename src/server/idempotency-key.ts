/** The Idempotency-Key header: text that makes a repeated call mean the first one. */
import type { FastifyRequest } from "fastify";
import { LockstitchError } from "#errors/errors.ts";

/** The key, undefined without one; request_invalid for one that is empty or over 255 characters. */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new LockstitchError(
    "request_invalid",
    "Idempotency-Key: must be 1 to 255 visible ASCII characters.",
    { details: { errors: [{ field: "header Idempotency-Key", message: "malformed" }] } },
  );
}
