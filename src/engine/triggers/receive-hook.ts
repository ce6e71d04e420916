/**
 * Inbound webhooks: from a request below /hooks/ to a run of the workflow that has the webhook.
 *
 *   W1. Nothing of a request counts before its signature fits; one without a signature is taken from
 *       callers that the server knows only (HookRequest.isKnown).
 *   W2. Two requests with the same key are one: the second is answered with the first one's run, or
 *       run_exists where its input is another. Without a key each starts a run.
 *   W3. A paused webhook refuses its calls (action_refused), so that who calls tries again later.
 */
import { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Meter } from "#ports/meter.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { TriggerRow, Triggers } from "#ports/triggers.ts";
import { durationMs } from "#workflow/duration.ts";
import { hashText } from "#workflow/hash.ts";
import { WebhookTrigger } from "#workflow/trigger-definition.ts";
import type { Engine } from "../engine.ts";
import type { HookAnswer, HookRequest } from "../engine-triggers.ts";
import { signatureFault } from "./hook-signature.ts";
import { inputOf, keyOf } from "./trigger-input.ts";
import { hookLookup } from "./trigger-text.ts";

export interface HookParts {
  readonly triggers: Triggers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter?: Meter | undefined;
  readonly secrets: Secrets;
  readonly engine: Pick<Engine, "start" | "wait">;
}

/** Headers that say who calls, not what; no run should keep them. */
const PRIVATE_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);
const KEY_HEADERS = ["idempotency-key", "webhook-id"];
const KEY_LENGTH_MAX = 1_000;

export async function receiveHook(
  parts: HookParts,
  context: CallContext,
  request: HookRequest,
): Promise<HookAnswer> {
  const lookup = hookLookup(request);
  const [row] = await parts.triggers.matching(context, "webhook", lookup);
  if (row === undefined) throw noHook(lookup);
  const hook = WebhookTrigger.parse(JSON.parse(row.spec));
  const by = { ...context, principal: `webhook:${row.id}` };
  const answer = await start(parts, by, { row, hook, lookup, request }).catch((error: unknown) => {
    const isUnknown = error instanceof LockstitchError && error.code === "unauthorized";
    const isPaused = row.paused !== null && !isUnknown;
    parts.meter?.called("webhook", isUnknown ? "unauthorized" : isPaused ? "paused" : "failed");
    throw error;
  });
  parts.meter?.called("webhook", answer.created ? "started" : "repeated");
  const waitMs = durationMs(hook.wait) ?? 0;
  if (waitMs === 0) return { ...answer, ended: null };
  const run = await parts.engine.wait(by, answer.runId, waitMs, request.signal);
  return { ...answer, ended: run.endedAtMs === null ? null : run };
}

interface Call {
  readonly row: TriggerRow;
  readonly hook: WebhookTrigger;
  readonly lookup: string;
  readonly request: HookRequest;
}

async function start(
  parts: HookParts,
  by: CallContext,
  { row, hook, lookup, request }: Call,
): Promise<Omit<HookAnswer, "ended">> {
  await authenticate(parts, row, hook, request);
  const { workflow, id } = row;
  if (row.paused !== null)
    throw new LockstitchError("action_refused", `Webhook ${workflow}/${id} is paused; try later.`);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !PRIVATE_HEADERS.has(name)),
  );
  const { method, path, query } = request;
  const body = bodyOf(request);
  const trigger = { kind: "webhook", id, method, path, headers, query, body };
  const fired = { workflow, id, trigger };
  const key =
    hook.idempotencyKey === undefined
      ? (KEY_HEADERS.map((name) => headers[name]).find((value) => value !== undefined) ?? null)
      : keyOf(fired, hook.idempotencyKey);
  if (key !== null && (key.length > KEY_LENGTH_MAX || key === ""))
    throw new LockstitchError(
      "request_invalid",
      `The idempotency key of a webhook has 1 to ${KEY_LENGTH_MAX} characters.`,
    );
  const started = await parts.engine.start(by, {
    workflow,
    input: inputOf(fired, hook.input, body),
    ...(key === null ? {} : { idempotencyKey: `webhook:${workflow}/${id}:${hashText(key)}` }),
    trigger: { kind: "webhook", id, hook: lookup },
  });
  return { workflow, id, runId: started.run.id, created: started.created };
}

async function authenticate(
  { secrets, clock, logger }: HookParts,
  { tenant, workflow, id }: TriggerRow,
  { signature }: WebhookTrigger,
  request: HookRequest,
): Promise<void> {
  if (signature === undefined) {
    if (request.isKnown) return;
    throw unauthorized("this webhook has no signature, so it takes an API key");
  }
  const values: string[] = [];
  for (const name of [signature.secret].flat()) {
    const found = await secrets.resolve(tenant, name);
    if (found !== null) values.push(found.value);
  }
  if (values.length === 0) {
    const names = [signature.secret].flat().join(", ");
    logger.error({ tenant, workflow, trigger: id }, `a webhook's secret is not there: ${names}`);
    // Who calls cannot help it, and is to try again once somebody has.
    throw new LockstitchError(
      "secrets_unreadable",
      `The secret of webhook ${workflow}/${id} is not there; ask who runs this server.`,
    );
  }
  const fault = signatureFault(request, signature, values, clock.nowMs());
  if (fault !== null) throw unauthorized(fault);
}

/** JSON where it is said to be JSON, fields of a form as an object, else text; null without one. */
function bodyOf({ headers, body }: HookRequest): unknown {
  if (body.byteLength === 0) return null;
  const text = Buffer.from(body).toString("utf8");
  const [type = ""] = (headers["content-type"] ?? "application/json").split(";");
  const media = type.trim().toLowerCase();
  if (media === "application/x-www-form-urlencoded")
    return Object.fromEntries(new URLSearchParams(text));
  if (media !== "application/json" && !media.endsWith("+json")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw notJson(cause);
  }
}

function notJson(cause: unknown): LockstitchError {
  return new LockstitchError("request_invalid", "The body of the webhook is no JSON.", { cause });
}

function noHook(lookup: string): LockstitchError {
  return new LockstitchError("not_found", `There is no webhook ${lookup}.`);
}

function unauthorized(fault: string): LockstitchError {
  return new LockstitchError("unauthorized", `The webhook was not accepted: ${fault}.`);
}
