/** Whether a file is a copy of a store, asked before a byte of it is used. */
import { createHash } from "node:crypto";
import { type BigIntStats, createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { LockstitchError } from "#errors/errors.ts";
import { isMissing } from "#errors/is-missing.ts";
import { APPLICATION_ID } from "./connection.ts";

/** Source: https://www.sqlite.org/fileformat2.html, 1.3. */
const HEADER_BYTES = 100;
const SQLITE_MAGIC = "SQLite format 3\0";
const APPLICATION_ID_AT = 68;

/** Before a byte of it is copied: it begins as SQLite's files do, with our application id. */
export async function refuseForeign(from: string): Promise<void> {
  const file = await open(from, "r");
  const head = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0).finally(() => file.close());
  const isOurs =
    bytesRead === HEADER_BYTES &&
    head.toString("latin1", 0, SQLITE_MAGIC.length) === SQLITE_MAGIC &&
    head.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID;
  if (!isOurs)
    throw new LockstitchError(
      "request_invalid",
      `${from} is no copy of a Lockstitch store: name a file that \`lockstitch backup\` made.`,
    );
}

/** A copy has nothing beside it. What has a WAL is a store whose last commits are not in the file. */
export async function refuseUnfinished(from: string): Promise<void> {
  const wal = await statOf(`${from}-wal`);
  if (wal !== null && wal.size > 0n)
    throw new LockstitchError(
      "request_invalid",
      `${from} is a store and no backup: its last commits lie in ${from}-wal. Copy it with \`lockstitch backup\`, then restore the copy.`,
    );
}

/** null: there is no such file. */
export async function statOf(path: string): Promise<BigIntStats | null> {
  return (await stat(path, { bigint: true }).catch(ignoreMissing)) ?? null;
}

export function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

/** SHA-256 of a file, hex. */
export async function digestOf(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
