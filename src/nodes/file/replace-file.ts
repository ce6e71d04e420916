/**
 * Replaces a file as a whole and durably: temporary file beside it, fsync, rename, fsync of the
 * folder. A reader sees the old content or the new; what fails leaves the old one and no rest.
 *
 *   R1. Where a process died in the midst of it, the step's next attempt removes what it left.
 */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NodeContext } from "../define-node.ts";

export interface ReplaceOptions {
  /** Of the attempt that writes. */
  readonly context: Pick<NodeContext, "idempotencyKey" | "attempt">;
  readonly signal: AbortSignal;
  /** Fails with EEXIST where there is one already. */
  readonly mustBeNew?: boolean;
}

/** `write` fills the file; what it answers is passed on. Missing folders are made. */
export async function replaceFile<T>(
  target: string,
  { context, signal, mustBeNew = false }: ReplaceOptions,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const folder = dirname(target);
  const prefix = prefixOf(context.idempotencyKey);
  const temporary = join(folder, `${prefix}${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    if (context.attempt > 1) await removeRests(folder, prefix);
    signal.throwIfAborted();
    const written = await fill(temporary, write);
    signal.throwIfAborted();
    if (mustBeNew) await link(temporary, target);
    else await rename(temporary, target);
    await syncFolder(folder);
    return written;
  } finally {
    // Whether the file is written has been decided; a rest that cannot be removed changes nothing.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** The same for all attempts of a step, and for no other one. */
function prefixOf(idempotencyKey: string): string {
  return `.lockstitch-${createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 16)}-`;
}

/** An attempt that is still at it, though given up, fails at its rename: its result counts no more. */
async function removeRests(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(prefix)) await rm(join(folder, name), { force: true });
}

async function fill<T>(temporary: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  await using file = await open(temporary, "wx", 0o644);
  const written = await write(file);
  await file.sync();
  return written;
}

/** The rename is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}
