/**
 * What may start a workflow by itself: `triggers` of a definition, each one of a schedule, an event
 * and a webhook. Its `id` names it in commands and run ids; without one it is named by its kind.
 *
 * `input` is a template, `filter` and `idempotencyKey` are bare expressions; they see `trigger` and
 * `workflow` and nothing else (check-triggers.ts).
 */
import { z } from "zod";
import { Duration } from "./duration.ts";

export const TRIGGER_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const EVENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/;
export const HOOK_PATH = /^[A-Za-z0-9][A-Za-z0-9._~-]*(\/[A-Za-z0-9][A-Za-z0-9._~-]*)*$/;
const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

const Template = z.json();
const Bare = z.string().min(1);
const common = { id: z.string().regex(TRIGGER_ID).optional(), input: Template.optional() };

export const OVERLAPS = ["skip", "queue", "cancelRunning", "allow"] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Exactly one of `cron`, `every` and `at`. */
export const ScheduleTrigger = z.strictObject({
  ...common,
  /** Five fields, or six with seconds first; also `@daily` and its like. */
  cron: z.string().min(1).max(200).optional(),
  /** Instants at whole multiples of it since 1970, moved by `offset`. */
  every: Duration.optional(),
  offset: Duration.optional(),
  /** One instant or several, each fired once. */
  at: z.union([z.string().max(50), z.array(z.string().max(50)).min(1).max(1_000)]).optional(),
  /** IANA name; default UTC. */
  timeZone: z.string().min(1).max(100).optional(),
  /** No instant before it, and none at or after `until`. */
  from: z.string().max(50).optional(),
  until: z.string().max(50).optional(),
  /** What happens at an instant while an earlier run of the schedule is open; default skip. */
  overlap: z.enum(OVERLAPS).optional(),
  /** Each start is late by less than this, always by the same for the same instant. */
  jitter: Duration.optional(),
  /** How late an instant is still made up for; default 1d. */
  catchUp: Duration.optional(),
});
export type ScheduleTrigger = z.infer<typeof ScheduleTrigger>;

export const EventTrigger = z.strictObject({
  ...common,
  name: z.string().regex(EVENT_NAME),
  /** Only events for which it is true. */
  filter: Bare.optional(),
});
export type EventTrigger = z.infer<typeof EventTrigger>;

export const HookSignature = z.strictObject({
  /** Name of the secret; the rotation's older ones after it. */
  secret: z.union([
    z.string().regex(SECRET_NAME),
    z.array(z.string().regex(SECRET_NAME)).min(1).max(5),
  ]),
  /** `standard`: Standard Webhooks; `hmac-sha256` (default): one header over the body. */
  scheme: z.enum(["standard", "hmac-sha256"]).optional(),
  /** Of `hmac-sha256`; default x-signature. */
  header: z.string().regex(HEADER_NAME).optional(),
  /** What stands before the signature in its header, such as `sha256=`. */
  prefix: z.string().max(50).optional(),
  encoding: z.enum(["hex", "base64"]).optional(),
  /** With it the signed text is `TIMESTAMP.BODY`, and the timestamp must be recent. */
  timestampHeader: z.string().regex(HEADER_NAME).optional(),
  /** Default 5m. */
  tolerance: Duration.optional(),
});
export type HookSignature = z.infer<typeof HookSignature>;

export const WebhookTrigger = z.strictObject({
  ...common,
  /** Below `/hooks/`. */
  path: z.string().max(200).regex(HOOK_PATH),
  method: z.enum(["POST", "PUT", "PATCH", "GET", "DELETE"]).optional(),
  signature: HookSignature.optional(),
  /** What makes two calls the same; default: the headers Idempotency-Key and webhook-id. */
  idempotencyKey: Bare.optional(),
  /** Answers with the run's output, if it ends in this time; else 202 with its id. */
  wait: Duration.optional(),
});
export type WebhookTrigger = z.infer<typeof WebhookTrigger>;

export const Trigger = z.strictObject({
  schedule: ScheduleTrigger.optional(),
  event: EventTrigger.optional(),
  webhook: WebhookTrigger.optional(),
});
export type Trigger = z.infer<typeof Trigger>;

export type TriggerKind = keyof Trigger;
export const TRIGGER_KINDS = ["schedule", "event", "webhook"] as const satisfies TriggerKind[];

/** One trigger with its name. */
export type NamedTrigger =
  | { readonly kind: "schedule"; readonly id: string; readonly spec: ScheduleTrigger }
  | { readonly kind: "event"; readonly id: string; readonly spec: EventTrigger }
  | { readonly kind: "webhook"; readonly id: string; readonly spec: WebhookTrigger };

/** The triggers of a definition by name: the second nameless schedule is `schedule-2`. */
export function namedTriggers(triggers: readonly Trigger[] | undefined): readonly NamedTrigger[] {
  const counts: Record<TriggerKind, number> = { schedule: 0, event: 0, webhook: 0 };
  return (triggers ?? []).flatMap((trigger) =>
    TRIGGER_KINDS.flatMap((kind) => {
      const spec = trigger[kind];
      if (spec === undefined) return [];
      counts[kind] += 1;
      const id = spec.id ?? (counts[kind] === 1 ? kind : `${kind}-${counts[kind]}`);
      return [{ kind, id, spec } as NamedTrigger];
    }),
  );
}
