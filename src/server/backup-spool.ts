/**
 * Copies of the store on their way to who asked for them: files of the spool folder, each as large as
 * the store. One goes when it is sent, or nobody takes it any more; what a process left that died in
 * between goes when the next one begins to serve. The folder is this process's alone.
 */
import { randomUUID } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const COPY = /^backup-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.db/;

export function newCopy(spoolDir: string): string {
  return join(spoolDir, `backup-${randomUUID()}.db`);
}

/** The copy as it is sent; its file is removed when the stream closes, whatever closed it. */
export function sentCopy(path: string): ReadStream {
  const file = createReadStream(path);
  // One that cannot be removed now goes with what is left, at the next start.
  file.once("close", () => void rm(path, { force: true }).catch(() => undefined));
  return file;
}

export async function removeLeftCopies(spoolDir: string): Promise<void> {
  for (const name of await readdir(spoolDir))
    if (COPY.test(name)) await rm(join(spoolDir, name), { force: true });
}
