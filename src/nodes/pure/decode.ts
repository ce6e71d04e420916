/**
 * `decode` reads text that was written in another alphabet: base64, hex, a part of a URL, a form,
 * HTML. Bytes that are no text can stay hex or base64. encode.ts is the way there.
 */
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { defineNode } from "../define-node.ts";
import { BYTES_TEXT_MAX, bytesOf, textOfBytes } from "./bytes-text.ts";
import { unescapeHtml } from "./html-text.ts";

export const decode = defineNode({
  type: "decode",
  title: "Decode",
  description:
    "Reads base64, hex, a part of a URL or HTML back into text, and the fields of a form into an object.",
  category: "convert",
  icon: "unlock",
  pure: true,
  config: z.strictObject({
    text: z
      .string()
      .max(BYTES_TEXT_MAX, `must be at most ${BYTES_TEXT_MAX} characters`)
      .describe("The encoded text"),
    encoding: z
      .enum(["base64", "base64url", "hex", "url", "form", "html"])
      .describe(
        "base64 and base64url take both alphabets, padding optional; html knows entities by number and the basic names",
      ),
    to: z
      .enum(["text", "hex", "base64"])
      .default("text")
      .describe("base64, base64url, hex: how the bytes are given; text must be UTF-8"),
  }),
  output: z.unknown(),
  errors: ["parse_failed"],
  examples: [
    { title: "What is no base64", with: { text: "a", encoding: "base64" }, error: "parse_failed" },
    { title: "Base64", with: { text: "R3LDvMOfZQ==", encoding: "base64" }, output: "Grüße" },
    {
      title: "Bytes that are no text",
      with: { text: "AP8", encoding: "base64", to: "hex" },
      output: "00ff",
    },
    {
      title: "A form",
      with: { text: "q=a+b&tag=x&tag=y&none", encoding: "form" },
      output: { q: "a b", tag: ["x", "y"], none: "" },
    },
    {
      title: "HTML",
      with: { text: "R&amp;D &#x2192; &eacute;", encoding: "html" },
      output: "R&D → &eacute;",
    },
  ],
  run({ text, encoding, to }) {
    switch (encoding) {
      case "html":
        return unescapeHtml(text);
      case "url":
        return decodedUrl(text, "url");
      case "form":
        return formFields(text);
      default:
        return decodedBytes(text, encoding, to);
    }
  },
});

function decodedBytes(
  text: string,
  encoding: "base64" | "base64url" | "hex",
  to: "text" | "hex" | "base64",
): string {
  const bytes = bytesOf(text.replace(/[\r\n]/g, ""), encoding);
  if (bytes === null) throw undecodable(encoding, `this is not ${encoding}.`);
  const decoded = textOfBytes(bytes, to);
  if (decoded !== null) return decoded;
  throw undecodable(encoding, "the bytes are not UTF-8 text; take them with to: hex or base64.");
}

function decodedUrl(text: string, encoding: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw undecodable(encoding, "a % is not followed by the bytes of UTF-8 text.", error);
  }
}

/** Fields in their order; one that occurs several times is a list. */
function formFields(text: string): Record<string, unknown> {
  const fields = new Map<string, string[]>();
  for (const pair of text.replace(/^\?/, "").split("&")) {
    if (pair === "") continue;
    const split = pair.indexOf("=");
    const [name, value] = split < 0 ? [pair, ""] : [pair.slice(0, split), pair.slice(split + 1)];
    const key = decodedUrl(name.replaceAll("+", " "), "form");
    const decoded = decodedUrl(value.replaceAll("+", " "), "form");
    const known = fields.get(key);
    if (known === undefined) fields.set(key, [decoded]);
    else known.push(decoded);
  }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function undecodable(encoding: string, message: string, cause?: unknown): NodeError {
  return new NodeError("parse_failed", `${encoding}: ${message}`, { cause });
}
