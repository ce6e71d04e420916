/**
 * Places in text counted in code points, so that no emoji is cut in half. Nothing is copied to a
 * list: text may be long.
 */

/** How many code points `text` has. */
export function lengthOf(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at += widthAt(text, at)) length += 1;
  return length;
}

/** The code points from `start` up to `end` (not included); negative ones count from the end. */
export function sliceOf(text: string, start: number, end: number): string {
  const length = start < 0 || end < 0 ? lengthOf(text) : 0;
  const first = start < 0 ? Math.max(0, length + start) : start;
  const last = end < 0 ? length + end : end;
  if (last <= first) return "";
  const from = offsetOf(text, 0, first);
  return text.slice(from, offsetOf(text, from, last - first));
}

/** The code points in reverse order. */
export function reversed(text: string): string {
  const parts: string[] = [];
  for (const character of text) parts.push(character);
  return parts.reverse().join("");
}

/** The offset that lies `count` code points after offset `from`, at most the text's end. */
function offsetOf(text: string, from: number, count: number): number {
  let at = from;
  for (let passed = 0; passed < count && at < text.length; passed += 1) at += widthAt(text, at);
  return Math.min(at, text.length);
}

function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
