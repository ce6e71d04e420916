/**
 * Signatures of webhooks as the Standard Webhooks specification (1.0.0) has them: HMAC-SHA256 over
 * `id.timestamp.body`, in base64 after `v1,`, one for each key that is in use.
 */
import { createHash, createHmac } from "node:crypto";
import { NodeError } from "#errors/step-error.ts";

export interface SignedHeaders extends Readonly<Record<string, string>> {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** `timestamp` in seconds. The receiver accepts the message if any of the keys is his. */
export function signedHeaders(
  id: string,
  timestamp: number,
  body: string,
  keys: readonly string[],
): SignedHeaders {
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = keys.map(
    (key) => `v1,${createHmac("sha256", keyBytes(key)).update(signed).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.join(" "),
  };
}

/** The same for all attempts of a step, so that the receiver can tell a repeat. */
export function messageId(idempotencyKey: string): string {
  return `msg_${createHash("sha256").update(idempotencyKey).digest("base64url").slice(0, 27)}`;
}

/** `whsec_` and base64 as the specification has it; other text stands for its own bytes. */
function keyBytes(key: string): Buffer {
  if (!key.startsWith("whsec_")) return checked(Buffer.from(key, "utf8"));
  const text = key.slice("whsec_".length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw badKey("is not base64 after whsec_");
  return checked(Buffer.from(text, "base64"));
}

function checked(bytes: Buffer): Buffer {
  if (bytes.length < 16)
    throw badKey(`has ${bytes.length} bytes; 16 are the least, 24 to 64 are usual`);
  return bytes;
}

function badKey(why: string): NodeError {
  return new NodeError("config_invalid", `secrets: a signing key ${why}.`, {
    details: { field: "secrets" },
  });
}
