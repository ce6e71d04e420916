/**
 * Puts the body of a response into a file below the operator's folder as it arrives: in memory
 * there are a few chunks of it, whatever its size.
 */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { NodeError } from "#errors/step-error.ts";
import type { NodeContext } from "../define-node.ts";
import { fileError, fileRoot, futurePath } from "../file/allowed-path.ts";
import { replaceFile } from "../file/replace-file.ts";
import { type Answer, headerOf } from "./answer.ts";
import { connectionError } from "./hop.ts";
import { encodingLayers, tooLarge, undecodable } from "./response-body.ts";

export const DOWNLOAD_BYTES_MAX = 1024 * 1024 * 1024;

export interface SavedBody {
  readonly path: string;
  readonly bytes: number;
  /** Hex, of the bytes in the file. */
  readonly sha256: string;
  readonly contentType: string;
}

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

export async function saveBody(
  { hop, response, rules }: Answer,
  path: string,
  context: NodeContext,
  signal: AbortSignal,
): Promise<SavedBody> {
  const bytesMax = rules.downloadBytesMax ?? DOWNLOAD_BYTES_MAX;
  const decoders = encodingLayers(headerOf(response, "content-encoding")).map((layer) => {
    const make = DECODERS[layer];
    if (make === undefined) throw undecodable(layer);
    return make();
  });
  const target = await futurePath(await fileRoot(context), path);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await replaceFile(target, { context, signal }, async (file) => {
      const counted = async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > bytesMax) throw tooLarge(bytesMax);
          hash.update(chunk);
          await file.writeFile(chunk);
        }
      };
      const [first, second] = decoders;
      if (first === undefined) await pipeline(response.body, counted, { signal });
      else if (second === undefined) await pipeline(response.body, first, counted, { signal });
      else await pipeline(response.body, first, second, counted, { signal });
    });
  } catch (error) {
    throw saveError(error, path, () => connectionError(hop.url, error));
  }
  const contentType = headerOf(response, "content-type");
  return { path, bytes, sha256: hash.digest("hex"), contentType };
}

function saveError(error: unknown, path: string, ofNetwork: () => unknown): unknown {
  if (error instanceof NodeError) return error;
  const { code = "", syscall, name } = error as NodeJS.ErrnoException;
  if (code.startsWith("Z_") || code.startsWith("ERR__ERROR_")) return undecodable("body", error);
  if (syscall !== undefined && syscall !== "read" && syscall !== "connect")
    return fileError(path, error);
  return name === "AbortError" ? error : ofNetwork();
}
