/**
 * Reads the body of a response within a bound on its bytes, before and after decompression, and
 * makes it JSON, text or base64 by its content type.
 */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { NodeError } from "#errors/step-error.ts";

export type BodyForm = "json" | "text" | "base64";

/** What the client says it understands; others would not be decoded. */
export const ACCEPT_ENCODING = "gzip, deflate, br";

const DECODERS: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The whole body, decompressed. Throws NodeError `limit_exceeded` beyond `bytesMax`, `parse_failed` for broken compression. */
export async function readBytes(
  body: AsyncIterable<Uint8Array>,
  encoding: string,
  bytesMax: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  let bytes: Buffer = Buffer.concat(chunks, size);
  for (const layer of encodingLayers(encoding)) bytes = await decoded(bytes, layer, bytesMax);
  return bytes;
}

/** The encodings of a Content-Encoding header, the one to undo first in front. */
export function encodingLayers(encoding: string): readonly string[] {
  const layers = encoding
    .split(",")
    .map((layer) => layer.trim().toLowerCase())
    .filter((layer) => layer !== "" && layer !== "identity");
  if (layers.length > 2) throw undecodable(encoding);
  return layers.reverse();
}

async function decoded(bytes: Buffer, layer: string, bytesMax: number): Promise<Buffer> {
  const decode = DECODERS[layer];
  if (decode === undefined) throw undecodable(layer);
  // The answer to HEAD and 304 names an encoding but has no body.
  if (bytes.length === 0) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw undecodable(layer, error);
  }
}

/** The body as the workflow sees it. `form` null: by the content type. */
export function bodyValue(
  bytes: Buffer,
  contentType: string,
  form: BodyForm | null,
): { readonly body: unknown; readonly form: BodyForm } {
  const wanted = form ?? formOf(contentType, bytes);
  if (wanted === "base64") return { body: bytes.toString("base64"), form: wanted };
  const text = decoderOf(contentType).decode(bytes);
  if (wanted === "text") return { body: text, form: wanted };
  if (text.trim() === "") return { body: null, form: wanted };
  try {
    return { body: JSON.parse(text) as unknown, form: wanted };
  } catch (error) {
    throw notJson(error);
  }
}

function formOf(contentType: string, bytes: Buffer): BodyForm {
  const [type = ""] = contentType.toLowerCase().split(";");
  const name = type.trim();
  if (/^application\/(?:[\w.-]+\+)?json$/.test(name)) return "json";
  if (
    /^text\/|[/+]xml$|^application\/(?:x-ndjson|javascript|yaml|x-www-form-urlencoded)$/.test(name)
  )
    return "text";
  if (name === "") return isUtf8(bytes) ? "text" : "base64";
  return "base64";
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    // That is the answer.
    return false;
  }
}

function decoderOf(contentType: string) {
  const charset = /charset="?([\w.:-]+)"?/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset);
  } catch {
    // A charset that nobody knows, or none: most text is UTF-8, and what is not stays visible.
    return new TextDecoder("utf-8");
  }
}

export function tooLarge(bytesMax: number): NodeError {
  return new NodeError("limit_exceeded", `The response is larger than ${bytesMax} bytes.`, {
    details: { limit: "responseBytes", max: bytesMax },
  });
}

export function undecodable(encoding: string, cause?: unknown): NodeError {
  return new NodeError(
    "parse_failed",
    `The response's content encoding ${JSON.stringify(encoding.slice(0, 40))} cannot be decoded.`,
    { cause },
  );
}

function notJson(cause: unknown): NodeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new NodeError("parse_failed", `The response says it is JSON but is not: ${message}.`, {
    cause,
  });
}
