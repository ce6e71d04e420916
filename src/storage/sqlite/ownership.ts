/**
 * One owner per data directory. The proof is a lock that the operating system holds for the
 * process and drops with it, also at kill -9: an exclusive transaction on `owner.lock`, kept open.
 * Who the owner is stands beside it in `owner.json`, for the second command that finds the lock
 * taken: it works through the owner's address, or names its pid.
 *
 *   1. At most one process holds the lock, whatever owner.json says.
 *   2. owner.json is replaced whole. It may be missing or name a dead process for a moment (an
 *      owner that has just started, or died); who reads it looks again until it names a live one.
 */
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { makeDataDirectory } from "./data-directory.ts";
import { toStoreError } from "./sqlite-error.ts";

const SQLITE_BUSY = 5;
const LOOK_AGAIN_MS = 20;
const LOOK_AGAIN_MS_MAX = 2_000;

const OwnerRecord = z.object({
  pid: z.number().int(),
  /** null until the owner's server listens. */
  address: z.string().nullable(),
  startedAtMs: z.number(),
  /** What keeps the owner's runs; null: a file in the directory. */
  database: z.string().nullable().default(null),
});
export type OwnerRecord = z.infer<typeof OwnerRecord>;

export type Ownership =
  | {
      readonly owned: true;
      /** Tells others where this owner answers. */
      publishAddress(url: string): Promise<void>;
      /** Gives the directory up. Idempotent. */
      release(): Promise<void>;
    }
  | {
      readonly owned: false;
      /** `pid` is null where the owner has not told within two seconds. */
      readonly owner: {
        readonly pid: number | null;
        readonly address: string | null;
        readonly database: string | null;
      };
    };

/** Takes the directory, or says who has it. Rejects with store_unavailable where neither can be told. */
export async function openOwnership(
  dataDir: string,
  database: string | null = null,
): Promise<Ownership> {
  const directory = resolve(dataDir);
  const startedAtMs = Date.now();
  let owner: OwnerRecord | null = null;
  do {
    const lock = tryLock(directory);
    if (lock !== null) return await own(directory, lock, { startedAtMs, database });
    owner = await readOwner(directory);
    if (owner !== null && isAlive(owner.pid)) return { owned: false, owner };
    await wait(LOOK_AGAIN_MS);
  } while (Date.now() - startedAtMs < LOOK_AGAIN_MS_MAX);
  // In another container the pid means nothing here, but the address may.
  return { owned: false, owner: owner ?? { pid: null, address: null, database: null } };
}

/** null: another process holds it. */
function tryLock(directory: string): DatabaseSync | null {
  let lock: DatabaseSync | null = null;
  try {
    makeDataDirectory(directory);
    lock = new DatabaseSync(join(directory, "owner.lock"), { timeout: 0 });
    // Nothing is ever written: no journal file may appear beside the lock.
    lock.exec("PRAGMA journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    const failure = toStoreError(error, `locking ${directory}`);
    const sqliteCode = failure.details["sqliteCode"];
    if (typeof sqliteCode === "number" && (sqliteCode & 0xff) === SQLITE_BUSY) return null;
    throw failure;
  }
}

async function own(
  directory: string,
  lock: DatabaseSync,
  rest: Pick<OwnerRecord, "startedAtMs" | "database">,
): Promise<Ownership & { readonly owned: true }> {
  const publish = (address: string | null) =>
    writeOwner(directory, { pid: process.pid, address, ...rest });
  try {
    await clearLeftovers(directory);
    await publish(null);
  } catch (error) {
    lock.close();
    throw toStoreError(error, `writing owner.json in ${directory}`);
  }
  return {
    owned: true,
    publishAddress: async (url) => {
      if (!lock.isOpen) throw new LockstitchError("shutting_down", `${directory} was given up`);
      await publish(url);
    },
    release: async () => {
      if (!lock.isOpen) return;
      // Before the lock goes: afterwards the file may be the next owner's.
      await rm(join(directory, "owner.json"), { force: true });
      if (lock.isOpen) lock.close();
    },
  };
}

/** What a process left half-way that was killed; the lock says that it is no more. */
const LEFTOVER =
  /^(owner\.json\.\d+|store\.db\.part(-journal|-wal|-shm)?|backup-[0-9a-f-]{36}\.db(\.part(-journal)?)?)$/;

async function clearLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (LEFTOVER.test(name)) await rm(join(directory, name), { force: true });
}

async function writeOwner(directory: string, owner: OwnerRecord): Promise<void> {
  const path = join(directory, "owner.json");
  const draft = `${path}.${owner.pid}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  await rename(draft, path);
}

async function readOwner(directory: string): Promise<OwnerRecord | null> {
  try {
    const text = await readFile(join(directory, "owner.json"), "utf8");
    return OwnerRecord.parse(JSON.parse(text));
  } catch {
    // Missing or not ours to understand: the same to who asks, and asked again.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
