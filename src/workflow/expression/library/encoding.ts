/** Base64 (RFC 4648) over UTF-8, hashes (@noble/hashes: pure code) and UUIDs made from the evaluation's seed. */
import { hmac } from "@noble/hashes/hmac.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { charge, chargeText, machine } from "../machine.ts";
import { valueError } from "../value.ts";
import { base64ToBytes, bytesToBase64, bytesToBase64Url } from "./base64.ts";
import { type Args, type Native, optionalText, textArg } from "./library.ts";
import { bytesToText, textToBytes } from "./utf8.ts";

/** Encodings, hashes and `uuid` by name. */
export const ENCODING_FUNCTIONS: ReadonlyMap<string, Native> = new Map<string, Native>([
  ["base64Decode", (args) => base64Decode(textArg(args, 0, "base64Decode"))],
  ["base64Encode", (args) => bytesToBase64(bytesArg(args, 0, "base64Encode"))],
  ["base64UrlEncode", (args) => bytesToBase64Url(bytesArg(args, 0, "base64UrlEncode"))],
  [
    "hmacSha256",
    (args) => {
      const digest = hmac(sha256, bytesArg(args, 0, "hmacSha256"), bytesArg(args, 1, "hmacSha256"));
      return written(digest, optionalText(args, 2, "hmacSha256"));
    },
  ],
  ["md5", hash("md5", md5)],
  ["sha1", hash("sha1", sha1)],
  ["sha256", hash("sha256", sha256)],
  ["sha512", hash("sha512", sha512)],
  ["uuid", uuid],
]);

/** sha256(text, "hex" | "base64"). Hashing costs an operation for every two characters. */
function hash(name: string, apply: (bytes: Uint8Array) => Uint8Array): Native {
  return (args) => written(apply(bytesArg(args, 0, name)), optionalText(args, 1, name));
}

function bytesArg(args: Args, index: number, name: string): Uint8Array {
  const text = textArg(args, index, name);
  chargeText(text.length * 2);
  charge(text.length >>> 1);
  return textToBytes(text);
}

function written(bytes: Uint8Array, form: string | undefined): string {
  if (form === undefined || form === "hex") {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  if (form === "base64") return bytesToBase64(bytes);
  throw valueError('a hash is written as "hex" or "base64"');
}

/** Both alphabets, padding optional; the bytes must be UTF-8. */
function base64Decode(text: string): string {
  chargeText(text.length);
  charge(text.length >>> 1);
  const bytes = base64ToBytes(text);
  if (bytes === null) throw valueError("base64Decode(): this is not base64");
  const decoded = bytesToText(bytes);
  if (decoded === null) throw valueError("base64Decode(): the bytes are not UTF-8 text");
  return decoded;
}

/** The namespace of these UUIDs: any fixed 16 bytes will do (RFC 9562, section 5.5). */
const UUID_NAMESPACE = textToBytes("lockstitch/uuid/");

/** A version 5 UUID of (seed, how many came before it in this evaluation): the same at every replay. */
function uuid(): string {
  if (machine.seed === null)
    throw valueError("uuid() is not available here: it needs a run and a step");
  charge(64);
  const bytes = sha1(
    new Uint8Array([...UUID_NAMESPACE, ...textToBytes(`${machine.seed}\n${machine.uuids}`)]),
  );
  machine.uuids += 1;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = written(bytes.slice(0, 16), "hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
