/** An archived run's file as a run that can be read; not_found and request_invalid name the file. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { type ArchivedRun, openArchivedRun } from "#engine/embedded/archived-run.ts";
import { LockstitchError } from "#errors/errors.ts";
import type { Session } from "./session.ts";

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function readArchive(session: Session, file: string): Promise<ArchivedRun> {
  const nodes = await session.machine.nodeTypes(await session.settings());
  try {
    return await openArchivedRun(linesOf(file), nodes, SILENT);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): LockstitchError {
  if (cause instanceof LockstitchError)
    return new LockstitchError(cause.code, `${file}: ${cause.message}`, { cause });
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === "ENOENT"
    ? new LockstitchError("not_found", `There is no file ${file}.`, { cause })
    : new LockstitchError("request_invalid", `${file} is no archive (${message}).`, { cause });
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  const unpacked = createGunzip();
  // A readline interface does not report what fails before it.
  let failure: unknown = null;
  const fail = (error: unknown) => {
    failure ??= error;
    unpacked.end();
    lines.close();
  };
  input.once("error", fail);
  unpacked.once("error", fail);
  const lines = createInterface({
    input: input.pipe(unpacked),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  yield* lines;
  if (failure !== null) throw failure;
}
