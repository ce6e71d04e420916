/**
 * Text of others on a line of ours: whatever workflows, services and users wrote cannot steer the
 * terminal that shows it, nor look like another line or in another order than it has.
 */

// C0, DEL and C1 steer terminals; the others break lines or turn their order around (bidi).
// Line feeds and tabs are for the caller to keep or fold.
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** `text` with control characters made visible (`\x1b`, `\u202e`), tabs and line feeds kept. */
export function visible(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** The same on one line: line feeds and tabs are made visible, too. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16);
  return code < 0x80 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
