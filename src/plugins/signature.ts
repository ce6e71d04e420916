/**
 * The signature of a plugin's folder: ed25519 over the list of its files with their SHA-256. Whoever
 * has the public key knows that every file is as it was signed, none is missing and none was added.
 *
 *   V1. Every file counts, `node_modules` in the folder included; links are refused, for what they
 *       lead to could change.
 *   V2. Verified before any code of the plugin runs, at each start of its process.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { canonicalJson } from "#workflow/canonical-json.ts";

export const SIGNATURE_FILE = "lockstitch.signature.json";

const FILES_MAX = 20_000;
const BYTES_MAX = 512 * 1024 * 1024;

const Signature = z.strictObject({
  version: z.literal(1),
  algorithm: z.literal("ed25519"),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  signature: z.base64(),
});

/** Signs the folder with a private key in PEM; answers how many files it covers. */
export function signFolder(folder: string, privateKey: string): number {
  const key = keyOf(() => createPrivateKey(privateKey), "private");
  const files = filesOf(folder);
  const signature = sign(null, signedBytes(files), key).toString("base64");
  const content = { version: 1, algorithm: "ed25519", files, signature };
  writeFileSync(join(folder, SIGNATURE_FILE), `${JSON.stringify(content, null, 2)}\n`);
  return Object.keys(files).length;
}

/** Why the folder is not what was signed with this key (PEM, or a file with it); null: it is. */
export function signatureFault(folder: string, publicKey: string, base: string): string | null {
  const key = keyOf(() => createPublicKey(keyText(publicKey, base)), "public");
  const path = join(folder, SIGNATURE_FILE);
  if (!existsSync(path)) return `it has no signature (${SIGNATURE_FILE} is missing).`;
  const parsed = Signature.safeParse(jsonOf(path));
  if (!parsed.success) return `${SIGNATURE_FILE} cannot be read.`;
  const { files: signed, signature } = parsed.data;
  if (!verify(null, signedBytes(signed), key, Buffer.from(signature, "base64")))
    return "its signature was made with another key, or the list of files was changed.";
  const present = filesOf(folder);
  for (const [name, hash] of Object.entries(signed))
    if (present[name] !== hash)
      return `${name} ${present[name] === undefined ? "is missing" : "was changed"} since it was signed.`;
  const added = Object.keys(present).find((name) => !Object.hasOwn(signed, name));
  return added === undefined ? null : `${added} was added since it was signed.`;
}

function signedBytes(files: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(`lockstitch plugin 1\n${canonicalJson(files)}`);
}

function keyText(key: string, base: string): string {
  return key.includes("-----BEGIN") ? key : readFileSync(resolve(base, key), "utf8");
}

function keyOf<Key extends { readonly asymmetricKeyType?: string | undefined }>(
  read: () => Key,
  kind: "public" | "private",
): Key {
  const example =
    kind === "private" ? "openssl genpkey -algorithm ed25519" : "openssl pkey -pubout";
  let key: Key;
  try {
    key = read();
  } catch (cause) {
    throw keyFault(`it cannot be read as a ${kind} key in PEM (${example})`, cause);
  }
  if (key.asymmetricKeyType !== "ed25519") throw keyFault(`it is no ed25519 key (${example})`);
  return key;
}

function keyFault(why: string, cause?: unknown): LockstitchError {
  return new LockstitchError("config_invalid", `The key of the plugin: ${why}.`, { cause });
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The caller says that it cannot be read.
    return null;
  }
}

/** SHA-256 of every file by its path in the folder. Throws config_invalid for links and for what is too much. */
function filesOf(folder: string): Record<string, string> {
  // Without a prototype: a file may be called __proto__.
  const files: Record<string, string> = Object.create(null);
  let bytes = 0;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  for (const name of names) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isDirectory() || name === SIGNATURE_FILE) continue;
    bytes += found.size;
    if (!found.isFile()) throw keyless(`${name} is no plain file; a signed plugin has no links.`);
    if (Object.keys(files).length >= FILES_MAX || bytes > BYTES_MAX)
      throw keyless(`it has more than ${FILES_MAX} files or ${BYTES_MAX / 1024 / 1024} MiB.`);
    files[name.replaceAll("\\", "/")] = createHash("sha256")
      .update(readFileSync(path))
      .digest("hex");
  }
  return files;
}

function keyless(why: string): LockstitchError {
  return new LockstitchError("config_invalid", `The plugin cannot be signed: ${why}`);
}
