/** Base64 (RFC 4648) of bytes, both alphabets, in pure code. */

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** With the standard alphabet and padding. */
export function bytesToBase64(bytes: Uint8Array): string {
  return written(bytes, STANDARD);
}

/** With the alphabet for URLs and file names, without padding. */
export function bytesToBase64Url(bytes: Uint8Array): string {
  return written(bytes, URL_SAFE).replaceAll("=", "");
}

function written(bytes: Uint8Array, alphabet: string): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const rest = bytes.length - at;
    parts.push(
      alphabet.charAt(group >> 18) +
        alphabet.charAt((group >> 12) & 63) +
        (rest > 1 ? alphabet.charAt((group >> 6) & 63) : "=") +
        (rest > 2 ? alphabet.charAt(group & 63) : "="),
    );
  }
  return parts.join("");
}

/** The bytes of base64 text in either alphabet, padding optional; null when it is none. */
export function base64ToBytes(text: string): Uint8Array | null {
  const digits = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of digits) {
    const value = STANDARD.indexOf(digit === "-" ? "+" : digit === "_" ? "/" : digit);
    held = ((held << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 255;
    at += 1;
  }
  return bytes;
}
