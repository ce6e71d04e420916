/** The file a stream begins with: opened only if it is the one that the stream was made of. */
import { hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { NodeError } from "#errors/step-error.ts";
import type { Stream } from "../pure/stream-value.ts";

/** What of a file's status changes with its content. */
interface FileStatus {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** Names a file's content. Nobody makes one up who cannot see the file. */
export function fileTag(path: string, { ino, size, mtimeNs }: FileStatus): string {
  return hash("sha256", `${path}\n${ino}\n${size}\n${mtimeNs}`).slice(0, 32);
}

/** `real` is where the source's path leads. Throws NodeError `stream_changed`. */
export function openSource({ source }: Stream, real: string): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = openSync(real, flags);
  try {
    expectUnchanged({ source }, file);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

export function expectUnchanged({ source }: Pick<Stream, "source">, file: number): void {
  const { path, tag } = source;
  if (fileTag(path, fstatSync(file, { bigint: true })) === tag) return;
  throw new NodeError(
    "stream_changed",
    `path ${JSON.stringify(path.slice(0, 200))} is not the file any more that the stream was made of; run the step that reads it again.`,
    { details: { path: path.slice(0, 200) } },
  );
}
