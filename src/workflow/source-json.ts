/**
 * JSON text to value and positions (RFC 8259), in one pass. Unlike JSON.parse it tells where each
 * value stands, sees keys that occur twice and integers that a double cannot hold. About 40 MB/s.
 */
import {
  numberFault,
  type Source,
  type SourceFault,
  type SourceField,
  type SourceNode,
  VALUE_DEPTH_MAX,
} from "./source.ts";

/**
 * Reads the text; a syntax error is the only fault then, and the value undefined. Without
 * `positions` the node is null and the rest the same: most texts are right, and need none.
 */
export function readJson(text: string, options: { readonly positions: boolean }): Source {
  const reader = new JsonReader(text, options.positions);
  try {
    const { value, node } = reader.document();
    return { value, node, faults: reader.faults };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const fault: SourceFault = {
      code: error.code,
      message: error.message,
      offset: error.offset,
      pointer: [],
      suggestion: null,
    };
    return { value: undefined, node: null, faults: [fault] };
  }
}

class JsonFault extends Error {
  readonly offset: number;
  readonly code: "syntax" | "limit_exceeded";
  constructor(message: string, offset: number, code: JsonFault["code"] = "syntax") {
    super(message);
    this.offset = offset;
    this.code = code;
  }
}

interface Located {
  readonly value: unknown;
  readonly node: SourceNode | null;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

class JsonReader {
  readonly faults: SourceFault[] = [];
  readonly #text: string;
  readonly #positions: boolean;
  #at = 0;
  readonly #path: (string | number)[] = [];

  constructor(text: string, positions: boolean) {
    this.#text = text;
    this.#positions = positions;
  }

  document(): Located {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    const located = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("after the end of the value");
    return located;
  }

  #value(): Located {
    this.#skipSpace();
    const start = this.#at;
    if (this.#path.length > VALUE_DEPTH_MAX)
      throw new JsonFault(
        `Values are nested more than ${VALUE_DEPTH_MAX} deep.`,
        start,
        "limit_exceeded",
      );
    switch (this.#text[start]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#leaf(this.#string(), start);
      default:
        return this.#leaf(this.#scalar(), start);
    }
  }

  #leaf(value: unknown, start: number): Located {
    return { value, node: this.#node(start, null, null) };
  }

  #node(
    start: number,
    fields: ReadonlyMap<string, SourceField> | null,
    items: readonly SourceNode[] | null,
  ): SourceNode | null {
    return this.#positions ? { start, end: this.#at, fields, items } : null;
  }

  #object(): Located {
    const start = this.#at++;
    const value: Record<string, unknown> = {};
    const fields = this.#positions ? new Map<string, SourceField>() : null;
    this.#skipSpace();
    if (this.#text[this.#at] !== "}") {
      do this.#field(value, fields);
      while (this.#separator("}"));
    }
    this.#at += 1;
    return { value, node: this.#node(start, fields, null) };
  }

  #field(value: Record<string, unknown>, fields: Map<string, SourceField> | null): void {
    this.#skipSpace();
    const keyStart = this.#at;
    if (this.#text[keyStart] !== '"') throw this.#unexpected("where a key in quotes should stand");
    const key = this.#string();
    this.#skipSpace();
    if (this.#text[this.#at] !== ":") throw this.#unexpected("where `:` should stand");
    this.#at += 1;
    this.#path.push(key);
    const located = this.#value();
    if (Object.hasOwn(value, key))
      this.#fault("duplicate_key", `The key \`${key}\` occurs twice.`, keyStart, "Remove one.");
    if (key === "__proto__")
      this.#fault("reserved_name", "The key `__proto__` is not allowed.", keyStart, null);
    else value[key] = located.value;
    if (located.node !== null) fields?.set(key, { keyStart, node: located.node });
    this.#path.pop();
  }

  #array(): Located {
    const start = this.#at++;
    const value: unknown[] = [];
    const items: SourceNode[] | null = this.#positions ? [] : null;
    this.#skipSpace();
    if (this.#text[this.#at] !== "]") {
      do {
        this.#path.push(value.length);
        const located = this.#value();
        this.#path.pop();
        value.push(located.value);
        if (located.node !== null) items?.push(located.node);
      } while (this.#separator("]"));
    }
    this.#at += 1;
    return { value, node: this.#node(start, null, items) };
  }

  /** True after a comma, false at `close`, which stays unread. */
  #separator(close: string): boolean {
    this.#skipSpace();
    const mark = this.#text[this.#at];
    if (mark === close) return false;
    if (mark !== ",") throw this.#unexpected(`where \`,\` or \`${close}\` should stand`);
    this.#at += 1;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1);
    while (end !== -1 && this.#isEscaped(end));
    if (end === -1) throw new JsonFault("A string is not closed.", start);
    this.#at = end + 1;
    const value = stringOf(this.#text.slice(start, end + 1));
    if (value === null)
      throw new JsonFault("A string holds a raw control character or a wrong escape.", start);
    return value;
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === "\\") backslashes += 1;
    return backslashes % 2 === 1;
  }

  #scalar(): unknown {
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined) throw this.#unexpected("where a value should stand");
    const value = Number(digits);
    const fault = numberFault(value, digits);
    if (fault !== null)
      this.#fault("number_too_large", fault, this.#at, "Write it as a string, in quotes.");
    this.#at += digits.length;
    return value;
  }

  #fault(code: SourceFault["code"], message: string, offset: number, hint: string | null): void {
    this.faults.push({ code, message, offset, pointer: [...this.#path], suggestion: hint });
  }

  #unexpected(where: string): JsonFault {
    const mark = this.#text[this.#at];
    const what = mark === undefined ? "The text ends" : `Unexpected \`${mark}\``;
    return new JsonFault(`${what} ${where}.`, this.#at);
  }

  #skipSpace(): void {
    while (true) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at += 1;
    }
  }
}

/** The string that a JSON literal means, or null where it is malformed. */
function stringOf(literal: string): string | null {
  try {
    return JSON.parse(literal) as string;
  } catch {
    // The caller tells the fault at its place.
    return null;
  }
}
