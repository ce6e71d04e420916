/**
 * `encode` writes text (or the bytes it stands for) in another alphabet: base64, hex, for a URL, for
 * a form, for HTML. decode.ts is the way back.
 */
import { z } from "zod";
import { defineNode } from "../define-node.ts";
import { BYTES_TEXT_MAX, bytesOf, textOfBytes } from "./bytes-text.ts";
import { isObject } from "./collection.ts";
import { fieldFault } from "./field-fault.ts";
import { escapeHtml } from "./html-text.ts";
import { textOfValue } from "./value-conversions.ts";

export const encode = defineNode({
  type: "encode",
  title: "Encode",
  description:
    "Writes text as base64, hex, part of a URL or HTML, or an object as the fields of a form (`a=1&b=x`).",
  category: "convert",
  icon: "lock",
  pure: true,
  config: z.strictObject({
    value: z.unknown().describe("The text; for `form` an object of fields"),
    encoding: z
      .enum(["base64", "base64url", "hex", "url", "form", "html"])
      .describe(
        "base64url has no padding, url escapes all but letters, digits and -_.!~*'(), form is application/x-www-form-urlencoded",
      ),
    from: z
      .enum(["text", "hex", "base64"])
      .default("text")
      .describe("base64, base64url, hex: what the text stands for"),
  }),
  output: z.string(),
  examples: [
    { title: "Base64", with: { value: "Grüße", encoding: "base64" }, output: "R3LDvMOfZQ==" },
    {
      title: "From base64 to hex",
      with: { value: "AP8=", from: "base64", encoding: "hex" },
      output: "00ff",
    },
    { title: "For a URL", with: { value: "a b/c?", encoding: "url" }, output: "a%20b%2Fc%3F" },
    {
      title: "A form",
      with: { value: { q: "a b", tag: ["x", "y"], none: null }, encoding: "form" },
      output: "q=a+b&tag=x&tag=y&none=",
    },
    {
      title: "HTML",
      with: { value: '<b>"R&D"', encoding: "html" },
      output: "&lt;b&gt;&quot;R&amp;D&quot;",
    },
  ],
  run({ value, encoding, from }) {
    if (encoding === "form") return formText(value);
    if (typeof value !== "string") throw fieldFault("value", `must be text for ${encoding}.`);
    if (value.length > BYTES_TEXT_MAX)
      throw fieldFault("value", `has more than ${BYTES_TEXT_MAX} characters.`);
    if (encoding === "html") return escapeHtml(value);
    if (encoding === "url") return urlText(value);
    const bytes = bytesOf(value, from);
    if (bytes === null) throw fieldFault("value", `is not ${from}.`);
    return textOfBytes(bytes, encoding) ?? "";
  },
});

/** A lone surrogate, which has no UTF-8, becomes U+FFFD as everywhere. */
function urlText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** The URL standard's form encoding: spaces are +, and of the signs only *-._ stay. */
function formText(value: unknown): string {
  if (!isObject(value)) throw fieldFault("value", "must be an object of fields for form.");
  return Object.entries(value)
    .flatMap(([name, field]) => (Array.isArray(field) ? field : [field]).map((one) => [name, one]))
    .map(([name, one]) => `${formPart(name)}=${formPart(one)}`)
    .join("&");
}

function formPart(value: unknown): string {
  return urlText(textOfValue(value))
    .replace(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
