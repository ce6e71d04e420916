/**
 * Identifiers that follow from others, so that a repeat after a crash makes the same one: child
 * runs, messages, idempotency keys. SHA-256, cut to 130 bits, in lower-case base 32 (Crockford).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

function derive(...parts: readonly (string | number)[]): string {
  const digest = sha256(utf8ToBytes(JSON.stringify(parts)));
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < 26) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31] ?? "";
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

/** The run that step `path` of `runId` starts in its `generation` (1, and one more for each retry). */
export function deriveRunId(runId: string, path: string, generation: number): string {
  return `run_${derive("child", runId, path, generation)}`;
}

/** The run in which `runId` goes on (workflow.continue). */
export function successorRunId(runId: string): string {
  return `run_${derive("continue", runId)}`;
}

export function messageId(runId: string, path: string, generation: number, kind: string): string {
  return `msg_${derive("message", runId, path, generation, kind)}`;
}

/** The same for all attempts of a step instance, whatever crashed when. */
export function idempotencyKey(runId: string, path: string): string {
  return derive("step", runId, path);
}
