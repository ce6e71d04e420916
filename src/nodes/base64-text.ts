/**
 * Whether a text that a step calls base64 is some, with white space between the characters as in
 * mails and PEM files. In linear time: the white space is taken out first, since a pattern that
 * allows it everywhere tries every split of a long run of it.
 */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text.replace(/\s+/g, ""));
}
