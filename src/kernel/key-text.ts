/**
 * The key of a policy as it is journaled and compared: text as it is, anything else as canonical
 * JSON, so that equal values are one key however they were built. A longer one is its hash.
 */
import { canonicalJson } from "#workflow/canonical-json.ts";
import { hashText } from "#workflow/hash.ts";

const LENGTH_MAX = 200;

export function keyText(value: unknown): string {
  const text = typeof value === "string" ? value : canonicalJson(value ?? null);
  return text.length <= LENGTH_MAX ? text : `sha256:${hashText(text)}`;
}
