/**
 * `http.request` calls a URL, or a path of a named connection.
 *
 * R1. A status of 400 and more fails with `http.<status>` unless `okStatuses` has it; 408, 425,
 *     429 and 5xx are retryable, with `retryAfterMs` in the details if the answer says when.
 * R2. Errors show the URL without its query and never a header that was sent.
 */
import { z } from "zod";
import { defineNode, type NodeContext, type NodeDefinition } from "../define-node.ts";
import { fileRoot, futurePath, RelativePath } from "../file/allowed-path.ts";
import {
  type Answer,
  answerBytes,
  headerOf,
  headersOf,
  isFailure,
  StatusPattern,
  statusError,
} from "./answer.ts";
import { CALL_ERRORS, CallConfig } from "./call-config.ts";
import { HttpCaller } from "./caller.ts";
import { type Resolve, resolveBySystem } from "./client.ts";
import { BodyType } from "./request-parts.ts";
import { bodyValue } from "./response-body.ts";
import { saveBody } from "./save-body.ts";

const Config = z.strictObject({
  url: CallConfig.url,
  connection: CallConfig.connection,
  method: z
    .enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    .default("GET")
    .describe("HTTP method"),
  query: CallConfig.query,
  headers: CallConfig.headers,
  auth: CallConfig.auth,
  body: z.unknown().optional().describe("Data, text, form fields or base64"),
  bodyType: BodyType.optional().describe(
    "How body is sent; default: text if it is text, else json",
  ),
  responseType: z
    .enum(["auto", "json", "text", "base64"])
    .default("auto")
    .describe("How the answer is read; auto: by its content type"),
  saveTo: RelativePath.min(1)
    .optional()
    .describe("File below the operator's file folder that the body goes to, instead of the output"),
  okStatuses: z
    .array(StatusPattern)
    .default([])
    .describe("Statuses from 400 on that are no failure: 404, 4xx"),
  redirects: z
    .enum(["follow", "manual"])
    .default("follow")
    .describe("Whether redirects are followed, or are the result"),
  timeoutMs: CallConfig.timeoutMs,
  idempotencyHeader: CallConfig.idempotencyHeader,
});

type Config = z.output<typeof Config>;

const Output = z.strictObject({
  status: z.int().describe("Status code of the last answer"),
  headers: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .describe("Headers of the answer, names in lower case"),
  body: z.unknown().describe("The body; with saveTo `{ path, bytes, sha256, contentType }`"),
  url: z.string().describe("Address of the last hop, after redirects"),
  durationMs: z.number().describe("Time of the whole call"),
});

/** The node type with its own resolver and clients. */
export function defineHttpRequest(resolve: Resolve): NodeDefinition {
  const caller = new HttpCaller(resolve);
  return defineNode({
    type: "http.request",
    title: "HTTP request",
    description:
      "Calls a URL and gives `{ status, headers, body, url, durationMs }`; JSON is parsed by content type.",
    category: "io",
    icon: "globe",
    pure: false,
    config: Config,
    output: Output,
    errors: [...CALL_ERRORS, "file_denied", "file_failed", "file_not_found"],
    examples: [
      {
        title: "Read JSON",
        with: { url: "https://api.example.com/orders", query: { page: 2 } },
        given: { http: { "GET /orders?page=2": { body: { orders: [{ id: 7 }] } } } },
        output: {
          status: 200,
          body: { orders: [{ id: 7 }] },
          url: "https://api.example.com/orders?page=2",
        },
      },
      {
        title: "Make something, once",
        with: {
          url: "https://api.example.com/orders",
          method: "POST",
          body: { sku: "a-1" },
          idempotencyHeader: true,
        },
        given: { http: { "POST /orders": { status: 201, body: { id: 8 } } } },
        output: { status: 201, body: { id: 8 } },
      },
      {
        title: "Something that is not there",
        with: { url: "https://api.example.com/none" },
        error: "http.404",
      },
      {
        title: "An address inside",
        with: { url: "http://169.254.169.254/latest" },
        error: "http_blocked",
      },
    ],
    async run(config, context) {
      const startedAtMs = performance.now();
      // A call whose answer has no place to go to is not made.
      if (config.saveTo !== undefined) await futurePath(await fileRoot(context), config.saveTo);
      const answer = await caller.call(config, context, (received, signal) =>
        outcome(config, received, context, signal),
      );
      return { ...answer, durationMs: Math.round(performance.now() - startedAtMs) };
    },
  });
}

/** The built-in type, on the system's resolver. */
export const httpRequest = defineHttpRequest(resolveBySystem);

async function outcome(config: Config, answer: Answer, context: NodeContext, signal: AbortSignal) {
  const { hop, response } = answer;
  const status = response.statusCode;
  if (isFailure(status, config.okStatuses)) throw await statusError(answer);
  return {
    status,
    headers: headersOf(response),
    body: await bodyOf(config, answer, context, signal),
    url: hop.url.href,
  };
}

async function bodyOf(
  { saveTo, responseType }: Config,
  answer: Answer,
  context: NodeContext,
  signal: AbortSignal,
): Promise<unknown> {
  if (saveTo !== undefined) return await saveBody(answer, saveTo, context, signal);
  const contentType = headerOf(answer.response, "content-type");
  const form = responseType === "auto" ? null : responseType;
  return bodyValue(await answerBytes(answer), contentType, form).body;
}
