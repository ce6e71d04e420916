/** What all node types that call over HTTP take alike, and how all of them may fail. */
import { z } from "zod";
import { ConnectionName } from "../connections/connection-schema.ts";
import { CONNECTION_ERRORS } from "../connections/connections.ts";
import type { NodeErrorCode } from "../define-node.ts";
import { TimeoutMs } from "../within-time.ts";
import { HeaderName, Headers } from "./header-schema.ts";
import { Auth, Query } from "./request-parts.ts";

/** Each type takes what it needs, with words of its own where they say more. */
export const CallConfig = {
  url: z
    .string()
    .max(16_384)
    .describe("Address, or with `connection` a path below its base address"),
  connection: ConnectionName.optional(),
  query: Query.default({}).describe("Added to the URL; lists repeat, null is left out"),
  headers: Headers.default({}).describe("Headers of the request, by name"),
  auth: Auth.default({ type: "none" }).describe(
    "none, basic, bearer, apiKey (header or query) or oauth2 (client credentials)",
  ),
  timeoutMs: TimeoutMs.describe("Time that the call may take, in ms; default: the operator's"),
  idempotencyHeader: z
    .union([z.boolean(), HeaderName])
    .default(false)
    .describe("Sends the step's idempotency key: as Idempotency-Key (true) or by this name"),
} as const;

export const CALL_ERRORS: readonly NodeErrorCode[] = [
  ...CONNECTION_ERRORS,
  "auth_failed",
  "http.*",
  "http_blocked",
  "http_limit",
  "parse_failed",
  "timeout",
];
