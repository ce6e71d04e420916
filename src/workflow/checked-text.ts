/** A definition that this host's parser has checked already, as text: saving it costs no second look. */
export interface CheckedText {
  readonly name: string;
  /** SHA-256 of the canonical definition. */
  readonly hash: string;
  /** The canonical definition as JSON, its keys in the order in which they were written. */
  readonly json: string;
}

export function isCheckedText(value: object): value is CheckedText {
  return "json" in value && "hash" in value;
}
