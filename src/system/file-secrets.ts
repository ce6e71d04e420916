/**
 * The Secrets port on files: a folder with a file for each secret (as Docker and Kubernetes mount
 * them), or one file, JSON (`*.json`: an object of texts) or lines of `NAME=value` as in `.env`.
 * They belong to the tenant `default`.
 *
 *   F1. A single file that others than its owner and group can read is refused. Files of a mounted
 *       folder are readable by all inside their container: those are reported once (`onWarning`).
 *   F2. Every call looks whether the file has changed (time, size, inode) and reads it again if so.
 *   F3. One line feed at the end of a file of a folder is no part of the secret.
 */
import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import type { Secret, Secrets } from "#ports/secrets.ts";
import type { VersionOf } from "./secret-version.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const READABLE_BY_OTHERS = 0o004;
const WRITABLE_BY_OTHERS = 0o022;

const SecretFile = z.record(z.string().regex(NAME), z.string());

interface FileSecretsOptions {
  readonly versionOf: VersionOf;
  readonly onWarning: (message: string) => void;
}

/** Throws config_invalid where `path` cannot be read or others can read it. */
export function fileSecrets(path: string, options: FileSecretsOptions): Secrets {
  const stats = statOf(path);
  if (stats === null)
    throw new LockstitchError(
      "config_invalid",
      `The secrets at ${path} cannot be read: there is no such file or folder.`,
    );
  const find = stats.isDirectory() ? inFolder(path, options) : inFile(path, options);
  const names = stats.isDirectory() ? () => namesInFolder(path) : () => find.names();
  return {
    resolve: async (tenant, name) => (tenant === "default" ? find.secret(name) : null),
    version: (tenant, name) => {
      if (tenant !== "default") return null;
      try {
        return find.secret(name)?.version ?? null;
      } catch {
        // The attempt will say it: here it only means that the version is not known.
        return null;
      }
    },
    list: async (tenant) => (tenant === "default" ? [...names()].sort() : []),
    places: (_tenant, name) => [
      stats.isDirectory() ? `the file ${join(path, name)}` : `${name} in ${path}`,
    ],
  };
}

interface Found {
  secret(name: string): Secret | null;
  names(): readonly string[];
}

function inFile(path: string, { versionOf }: FileSecretsOptions): Found {
  let seen = "";
  let values: ReadonlyMap<string, string> = new Map();
  const current = (): ReadonlyMap<string, string> => {
    const stats = statOf(path);
    if (stats === null) throw unreadable(path, "it is gone");
    const stamp = stampOf(stats);
    if (stamp === seen) return values;
    refuseOpenFile(path, stats);
    values = parseSecrets(path, readText(path, stats));
    seen = stamp;
    return values;
  };
  current();
  return {
    secret: (name) => {
      const value = current().get(name);
      if (value === undefined || value === "") return null;
      return { value, version: versionOf("default", name, value) };
    },
    names: () => [...current().keys()],
  };
}

function inFolder(folder: string, { versionOf, onWarning }: FileSecretsOptions): Found {
  const known = new Map<string, { readonly stamp: string; readonly secret: Secret }>();
  let isWarned = false;
  return {
    secret: (name) => {
      // The name becomes part of a path.
      if (!NAME.test(name)) return null;
      const path = join(folder, name);
      const stats = statOf(path);
      if (stats === null || !stats.isFile()) return null;
      const stamp = stampOf(stats);
      const before = known.get(name);
      if (before?.stamp === stamp) return before.secret;
      if ((stats.mode & READABLE_BY_OTHERS) !== 0 && !isWarned) {
        isWarned = true;
        onWarning(`${path} can be read by everybody on this machine; chmod 600 keeps it private.`);
      }
      const value = readText(path, stats).replace(/\r?\n$/, "");
      if (value === "") return null;
      const secret = { value, version: versionOf("default", name, value) };
      known.set(name, { stamp, secret });
      return secret;
    },
    names: () => namesInFolder(folder),
  };
}

function namesInFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter(
      (name) => NAME.test(name) && statOf(join(folder, name))?.isFile() === true,
    );
  } catch (cause) {
    throw unreadable(folder, reasonOf(cause), cause);
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, reasonOf(cause), cause);
  }
}

function stampOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
}

function refuseOpenFile(path: string, { mode }: Stats): void {
  if (process.platform === "win32") return;
  if ((mode & (READABLE_BY_OTHERS | WRITABLE_BY_OTHERS)) === 0) return;
  throw new LockstitchError(
    "config_invalid",
    `${path} holds secrets, and others can read or change it (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`,
  );
}

function readText(path: string, { size }: Stats): string {
  if (size > FILE_BYTES_MAX) throw unreadable(path, `it has more than ${FILE_BYTES_MAX} bytes`);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause);
  }
}

/** No message of a parser is passed on: it would quote what it stumbled over. */
function parseSecrets(path: string, text: string): ReadonlyMap<string, string> {
  if (!path.endsWith(".json"))
    return new Map(Object.entries(parseEnv(text) as Record<string, string>));
  const parsed = SecretFile.safeParse(jsonOf(text));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw unreadable(path, 'it must be a JSON object of texts, such as { "API_TOKEN": "..." }');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? "it failed";
}

function unreadable(path: string, reason: string, cause?: unknown): LockstitchError {
  return new LockstitchError(
    "secrets_unreadable",
    `The secrets at ${path} cannot be read: ${reason}.`,
    cause === undefined ? {} : { cause },
  );
}
