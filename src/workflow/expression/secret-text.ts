/**
 * Text that holds secrets: what `secrets.NAME` yields while a step's `with` is evaluated. No value
 * is known then, only names. What is put together from such text is such text again, and calls of
 * a few functions are kept to be made later; anything else that would need the value is an error.
 *
 * X1. No expression can look inside or make one: it has no properties, and user data is never one.
 *     So text that merely looks like a secret stays text, wherever it comes from.
 */
import { toText, valueError } from "./value.ts";

/** A secret by name, and the version that was current when the step was evaluated, if it was known. */
export interface SecretName {
  readonly secret: string;
  readonly version: string | null;
}

/** Part of a text: plain, a secret, or what a function makes of its arguments once they are known. */
export type SecretPart =
  | string
  | SecretName
  | { readonly call: string; readonly args: readonly (readonly SecretPart[])[] };

/** Functions of text that take secrets: the call is made when the step runs. */
export const DEFERRED_FUNCTIONS: ReadonlySet<string> = new Set([
  "base64Encode",
  "base64UrlEncode",
  "encodeURIComponent",
  "hmacSha256",
  "sha256",
  "sha512",
]);

export class SecretText {
  readonly #parts: readonly SecretPart[];

  constructor(parts: readonly SecretPart[]) {
    this.#parts = parts;
  }

  static partsOf(text: SecretText): readonly SecretPart[] {
    return text.#parts;
  }
}

export function secretText(name: string, version: string | null): SecretText {
  return new SecretText([{ secret: name, version }]);
}

/** Pieces one after another; text only where none of them holds a secret. */
export function joinSecretText(pieces: readonly (string | SecretText)[]): string | SecretText {
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("");
  return new SecretText(pieces.flatMap(partsOfPiece));
}

/** The call as text that is made later; its arguments are text, or left out. */
export function deferredCall(name: string, args: readonly unknown[]): SecretText {
  const given = args.map((arg) => {
    if (typeof arg === "string" || arg instanceof SecretText) return partsOfPiece(arg);
    throw valueError(`${name}() takes a secret together with texts only`);
  });
  return new SecretText([{ call: name, args: given }]);
}

/** A value inside a text: a secret stays one. */
export function toTextPiece(value: unknown): string | SecretText {
  return value instanceof SecretText ? value : toText(value);
}

function partsOfPiece(piece: string | SecretText): readonly SecretPart[] {
  if (typeof piece !== "string") return SecretText.partsOf(piece);
  return piece === "" ? [] : [piece];
}
