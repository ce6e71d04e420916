/** What `file.read` gives with `encoding: stream`: the file named, not read. */
import { stat } from "node:fs/promises";
import { NodeError } from "#errors/step-error.ts";
import { fileError } from "../file/allowed-path.ts";
import type { StreamValue } from "../pure/stream-value.ts";
import { fileTag } from "./stream-file.ts";

export async function streamedFile(path: string, real: string) {
  const status = await stat(real, { bigint: true }).catch((error: unknown) => {
    throw fileError(path, error);
  });
  if (!status.isFile())
    throw new NodeError("file_failed", `path ${JSON.stringify(path)} is not a regular file.`);
  const bytes = Number(status.size);
  const source = { path, bytes, tag: fileTag(path, status) };
  const content: StreamValue = { $stream: { source, steps: [] } };
  return { path, bytes, content };
}
