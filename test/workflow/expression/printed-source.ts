/**
 * An expression printed three times: as Lockstitch reads it, as plain JavaScript (`==` written
 * `===`), and as JavaScript in which the documented differences are made errors by calls of the
 * checks `H` (v8-reference.ts).
 */

/** One expression, printed three ways. */
export interface Source {
  readonly ours: string;
  readonly raw: string;
  readonly checked: string;
}

/** Joins texts and sources into one source. */
export function join(texts: TemplateStringsArray, ...parts: readonly (Source | string)[]): Source {
  const print = (way: keyof Source): string =>
    texts.reduce((text, piece, index) => {
      const part = parts[index - 1];
      return text + (typeof part === "object" ? part[way] : (part ?? "")) + piece;
    });
  return { ours: print("ours"), raw: print("raw"), checked: print("checked") };
}

/** Another form for the checked print. */
export function checkedAs(source: Source, checked: Source): Source {
  return { ours: source.ours, raw: source.raw, checked: checked.checked };
}

/** The argument of the check that a checked print calls: `H.number(x)` is `x`. */
export function inner(checked: string): string {
  return checked.slice(checked.indexOf("(") + 1, -1);
}

/** `source` through a check in the checked print. */
export function checking(check: string, source: Source): Source {
  return checkedAs(source, join`H.${check}(${source})`);
}
