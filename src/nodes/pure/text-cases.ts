/**
 * The cases in which names are written: `Title Case`, `camelCase`, `snake_case`. Words are runs of
 * letters (with their marks) and digits; an upper-case letter after a lower-case one begins a word,
 * and so does the last of several before a lower-case one (`HTMLPage` is HTML and Page).
 * No locale: `i` becomes `I` everywhere.
 */

const WORD =
  /\p{Lu}(?![\p{Lu}\p{N}])[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]*|\p{Lu}+(?!\p{Ll})|\p{Lu}|[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]+|\p{N}+/gu;

/** The words of a text or of a name in any case. */
export function wordsOf(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

export function capitalized(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length);
}

/** Every word begins with a capital, the rest is lower case; what stands between words stays. */
export function titleCase(text: string): string {
  return text.replace(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*/gu, (word) =>
    capitalized(word.toLowerCase()),
  );
}

/** `helloWorld`. */
export function camelCase(text: string): string {
  const pascal = pascalCase(text);
  const [first = ""] = pascal;
  return first.toLowerCase() + pascal.slice(first.length);
}

/** `HelloWorld`. */
export function pascalCase(text: string): string {
  return wordsOf(text)
    .map((word) => capitalized(word.toLowerCase()))
    .join("");
}

/** `hello_world`, `hello-world`. */
export function joinedWords(text: string, separator: string): string {
  return wordsOf(text)
    .map((word) => word.toLowerCase())
    .join(separator);
}

/** Upper case becomes lower case and the other way round. */
export function inverseCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) => {
    const upper = letter.toUpperCase();
    return letter === upper ? letter.toLowerCase() : upper;
  });
}
