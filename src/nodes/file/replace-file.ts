/**
 * Replaces a file as a whole and durably: temporary file beside it, fsync, rename, fsync of the
 * folder. A reader sees the old content or the new; what fails leaves the old one and no rest.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface ReplaceOptions {
  readonly signal: AbortSignal;
  /** Fails with EEXIST where there is one already. */
  readonly mustBeNew?: boolean;
}

/** `write` fills the file; what it answers is passed on. Missing folders are made. */
export async function replaceFile<T>(
  target: string,
  { signal, mustBeNew = false }: ReplaceOptions,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const folder = dirname(target);
  const temporary = join(folder, `.lockstitch-${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    signal.throwIfAborted();
    const written = await fill(temporary, write);
    signal.throwIfAborted();
    if (mustBeNew) await link(temporary, target);
    else await rename(temporary, target);
    await syncFolder(folder);
    return written;
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
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
