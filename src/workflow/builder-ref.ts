/**
 * References to values of a later run, for the TypeScript builder: `fetch.output.body` is text for
 * `steps.fetch.output.body`. In a template string a reference gives `${{ … }}`, in `expr` its bare
 * source, and property access extends the path, typed where the value's type is known.
 */
const SOURCE = Symbol("expression source");

declare const VALUE: unique symbol;

interface HasSource<T = unknown> {
  readonly [SOURCE]: string;
  /** For the compiler only: what the value will be. */
  readonly [VALUE]?: T;
}

/** A reference to a value of type T. */
export type Ref<T = unknown> = HasSource<T> &
  (unknown extends T
    ? { readonly [key: string]: Ref }
    : T extends readonly (infer Item)[]
      ? { readonly [index: number]: Ref<Item>; readonly length: Ref<number> }
      : T extends object
        ? { readonly [Key in keyof T]-?: Ref<NonNullable<T[Key]>> }
        : unknown);

/** What a template that is built of references will hold: text, lists and objects around them stay. */
export type ValueOf<Built> = Built extends HasSource
  ? Built extends { readonly [VALUE]?: infer T }
    ? T
    : unknown
  : Built extends string
    ? string
    : Built extends readonly (infer Item)[]
      ? ValueOf<Item>[]
      : Built extends object
        ? { -readonly [Key in keyof Built]: ValueOf<Built[Key]> }
        : Built extends undefined
          ? unknown
          : Built;

/** Where a value of type T is wanted, a reference or a template text may stand for it or for its parts. */
export type Template<T> =
  | Ref<T>
  | string
  | (T extends readonly (infer Item)[]
      ? readonly Template<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Template<T[Key]> }
        : T);

/** A bare expression made by `expr`. */
export type Expr = HasSource;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The reference with this source. */
export function ref<T = unknown>(source: string): Ref<T> {
  const wrapped = (): string => `\${{ ${source} }}`;
  return new Proxy({} as Ref<T> & object, {
    get: (_target, key) => {
      if (key === SOURCE) return source;
      if (key === Symbol.toPrimitive || key === "toString" || key === "toJSON") return wrapped;
      if (typeof key === "symbol") return undefined;
      return ref(memberOf(source, key));
    },
    has: (_target, key) => key === SOURCE,
  });
}

function memberOf(source: string, key: string): string {
  if (IDENTIFIER.test(key)) return `${source}.${key}`;
  return /^(0|[1-9]\d*)$/.test(key) ? `${source}[${key}]` : `${source}[${JSON.stringify(key)}]`;
}

/**
 * A bare expression: expr`${total.output} > ${w.input.limit}`. References stand for their source,
 * every other value for its JSON.
 */
export function expr(parts: TemplateStringsArray, ...values: readonly unknown[]): Expr {
  const source = parts
    .map((part, at) => part + (at < values.length ? sourceOf(values[at]) : ""))
    .join("");
  return ref(source);
}

function sourceOf(value: unknown): string {
  return isRef(value) ? value[SOURCE] : JSON.stringify(value);
}

function isRef(value: unknown): value is HasSource {
  return typeof value === "object" && value !== null && SOURCE in value;
}

/** The text of a bare expression field. */
export function bareOf(value: string | HasSource): string {
  return typeof value === "string" ? value : value[SOURCE];
}

/** Plain JSON of a template: references become `${{ }}`, undefined fields are left out. */
export function plainOf(value: unknown): unknown {
  if (isRef(value)) return `\${{ ${value[SOURCE]} }}`;
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, plainOf(field)]),
  );
}
