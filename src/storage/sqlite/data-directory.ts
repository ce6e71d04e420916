/** Makes the folder that a store lies in, for this user only. */
import { mkdirSync } from "node:fs";
import { LockstitchError } from "#errors/errors.ts";
import { toStoreError } from "./sqlite-error.ts";

/** Throws request_invalid where a file stands in the way, else store_unavailable. */
export function makeDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw directoryError(path, error);
  }
}

function directoryError(path: string, cause: unknown): LockstitchError {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code !== "EEXIST" && code !== "ENOTDIR")
    return toStoreError(cause, `making the data directory ${path}`);
  return new LockstitchError(
    "request_invalid",
    `The data directory ${path} cannot be made: a file is in its place. Name a folder with --data.`,
    { cause },
  );
}
