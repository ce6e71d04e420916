/**
 * The worker thread of start-bodies.ts: reads the body of a start, and packs its input when that is
 * large.
 *
 *   1. What is not a plain start with a large part is answered null, or fails: the main thread reads
 *      that itself, and tells what is wrong with it.
 */
import { hash } from "node:crypto";
import { toPlainJson } from "#nodes/pure/plain-json.ts";
import { canonicalJson } from "#workflow/canonical-json.ts";
import { jsonSizeUpTo } from "#workflow/json.ts";
import { PACKED_BYTES_MIN } from "#workflow/packed-json.ts";
import { answerRequests } from "./answering-thread.ts";

export interface ReadBody {
  /** The body, without what stands beside it here. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly input: {
    readonly content: Uint8Array<ArrayBuffer>;
    readonly hash: string;
    readonly canonicalHash: string;
  } | null;
  /** The definition as JSON text, for the reader of definitions. */
  readonly workflowText: string | null;
}

/** Keys that the main thread's parser refuses; it says so better. */
const SUSPICIOUS = /"(?:__proto__|constructor)"|\\u00/;

function read(bytes: Uint8Array): ReadBody | null {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  if (SUSPICIOUS.test(text)) return null;
  const body: unknown = JSON.parse(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return null;
  const { input, workflow, ...rest } = body as Readonly<Record<string, unknown>>;
  const isLarge = jsonSizeUpTo(input, PACKED_BYTES_MIN) > PACKED_BYTES_MIN;
  const isDefinition = typeof workflow === "object" && workflow !== null;
  if (!isLarge && !isDefinition) return null;
  return {
    rest: {
      ...rest,
      ...(isLarge || input === undefined ? {} : { input }),
      ...(isDefinition ? {} : { workflow }),
    },
    input: isLarge ? packed(input) : null,
    workflowText: isDefinition ? JSON.stringify(workflow) : null,
  };
}

function packed(input: unknown): ReadBody["input"] {
  const plain = toPlainJson(input, Number.POSITIVE_INFINITY);
  const content = new TextEncoder().encode(JSON.stringify(plain));
  const canonicalHash = hash("sha256", canonicalJson(plain));
  return { content, hash: hash("sha256", content), canonicalHash };
}

answerRequests(read, (body) => {
  const given = body?.input?.content;
  return given === undefined ? [] : [given.buffer];
});
