/** How text stands for bytes: as UTF-8, hexadecimal or base64. Used by hash, encode and decode. */
import {
  base64ToBytes,
  bytesToBase64,
  bytesToBase64Url,
} from "#workflow/expression/library/base64.ts";
import { bytesToText, textToBytes } from "#workflow/expression/library/utf8.ts";

/** Longest text that is turned into bytes or back, in characters. */
export const BYTES_TEXT_MAX = 10 * 1024 * 1024;

export type BytesForm = "text" | "hex" | "base64" | "base64url";

/** The bytes that `text` stands for; null when it is not of that form. */
export function bytesOf(text: string, form: BytesForm): Uint8Array | null {
  switch (form) {
    case "text":
      return textToBytes(text);
    case "hex":
      return hexToBytes(text);
    case "base64":
    case "base64url":
      return base64ToBytes(text);
  }
}

/** The bytes as text of a form; null only when they are asked for as text and are not UTF-8. */
export function textOfBytes(bytes: Uint8Array, form: BytesForm): string | null {
  switch (form) {
    case "text":
      return bytesToText(bytes);
    case "hex":
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    case "base64":
      return bytesToBase64(bytes);
    case "base64url":
      return bytesToBase64Url(bytes);
  }
}

function hexToBytes(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );
}
