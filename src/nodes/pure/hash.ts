/**
 * `hash` makes a fingerprint of a value. Text is hashed as its UTF-8 bytes (or as the bytes it
 * stands for), anything else as canonical JSON (RFC 8785): equal values have equal hashes, whatever
 * the order of their fields. @noble/hashes is pure code.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, sha3_512 } from "@noble/hashes/sha3.js";
import { z } from "zod";
import { canonicalJson } from "#workflow/canonical-json.ts";
import { textToBytes } from "#workflow/expression/library/utf8.ts";
import { defineNode } from "../define-node.ts";
import { BYTES_TEXT_MAX, bytesOf, textOfBytes } from "./bytes-text.ts";
import { fieldFault, limitFault } from "./field-fault.ts";

const ALGORITHMS = { sha256, sha384, sha512, sha3_256, sha3_512, sha1, md5 } as const;

type Algorithm = keyof typeof ALGORITHMS;

export const hash = defineNode({
  type: "hash",
  title: "Hash",
  description:
    "Makes the hash of a text or of any value (equal values have equal hashes), or with `key` an HMAC.",
  category: "convert",
  icon: "hash",
  pure: true,
  config: z.strictObject({
    value: z.unknown().describe("Text, or any value, which is hashed as canonical JSON"),
    algorithm: z
      .enum(Object.keys(ALGORITHMS) as [Algorithm, ...Algorithm[]])
      .default("sha256")
      .describe("sha1 and md5 protect nothing any more; they are there for old systems"),
    from: z
      .enum(["text", "hex", "base64"])
      .default("text")
      .describe("What a text stands for: itself (UTF-8), or bytes in hex or base64"),
    encoding: z
      .enum(["hex", "base64", "base64url"])
      .default("hex")
      .describe("How the hash is written"),
    key: z
      .string()
      .max(10_000)
      .optional()
      .describe(
        "Makes an HMAC with this key. The key stands in the journal: with a secret use hmacSha256() where the signature is sent",
      ),
  }),
  output: z.string(),
  examples: [
    {
      title: "A text",
      with: { value: "lockstitch" },
      output: "7470f764fdfe0077b90f7e9345fa46dd36354cd2178a1fba7b33c00e7163cb8d",
    },
    {
      title: "A value, whatever the order of its fields",
      with: { value: { b: 1, a: [true] }, algorithm: "md5", encoding: "base64" },
      output: "8WMxQXkhdDIteyaPT4RbKw==",
    },
    {
      title: "HMAC (RFC 4231, test case 2)",
      with: { value: "what do ya want for nothing?", key: "Jefe" },
      output: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    },
  ],
  run({ value, algorithm, from, encoding, key }) {
    const text = typeof value === "string" ? value : canonicalJson(value);
    if (text.length > BYTES_TEXT_MAX)
      throw limitFault(
        "textLength",
        BYTES_TEXT_MAX,
        `value: has more than ${BYTES_TEXT_MAX} characters.`,
      );
    const bytes = bytesOf(text, typeof value === "string" ? from : "text");
    if (bytes === null) throw fieldFault("value", `is not ${from}.`);
    const apply = ALGORITHMS[algorithm];
    const digest = key === undefined ? apply(bytes) : hmac(apply, textToBytes(key), bytes);
    return textOfBytes(digest, encoding) ?? "";
  },
});
