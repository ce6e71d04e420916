/**
 * Where file nodes may go: below the operator's root, symbolic links resolved, nothing else.
 *
 * F1. Paths are relative, with `/` between names; absolute paths, `..`, `.`-only tricks with
 *     backslashes or NUL are refused before anything is touched.
 * F2. What a path leads to after links are resolved must lie below the resolved root.
 * Links that another process plants between check and use are beyond this; the root is trusted
 * not to be writable by strangers.
 */
import { realpath } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { isMissing } from "#errors/is-missing.ts";
import { NodeError } from "#errors/step-error.ts";
import type { NodeServices } from "../define-node.ts";

export const RelativePath = z
  .string()
  .max(4096)
  .describe("Below the operator's file folder; names joined by /");

/** The resolved root. Throws NodeError `file_denied` when file nodes are off. */
export async function fileRoot({
  services,
}: {
  readonly services: Pick<NodeServices, "fileRoot">;
}): Promise<string> {
  if (services.fileRoot === null)
    throw new NodeError("file_denied", "File nodes are off: the operator has set no file folder.");
  try {
    return await realpath(services.fileRoot);
  } catch (error) {
    throw fileError(services.fileRoot, error);
  }
}

/** The names of a relative path. Throws NodeError `file_denied` for F1. */
export function namesOf(text: string): readonly string[] {
  if (text.startsWith("/") || /[\\\0]/.test(text) || /^[A-Za-z]:/.test(text))
    throw denied(text, "must be relative, with / between names");
  const names = text.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw denied(text, "must not hold ..");
  return names;
}

/** The real path of something that exists. Throws NodeError `file_denied` or `file_not_found`. */
export async function existingPath(root: string, text: string): Promise<string> {
  const target = path.join(root, ...namesOf(text));
  try {
    return inside(root, await realpath(target), text);
  } catch (error) {
    throw fileError(text, error);
  }
}

/**
 * Where a file that may not exist yet would lie: the real path of its nearest existing folder
 * plus the names still to be made. The last name is not resolved: writing replaces a link.
 */
export async function futurePath(root: string, text: string): Promise<string> {
  const names = [...namesOf(text)];
  const missing: string[] = [];
  const last = names.pop();
  if (last === undefined) throw denied(text, "names no file");
  missing.push(last);
  for (;;) {
    try {
      const folder = inside(root, await realpath(path.join(root, ...names)), text);
      return path.join(folder, ...missing);
    } catch (error) {
      const name = isMissing(error) ? names.pop() : undefined;
      if (name === undefined) throw fileError(text, error);
      missing.unshift(name);
    }
  }
}

function inside(root: string, real: string, text: string): string {
  if (real !== root && !real.startsWith(root.endsWith(path.sep) ? root : root + path.sep))
    throw denied(text, "leads outside the file folder");
  return real;
}

function denied(text: string, why: string): NodeError {
  return new NodeError("file_denied", `path ${JSON.stringify(text.slice(0, 200))} ${why}.`, {
    details: { path: text.slice(0, 200) },
  });
}

/** Any failure of the file system as a NodeError; `text` is the path as the workflow wrote it. */
export function fileError(text: string, error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  const reason = (error as NodeJS.ErrnoException).code ?? "unknown";
  const shown = JSON.stringify(text.slice(0, 200));
  if (reason === "ENOENT")
    return new NodeError("file_not_found", `path ${shown} does not exist.`, { cause: error });
  const isTransient = ["EIO", "EBUSY", "EAGAIN", "EMFILE", "ENFILE", "ENOSPC"].includes(reason);
  return new NodeError("file_failed", `path ${shown}: ${REASONS[reason] ?? reason}.`, {
    retryable: isTransient,
    details: { path: text.slice(0, 200), reason },
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: "is a folder",
  ENOTDIR: "a name on the way is no folder",
  EACCES: "permission denied",
  ENOSPC: "the disk is full",
  EEXIST: "exists already",
  ELOOP: "is a symbolic link",
  ENAMETOOLONG: "a name is too long",
};
