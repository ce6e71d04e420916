/**
 * Text with U+0000, which PostgreSQL's text type cannot hold: names, labels and reasons come from
 * users, and none of them may stop a run. Every session writes U+0000 as U+0001 and "0", and U+0001
 * itself as U+0001 and "1", and reads it back; all other text is what it was. Bytes are not touched.
 */
const NUL = "\u0000";
const MARK = "\u0001";

/** Text as a column holds it. */
export function toStoredText(text: string): string {
  return text.includes(NUL) || text.includes(MARK)
    ? text.replaceAll(MARK, `${MARK}1`).replaceAll(NUL, `${MARK}0`)
    : text;
}

/** Each mark has its digit right behind it, so that neither pair can be taken for a part of another. */
export function fromStoredText(stored: string): string {
  return stored.includes(MARK)
    ? stored.replaceAll(`${MARK}0`, NUL).replaceAll(`${MARK}1`, MARK)
    : stored;
}
