/**
 * Takes the values of secrets out of everything that leaves an attempt: texts, keys and numbers of
 * values, errors, log fields. `[secret NAME]` stands in their place.
 *
 *   R1. A value is found as it is, escaped as JSON (once and twice) or HTML, in the forms of a URL,
 *       in hexadecimal, and in base64 and base64url whatever stands before and after it.
 *   R2. Of a text that was cut off in the midst of a value, the piece at its end (and at its
 *       beginning) goes too, from half of the value or 8 characters on.
 *   R3. Forms of fewer than SHORTEST characters are not looked for: they would be found everywhere.
 *       So a value needs that many itself (see usableSecret).
 *   R4. What holds no value is returned as it is, not copied.
 */

/** Characters below which no form is looked for. */
const SHORTEST = 4;
/** The same for pieces of base64, which other text meets more easily. */
const SHORTEST_BASE64 = 6;
const PIECE_MIN = 8;
const DEPTH_MAX = 200;

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export class Redactor {
  readonly #pattern: RegExp;
  readonly #names = new Map<string, string>();
  readonly #values: readonly NamedValue[];

  constructor(values: readonly NamedValue[]) {
    this.#values = values.filter(({ value }) => value.length >= SHORTEST);
    const exact = new Map<string, string>();
    const cores = new Map<string, string>();
    for (const { name, value } of this.#values) {
      for (const form of formsOf(value)) if (!exact.has(form)) exact.set(form, name);
      for (const core of base64Cores(value)) if (!cores.has(core)) cores.set(core, name);
    }
    for (const [form, name] of [...exact, ...cores]) this.#names.set(form, name);
    const longestFirst = (forms: Iterable<string>) =>
      [...forms].sort((a, b) => b.length - a.length).map(escaped);
    const parts = longestFirst(exact.keys());
    // The characters around belong half to the value and half to its neighbours.
    if (cores.size > 0)
      parts.push(
        `[A-Za-z0-9+/_-]{0,2}(?<core>${longestFirst(cores.keys()).join("|")})[A-Za-z0-9+/_-]{0,2}={0,2}`,
      );
    this.#pattern = new RegExp(parts.length === 0 ? "(?!)" : parts.join("|"), "g");
  }

  /** `text` without values. */
  text(text: string): string {
    const replaced = text.replace(this.#pattern, (found, ...rest) => {
      const { core } = rest.at(-1) as { readonly core?: string };
      return shown(this.#names.get(core ?? found) ?? "");
    });
    return this.#withoutEnds(replaced);
  }

  /** A JSON value, or an error, without values: keys, texts, and numbers that spell one. */
  value(value: unknown): unknown {
    return this.#visit(value, 0);
  }

  #visit(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number" || typeof value === "bigint") {
      const spelt = String(value);
      const text = this.text(spelt);
      return text === spelt ? value : text;
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth > DEPTH_MAX) return "[too deep]";
    if (value instanceof Error) return this.#error(value, depth);
    const { toJSON } = value as { readonly toJSON?: unknown };
    // What it becomes in JSON is what leaves (a URL has no entries, and its text all of it).
    if (typeof toJSON === "function") return this.#made(value, toJSON.call(value), depth);
    if (Array.isArray(value)) return this.#list(value, depth);
    return this.#object(value, depth);
  }

  #made(value: object, json: unknown, depth: number): unknown {
    const made = json === value ? value : this.#visit(json, depth + 1);
    return made === json ? value : made;
  }

  #list(list: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | null = null;
    for (const [index, item] of list.entries()) {
      const made = this.#visit(item, depth + 1);
      if (made !== item) copy ??= [...list];
      if (copy !== null) copy[index] = made;
    }
    return copy ?? list;
  }

  #object(source: object, depth: number): object {
    let isChanged = false;
    const entries = Object.entries(source).map(([key, item]): [string, unknown] => {
      const name = this.text(key);
      const made = this.#visit(item, depth + 1);
      isChanged ||= name !== key || made !== item;
      return [name, made];
    });
    return isChanged ? Object.fromEntries(entries) : source;
  }

  /** A copy: who threw it may still use it, and what looks at it by class finds an error. */
  #error(error: Error, depth: number): Error {
    const copy = new Error(this.text(error.message));
    copy.name = this.text(error.name);
    if (error.stack !== undefined) copy.stack = this.text(error.stack);
    if (error.cause !== undefined) copy.cause = this.#visit(error.cause, depth + 1);
    for (const [key, item] of Object.entries(error))
      if (!["name", "message", "stack", "cause"].includes(key))
        Object.defineProperty(copy, this.text(key), {
          value: this.#visit(item, depth + 1),
          enumerable: true,
        });
    return copy;
  }

  #withoutEnds(text: string): string {
    let rest = text;
    for (const { name, value } of this.#values) {
      const end = pieceLength(value, rest, (length) => rest.endsWith(value.slice(0, length)));
      if (end > 0) rest = rest.slice(0, -end) + shown(name);
      const start = pieceLength(value, rest, (length) => rest.startsWith(value.slice(-length)));
      if (start > 0) rest = shown(name) + rest.slice(start);
    }
    return rest;
  }
}

/** The longest piece of `value` for which `fits`; 0: none that is long enough to matter. */
function pieceLength(value: string, text: string, fits: (length: number) => boolean): number {
  const least = Math.max(SHORTEST, Math.min(PIECE_MIN, Math.ceil(value.length / 2)));
  for (let length = Math.min(value.length - 1, text.length); length >= least; length -= 1)
    if (fits(length)) return length;
  return 0;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function shown(name: string): string {
  return `[secret ${name}]`;
}

/** Why a value cannot be kept out of the journal, or null. */
export function unusableSecret(value: string): string | null {
  if (value.length < SHORTEST)
    return `it has fewer than ${SHORTEST} characters, which cannot be told from other text`;
  return null;
}

function formsOf(value: string): ReadonlySet<string> {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const wellFormed = value.toWellFormed();
  const percent = encodeURIComponent(wellFormed);
  const form = new URLSearchParams([["", wellFormed]]).toString().slice(1);
  const hex = Buffer.from(value, "utf8").toString("hex");
  const html = value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
  const all = [
    ...[value, value.trim(), json, JSON.stringify(json).slice(1, -1), ascii],
    ...[json.replaceAll("/", "\\/"), html, html.replaceAll("'", "&#39;")],
    ...[percent, lowerEscapes(percent), encodeURI(wellFormed), form, lowerEscapes(form)],
    ...[percent.replaceAll("%20", "+"), hex, hex.toUpperCase()],
    ...longLines(value),
  ];
  return new Set(all.filter((text) => text.length >= SHORTEST));
}

/** A key of many lines is also shown line by line. */
function longLines(value: string): readonly string[] {
  const lines = value.split(/\r?\n/);
  return lines.length === 1
    ? []
    : lines.map((line) => line.trim()).filter((line) => line.length >= 16);
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/**
 * What base64 shows of the value after 0, 1 and 2 other bytes of a group of three: the characters
 * that depend on the value alone.
 */
function base64Cores(value: string): ReadonlySet<string> {
  const bytes = Buffer.from(value, "utf8");
  const cores = new Set<string>();
  for (let before = 0; before < 3; before += 1) {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const skipped = Math.ceil((before * 8) / 6);
    const full = Math.floor((whole.byteLength * 8) / 6);
    for (const text of [whole.toString("base64"), whole.toString("base64url")]) {
      const core = text.slice(skipped, full);
      if (core.length >= SHORTEST_BASE64) cores.add(core);
    }
  }
  return cores;
}
