/** UTF-8 in pure code: TextEncoder is not part of the language. A lone surrogate becomes U+FFFD. */

export function textToBytes(text: string): Uint8Array {
  const encoded = encodeURIComponent(text.toWellFormed());
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += 1) {
    if (encoded.charCodeAt(at) === 0x25) {
      bytes[length] = Number.parseInt(encoded.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = encoded.charCodeAt(at);
    }
    length += 1;
  }
  return bytes.slice(0, length);
}

/** The text of UTF-8 bytes, or null when they are not UTF-8. */
export function bytesToText(bytes: Uint8Array): string | null {
  const parts = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`);
  try {
    return decodeURIComponent(parts.join(""));
  } catch {
    // That is how it says that they are not UTF-8.
    return null;
  }
}
