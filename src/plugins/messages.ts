/**
 * What the host and a plugin's process say to each other. The host's own messages are plain types;
 * what a plugin sends comes from foreign code and is parsed.
 */
import { z } from "zod";
import type { AttemptData } from "./attempt-data.ts";

/** From the host to the plugin. */
export type ToPlugin =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly type: string;
      readonly config: unknown;
      readonly context: AttemptData;
    }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "ping"; readonly nonce: number }
  | { readonly kind: "answer"; readonly call: number; readonly answer: HttpOutcome }
  | { readonly kind: "stop" };

export type HttpOutcome =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly error: PlainError };

const Id = z.int().min(0);
export type PlainError = z.output<typeof PlainError>;

const PlainError = z.object({
  code: z.string().max(200),
  message: z.string().max(16_384),
  retryable: z.boolean(),
  details: z.unknown().optional(),
});

/** From the plugin to the host. */
export const FromPlugin = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), manifest: z.unknown().optional() }),
  z.object({ kind: z.literal("refused"), message: z.string().max(16_384) }),
  z.object({ kind: z.literal("done"), id: Id, output: z.unknown().optional() }),
  z.object({ kind: z.literal("failed"), id: Id, error: PlainError }),
  z.object({
    kind: z.literal("log"),
    id: Id,
    level: z.enum(["debug", "info", "warn", "error"]),
    message: z.string().max(65_536),
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ kind: z.literal("heartbeat"), id: Id, details: z.unknown().optional() }),
  z.object({
    kind: z.literal("progress"),
    id: Id,
    fraction: z.number(),
    note: z.string().max(4_096).optional(),
  }),
  z.object({
    kind: z.literal("http"),
    id: Id,
    call: Id,
    request: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal("pong"), nonce: Id }),
]);

export type FromPlugin = z.output<typeof FromPlugin>;
