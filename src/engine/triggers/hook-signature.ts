/**
 * Whether a request below /hooks/ is signed by who knows the secret: HMAC-SHA256, compared in constant
 * time, with a timestamp that must be recent where the scheme has one.
 *
 *   hmac-sha256  one header with the signature of the body, or of `TIMESTAMP.BODY`
 *   standard     Standard Webhooks 1.0.0: webhook-id, webhook-timestamp, webhook-signature; the
 *                signed text is `ID.TIMESTAMP.BODY`, and several signatures may be given
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { durationMs } from "#workflow/duration.ts";
import type { HookSignature } from "#workflow/trigger-definition.ts";

const TOLERANCE_MS = 300_000;
const WHSEC = "whsec_";

export interface SignedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Why the request is refused; null: one of the secrets has signed it. */
export function signatureFault(
  request: SignedRequest,
  signature: HookSignature,
  secrets: readonly string[],
  nowMs: number,
): string | null {
  const toleranceMs = durationMs(signature.tolerance) ?? TOLERANCE_MS;
  const isStandard = signature.scheme === "standard";
  const stampHeader = isStandard ? "webhook-timestamp" : signature.timestampHeader?.toLowerCase();
  let signed = "";
  if (stampHeader !== undefined) {
    const stamp = request.headers[stampHeader];
    if (stamp === undefined) return `the header ${stampHeader} is missing`;
    const fault = stampFault(stamp, nowMs, toleranceMs);
    if (fault !== null) return `the header ${stampHeader} ${fault}`;
    signed = `${stamp}.`;
  }
  if (isStandard) {
    const id = request.headers["webhook-id"];
    if (id === undefined) return "the header webhook-id is missing";
    signed = `${id}.${signed}`;
  }
  const given = givenSignatures(request, signature);
  if (typeof given === "string") return given;
  const isSigned = secrets.some((secret) => {
    const hmac = createHmac("sha256", keyOf(secret, isStandard));
    const expected = hmac.update(signed).update(request.body).digest();
    // Every pair is compared, so that time tells nothing of which one fits.
    return given.filter((one) => isEqual(one, expected)).length > 0;
  });
  return isSigned ? null : "the signature does not fit";
}

/** Seconds since 1970, as nearly everybody sends it, or milliseconds. */
function stampFault(text: string, nowMs: number, toleranceMs: number): string | null {
  if (!/^\d{1,14}$/.test(text)) return "is no time in seconds since 1970";
  const atMs = text.length > 11 ? Number(text) : Number(text) * 1_000;
  if (Math.abs(nowMs - atMs) <= toleranceMs) return null;
  return atMs < nowMs ? "is too old" : "lies in the future";
}

/** The signatures that were sent, or why there is none. */
function givenSignatures(
  { headers }: SignedRequest,
  { scheme, header = "x-signature", prefix = "", encoding = "hex" }: HookSignature,
): readonly Buffer[] | string {
  if (scheme === "standard") {
    const text = headers["webhook-signature"];
    if (text === undefined) return "the header webhook-signature is missing";
    return text
      .split(" ")
      .filter((one) => one.startsWith("v1,"))
      .map((one) => Buffer.from(one.slice(3), "base64"));
  }
  const text = headers[header.toLowerCase()];
  if (text === undefined) return `the header ${header.toLowerCase()} is missing`;
  if (!text.startsWith(prefix)) return `the header ${header.toLowerCase()} lacks "${prefix}"`;
  return [Buffer.from(text.slice(prefix.length).trim(), encoding)];
}

function keyOf(secret: string, isStandard: boolean): Buffer {
  if (!isStandard) return Buffer.from(secret, "utf8");
  return Buffer.from(secret.startsWith(WHSEC) ? secret.slice(WHSEC.length) : secret, "base64");
}

function isEqual(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
