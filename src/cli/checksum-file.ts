/**
 * The SHA-256 of a backup, in a file beside it as sha256sum writes and checks it.
 *
 *   1. It is written under another name, fsynced, then given its name, and the name is fsynced: it
 *      is whole or not there. Half a checksum would make a good backup look damaged.
 *   2. One that belongs to an earlier file of the same name goes before the file comes.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { LockstitchError } from "#errors/errors.ts";
import { isMissing } from "#errors/is-missing.ts";

const DIGEST = /^[0-9a-f]{64}(?=\s|$)/i;

/** Removes the checksum of a file that is no more. */
export async function clearChecksum(file: string): Promise<void> {
  if (!existsSync(file)) await rm(checksumOf(file), { force: true });
}

export async function writeChecksum(file: string, sha256: string): Promise<void> {
  const draft = `${checksumOf(file)}.part`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(`${sha256}  ${basename(file)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, checksumOf(file));
  const folder = await open(dirname(file), "r");
  await folder.sync().finally(() => folder.close());
}

/** False: there is no checksum beside the file. Throws not_found, store_corrupt. */
export async function checkChecksum(file: string): Promise<boolean> {
  const said = await readFile(checksumOf(file), "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    // Whether the backup is whole cannot be told, which is not the same as having no checksum.
    throw unreadable(checksumOf(file), error);
  });
  const digest = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (said === null) return false;
  const expected = DIGEST.exec(said)?.[0].toLowerCase();
  if (expected === digest.digest("hex")) return true;
  throw new LockstitchError(
    "store_corrupt",
    expected === undefined
      ? `${checksumOf(file)} holds no SHA-256. Remove it, and the file's own pages are checked instead.`
      : `${file} is not what was written: its checksum differs from ${checksumOf(file)}. Use another backup.`,
  );
}

function unreadable(file: string, cause: unknown): LockstitchError {
  return new LockstitchError("not_found", `${file} cannot be read.`, { cause });
}

function checksumOf(file: string): string {
  return `${file}.sha256`;
}
