/**
 * A definition that this host's parser has checked already, as text: saving it costs no second look.
 * A class, so that no body of a request can pass for one.
 */
export class CheckedText {
  readonly name: string;
  /** SHA-256 of the canonical definition. */
  readonly hash: string;
  /** The canonical definition as JSON, its keys in the order in which they were written. */
  readonly json: string;

  constructor({ name, hash, json }: Pick<CheckedText, "name" | "hash" | "json">) {
    this.name = name;
    this.hash = hash;
    this.json = json;
  }
}

export function isCheckedText(value: object): value is CheckedText {
  return value instanceof CheckedText;
}
