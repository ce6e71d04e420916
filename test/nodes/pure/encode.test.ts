/** hash, encode and decode: published vectors, agreement with Node's own, round trips, what they refuse. */
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decode } from "#nodes/pure/decode.ts";
import { encode } from "#nodes/pure/encode.ts";
import { hash } from "#nodes/pure/hash.ts";
import { hostileNames, runNode } from "./run-node.ts";

const NODE_NAMES = {
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  sha3_256: "sha3-256",
  sha3_512: "sha3-512",
  sha1: "sha1",
  md5: "md5",
};

it.each(Object.entries(NODE_NAMES))("%s agrees with Node's", (algorithm, name) => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("hex", "base64", "base64url"),
      (value, encoding) => {
        const wanted = createHash(name)
          .update(value)
          .digest(encoding as "hex");
        expect(runNode(hash, { value, algorithm, encoding })).toBe(wanted);
        const signed = createHmac(name, "schlüssel")
          .update(value)
          .digest(encoding as "hex");
        expect(runNode(hash, { value, algorithm, encoding, key: "schlüssel" })).toBe(signed);
      },
    ),
    { numRuns: 25 },
  );
});

it.each([
  // FIPS 180-4 and RFC 1321.
  [{ value: "abc" }, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [{ value: "", algorithm: "md5" }, "d41d8cd98f00b204e9800998ecf8427e"],
  [{ value: "616263", from: "hex", algorithm: "sha1" }, "a9993e364706816aba3e25717850c26c9cd0d89d"],
  [
    { value: "YWJj", from: "base64", algorithm: "sha1" },
    "a9993e364706816aba3e25717850c26c9cd0d89d",
  ],
])("hash %j", (config, output) => {
  expect(runNode(hash, config)).toBe(output);
});

it("equal values have equal hashes, others do not", () => {
  const of = (value: unknown, config: object = {}) => runNode(hash, { value, ...config });
  expect(of({ a: 1, b: [2] })).toBe(of({ b: [2], a: 1 }));
  expect(of(JSON.parse('{"a":1.0}'))).toBe(of({ a: 1 }));
  expect(of([1, 2])).not.toBe(of([2, 1]));
  expect(of("1")).toBe(of(1));
  expect(of(null)).toBe(of("null"));
  expect(of({ a: 1 }, { from: "hex" })).toBe(of({ a: 1 }));
  expect(of(hostileNames())).not.toBe(of({}));
  expect(of("a\ud800")).toBe(of("a\ufffd"));
});

it.each([
  [{ value: "", encoding: "base64" }, ""],
  [{ value: "f", encoding: "base64" }, "Zg=="],
  [{ value: "fo", encoding: "base64" }, "Zm8="],
  [{ value: "foobar", encoding: "base64" }, "Zm9vYmFy"],
  [{ value: "fffe", from: "hex", encoding: "base64url" }, "__4"],
  [{ value: "é", encoding: "hex" }, "c3a9"],
  [{ value: "äöü/ -_.!~*'()", encoding: "url" }, "%C3%A4%C3%B6%C3%BC%2F%20-_.!~*'()"],
  [{ value: "\ud800", encoding: "url" }, "%EF%BF%BD"],
  [{ value: {}, encoding: "form" }, ""],
  [
    { value: { a: "1&2=3", "b c": "!'()~*-._" }, encoding: "form" },
    "a=1%262%3D3&b+c=%21%27%28%29%7E*-._",
  ],
  [
    { value: { a: [], b: [1, null], c: { x: 1 }, d: true }, encoding: "form" },
    "b=1&b=&c=%7B%22x%22%3A1%7D&d=true",
  ],
  [{ value: hostileNames(), encoding: "form" }, "__proto__=1&constructor=2&toString=3"],
  [{ value: "<a href='x'>&amp;`", encoding: "html" }, "&lt;a href=&#39;x&#39;&gt;&amp;amp;&#96;"],
])("encode %j", (config, output) => {
  expect(runNode(encode, config)).toBe(output);
});

it.each([
  [{ text: "Zm9v\nYmFy\r\n", encoding: "base64" }, "foobar"],
  [{ text: "__4", encoding: "base64url", to: "hex" }, "fffe"],
  [{ text: "//4=", encoding: "base64url", to: "base64" }, "//4="],
  [{ text: "C3A9", encoding: "hex" }, "é"],
  [{ text: "", encoding: "hex" }, ""],
  [{ text: "a%20b+c", encoding: "url" }, "a b+c"],
  [
    { text: "?a=1&a=2&&b=x%3Dy+z&=v", encoding: "form" },
    { a: ["1", "2"], b: "x=y z", "": "v" },
  ],
  [{ text: "", encoding: "form" }, {}],
  [{ text: "__proto__=1", encoding: "form" }, JSON.parse('{"__proto__":"1"}') as object],
  [{ text: "&lt;&#60;&#x3C;&quot;&apos;&nbsp;|", encoding: "html" }, "<<<\"'\u00a0|"],
  [
    { text: "&unknown; &# &#x110000; &#xD800; &#0;", encoding: "html" },
    "&unknown; &# \ufffd \ufffd \ufffd",
  ],
  [{ text: "&amp;lt;", encoding: "html" }, "&lt;"],
  [{ text: "&#x1F600;", encoding: "html" }, "😀"],
])("decode %j", (config, output) => {
  expect(runNode(decode, config)).toStrictEqual(output);
});

it.each([
  [{ text: "Z", encoding: "base64" }, "base64: this is not base64"],
  [{ text: "Zg=a", encoding: "base64" }, "this is not base64"],
  [{ text: "Zg===", encoding: "base64" }, "this is not base64"],
  [{ text: "a b", encoding: "base64" }, "this is not base64"],
  [{ text: "abc", encoding: "hex" }, "this is not hex"],
  [{ text: "zz", encoding: "hex" }, "this is not hex"],
  [{ text: "ff", encoding: "hex" }, "not UTF-8 text; take them with to: hex or base64"],
  [{ text: "%", encoding: "url" }, "url: a % is not followed"],
  [{ text: "%ff", encoding: "url" }, "url: a % is not followed"],
  [{ text: "a=%zz", encoding: "form" }, "form: a % is not followed"],
])("decode %j is refused", (config, message) => {
  expect(runNode(decode, config)).toMatchObject({
    code: "parse_failed",
    retryable: false,
    message: expect.stringContaining(message),
  });
});

it.each([
  [encode, { value: 5, encoding: "base64" }, "must be text for base64"],
  [encode, { value: ["a"], encoding: "form" }, "object of fields"],
  [encode, { value: "zz", from: "hex", encoding: "base64" }, "is not hex"],
  [encode, { value: "a", encoding: "rot13" }, "encoding"],
  [encode, { value: "x".repeat(10 * 1024 * 1024 + 1), encoding: "hex" }, "more than"],
  [hash, { value: "zz", from: "hex" }, "is not hex"],
  [hash, { value: "a", algorithm: "crc" }, "algorithm"],
  [decode, { text: 5, encoding: "hex" }, "text"],
])("%# is refused", (node, config, message) => {
  expect(runNode(node, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(message),
  });
});

it("hash and its limit", () => {
  expect(runNode(hash, { value: "x".repeat(10 * 1024 * 1024 + 1) })).toMatchObject({
    code: "limit_exceeded",
    details: { limit: "textLength" },
  });
});

it("what encode writes, decode reads", () => {
  const any = fc.string({ unit: "binary" }).map((one) => one.toWellFormed());
  fc.assert(
    fc.property(any, (value) => {
      for (const encoding of ["base64", "base64url", "hex", "url", "html"]) {
        const text = runNode(encode, { value, encoding });
        expect(runNode(decode, { text, encoding })).toBe(value);
      }
    }),
  );
  const fields = fc.dictionary(any, any);
  fc.assert(
    fc.property(fields, (value) => {
      const text = runNode(encode, { value, encoding: "form" }) as string;
      expect(text).toBe(new URLSearchParams(Object.entries(value)).toString());
      if (!text.startsWith("?")) expect(runNode(decode, { text, encoding: "form" })).toEqual(value);
    }),
  );
});
