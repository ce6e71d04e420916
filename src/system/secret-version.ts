/**
 * Versions of secrets that come without any: a keyed hash of the value, so that a version names
 * one value and a reader of the journal cannot try guesses against it. The key is the store's where
 * several hosts share it: one secret has one version on all of them. Else it lies in the data
 * directory, readable by its owner only; without it every version would be new after a restart.
 */
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;
const VERSION_DIGITS = 12;

export type VersionOf = (tenant: string, name: string, value: string) => string;

/** The store's key, once the store is open; null: it has none. The other one is made at the first version that is asked for. */
export function secretVersions(
  dataDir: string,
  keyOfStore: () => Uint8Array | null = () => null,
): VersionOf {
  let own: Buffer | null = null;
  const ownKey = (): Buffer => {
    own ??= keyOf(dataDir);
    return own;
  };
  return (tenant, name, value) => {
    return createHmac("sha256", keyOfStore() ?? ownKey())
      .update(JSON.stringify([tenant, name, value]))
      .digest("hex")
      .slice(0, VERSION_DIGITS);
  };
}

function keyOf(dataDir: string): Buffer {
  const path = join(dataDir, "secret-versions.key");
  try {
    const key = readFileSync(path);
    if (key.byteLength === KEY_BYTES) return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const key = randomBytes(KEY_BYTES);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}
