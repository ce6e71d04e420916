/**
 * `webhook.send` posts JSON to a receiver, signed so that he can check who sent it and when
 * (signature.ts). While a key is being replaced both sign.
 *
 * W1. The message id comes from the step's idempotency key: the same for all attempts. The
 *     timestamp is that of the attempt, since receivers refuse old ones.
 * W2. Redirects are not followed: a signed message goes where it was sent or nowhere.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { withConnection } from "../connections/connections.ts";
import { defineNode, type NodeContext, type NodeDefinition } from "../define-node.ts";
import { statusError } from "../http/answer.ts";
import { CALL_ERRORS, CallConfig } from "../http/call-config.ts";
import { HttpCaller } from "../http/caller.ts";
import { type Resolve, resolveBySystem } from "../http/client.ts";
import { messageId, signedHeaders } from "./signature.ts";

const Config = z.strictObject({
  url: CallConfig.url.describe("Address of the receiver, or a path below the connection's"),
  connection: CallConfig.connection,
  payload: z.unknown().describe("What is sent, as JSON"),
  secrets: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(5)])
    .optional()
    .describe("Signing key, or several while one is replaced; default: those of the connection"),
  headers: CallConfig.headers.describe("More headers of the request"),
  timeoutMs: CallConfig.timeoutMs,
});

type Config = z.output<typeof Config>;

const Output = z.strictObject({
  id: z.string().describe("Id of the message, the same for all attempts"),
  timestamp: z.int().describe("Seconds since 1970, as signed"),
  status: z.int().describe("What the receiver answered, 200 to 299"),
});

export function defineWebhookSend(resolve: Resolve, nowMs: () => number): NodeDefinition {
  const caller = new HttpCaller(resolve);
  return defineNode({
    type: "webhook.send",
    title: "Send a webhook",
    description:
      "Posts JSON to a URL with an id, a timestamp and an HMAC signature (Standard Webhooks).",
    category: "io",
    icon: "webhook",
    pure: false,
    config: Config,
    output: Output,
    errors: CALL_ERRORS,
    examples: [
      {
        title: "Tell that an order is paid",
        with: {
          url: "https://api.example.com/hooks",
          payload: { type: "order.paid", data: { id: 7 } },
          secrets: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
        given: { http: { "POST /hooks": { status: 204, body: "" } } },
        output: { status: 204 },
      },
      {
        title: "A key that is too short",
        with: { url: "https://api.example.com/hooks", payload: {}, secrets: "abc" },
        error: "config_invalid",
      },
    ],
    run: (config, context) => sendWebhook(config, context, caller, nowMs),
  });
}

export const webhookSend = defineWebhookSend(resolveBySystem, Date.now);

async function sendWebhook(
  config: Config,
  context: NodeContext,
  caller: HttpCaller,
  nowMs: () => number,
) {
  const body = JSON.stringify(config.payload ?? null);
  const id = messageId(context.idempotencyKey);
  const timestamp = Math.floor(nowMs() / 1000);
  const keys = await keysOf(config, context);
  const request = {
    ...{ url: config.url, connection: config.connection, timeoutMs: config.timeoutMs },
    ...{
      method: "POST",
      query: {},
      auth: { type: "none" as const },
      body,
      bodyType: "text" as const,
    },
    headers: {
      ...{ "content-type": "application/json", ...config.headers },
      ...signedHeaders(id, timestamp, body, keys),
    },
    redirects: "manual" as const,
    idempotencyHeader: false,
  };
  return await caller.call(request, context, async (answer) => {
    const { statusCode: status } = answer.response;
    if (status < 200 || status > 299) throw await statusError(answer);
    return { id, timestamp, status };
  });
}

async function keysOf(config: Config, context: NodeContext): Promise<readonly string[]> {
  if (config.secrets !== undefined) return [config.secrets].flat();
  const { connection } = config;
  const keys = connection === undefined ? [] : await signingKeys(connection, context);
  if (keys.length === 0)
    throw new NodeError(
      "config_invalid",
      connection === undefined
        ? "secrets: a signing key is missing; write secrets: ${{ secrets.NAME }}, or name a connection that has some."
        : `secrets: connection ${connection} has no signing keys; add signing: [{ secret: NAME }] to it.`,
      { details: { field: "secrets" } },
    );
  return keys;
}

/** They go into the signature only; the caller keeps in whatever comes back. */
async function signingKeys(name: string, context: NodeContext): Promise<readonly string[]> {
  let keys: readonly string[] = [];
  await withConnection(context, name, ["http"], async ({ settings }) => {
    keys = settings.signing;
  });
  return keys;
}
