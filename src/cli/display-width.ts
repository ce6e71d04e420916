/**
 * How many columns of a terminal a text takes: wide characters (CJK, most emoji) take two, marks and
 * joiners none. A line that is redrawn must not wrap, so that what is in doubt counts as wide.
 */

const PLAIN = /^[\x20-\x7e]*$/;
const NONE = /^[\p{M}\p{Cf}]$/u;
/** East Asian Wide and Fullwidth of Unicode's EastAsianWidth.txt, in its large blocks, and emoji. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}])$/u;

export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** `text`, or as much of it as fits into `width` columns, with `…` where something is left out. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return "";
  let taken = "";
  let room = width - 1;
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) break;
    taken += character;
  }
  return `${taken}…`;
}

/** `text` with spaces behind it up to `width` columns. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

function widthOf(character: string): number {
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
