/**
 * Expressions of graph JSON, translated into the expression language. That format's operators and
 * precedence are JavaScript's, so the text is carried over as it stands, but for
 *
 *  - names: `input`, `item`, `variables.x`, `context.x`, `node.<id>.path` and bare fields of the
 *    current value become what they mean where the expression stands (GraphScope);
 *  - shorthands: an operand that begins with a comparison (`>=80 && <90`) compares the current value;
 *  - functions and methods that have another name or form (graph-functions.ts).
 *
 * E1. A value reading is strict: what does not exist is an error. A condition is lenient: it is not
 *     there, so it is not true (`?.`). That is how the format's editors run them.
 * E2. Node ids may hold any characters; the longest known id that stands in the text wins.
 * E3. A fault names what is wrong and its offset in characters; nothing is guessed.
 */
import { METHOD_NAMES } from "../expression/functions.ts";
import { GRAPH_FUNCTIONS, GRAPH_METHODS } from "./graph-functions.ts";

/** What the names of an expression mean where it stands; each is source text of the expression language. */
export interface GraphScope {
  /** The node's input; null where it has none. */
  readonly input: string | null;
  /** What shorthands and bare fields are about. */
  readonly current: string | null;
  /** Names that stand for themselves or something else: `item`, `index`, `items`, `accumulator`, `inputs`. */
  readonly names: { readonly [name: string]: string };
  /** null: unknown. */
  variable(name: string): string | null;
  context(name: string): string | null;
  /** The node's result; null: no such node. */
  node(id: string): string | null;
  /** Whether that result is a plain value, which `.value` and `.output` mean too. */
  isPlain(id: string): boolean;
  /** Ids that `node.` may name. */
  nodeIds(): readonly string[];
  /** Names that `variables.` and `context.` may name beside plain identifiers. */
  knownNames(): readonly string[];
}

export type TranslatedExpression =
  | { readonly ok: true; readonly source: string }
  | { readonly ok: false; readonly message: string; readonly offset: number };

/** `condition`: its truth matters, and what is missing is not true. */
export type GraphReading = "value" | "condition";

export function translateExpression(
  text: string,
  scope: GraphScope,
  reading: GraphReading,
): TranslatedExpression {
  const translator = new Translator(text, scope, reading === "condition");
  try {
    return { ok: true, source: translator.whole() };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, message: error.message, offset: error.offset };
    throw error;
  }
}

/**
 * The value that a shorthand compares: results of nodes that wrap theirs in `value` are looked
 * into, two levels deep, as such nodes can follow each other.
 */
export function unwrapped(source: string): string {
  return `(${source}?.value?.value ?? ${source}?.value ?? ${source})`;
}

class Fault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const IDENTIFIER = /[A-Za-z_$][\w$]*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;
const COMPARISON = /===|!==|==|!=|>=|<=|>|</y;
const LITERALS: ReadonlySet<string> = new Set(["true", "false", "null", "undefined"]);
const NESTING_MAX = 100;

class Translator {
  readonly #text: string;
  #scope: GraphScope;
  readonly #isLenient: boolean;
  #at = 0;
  #nesting = 0;

  constructor(text: string, scope: GraphScope, isLenient: boolean) {
    this.#text = text;
    this.#scope = scope;
    this.#isLenient = isLenient;
  }

  whole(): string {
    if (this.#text.trim() === "") throw new Fault("The expression is empty.", 0);
    const source = this.#choice();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return source;
  }

  /** `condition ? a : b` and all that binds tighter. */
  #choice(): string {
    if (++this.#nesting > NESTING_MAX)
      throw new Fault(`It is nested more than ${NESTING_MAX} deep.`, this.#at);
    const condition = this.#logic();
    this.#space();
    if (this.#text[this.#at] !== "?" || this.#text.startsWith("??", this.#at)) {
      this.#nesting -= 1;
      return condition;
    }
    this.#at += 1;
    const yes = this.#choice();
    this.#expect(":");
    const no = this.#choice();
    this.#nesting -= 1;
    return `${condition} ? ${yes} : ${no}`;
  }

  #logic(): string {
    let source = this.#comparison();
    for (;;) {
      const operator = this.#take(/\|\||&&/y);
      if (operator === null) return source;
      source = `${source} ${operator} ${this.#comparison()}`;
    }
  }

  #comparison(): string {
    let left = this.#startsComparison() ? this.#currentValue() : this.#sum();
    for (;;) {
      const operator = this.#take(COMPARISON);
      if (operator === null) return left;
      const right = this.#sum();
      left = isEquality(operator)
        ? `${againstNull(left, right)} ${operator} ${againstNull(right, left)}`
        : `${left} ${operator} ${right}`;
    }
  }

  #startsComparison(): boolean {
    this.#space();
    COMPARISON.lastIndex = this.#at;
    return COMPARISON.test(this.#text);
  }

  #currentValue(): string {
    const { current } = this.#scope;
    if (current === null)
      throw new Fault("There is no value to compare: the node has no input.", this.#at);
    return unwrapped(current);
  }

  #sum(): string {
    let source = this.#product();
    for (;;) {
      const operator = this.#take(/[+-]/y);
      if (operator === null) return source;
      source = `${source} ${operator} ${this.#product()}`;
    }
  }

  #product(): string {
    let source = this.#unary();
    for (;;) {
      const operator = this.#take(/\*\*|[*/%]/y);
      if (operator === null) return source;
      source = `${source} ${operator} ${this.#unary()}`;
    }
  }

  #unary(): string {
    const operator = this.#take(/!(?!=)|[+-]/y);
    if (operator === null) return this.#path(this.#primary());
    if (++this.#nesting > NESTING_MAX)
      throw new Fault(`It is nested more than ${NESTING_MAX} deep.`, this.#at);
    const operand = this.#unary();
    this.#nesting -= 1;
    // `- -1` must not become `--1`.
    return operand.startsWith(operator) ? `${operator}(${operand})` : `${operator}${operand}`;
  }

  /** What follows a value: `.field`, `[index]`, `.method(...)`. */
  #path(start: string): string {
    let source = start;
    for (;;) {
      this.#space();
      const mark = this.#text[this.#at];
      if (mark === "." || this.#text.startsWith("?.", this.#at)) {
        this.#at += mark === "." ? 1 : 2;
        if (this.#text[this.#at] === "[") continue;
        source = this.#member(source, mark === "?");
      } else if (mark === "[") {
        this.#at += 1;
        const index = this.#choice();
        this.#expect("]");
        source = `${source}${this.#isLenient ? "?." : ""}[${index}]`;
      } else return source;
    }
  }

  #member(source: string, isOptional: boolean): string {
    const at = this.#at;
    const name = this.#take(IDENTIFIER);
    if (name === null) throw this.#unexpected();
    const dot = this.#isLenient || isOptional ? "?." : ".";
    this.#space();
    if (this.#text[this.#at] !== "(") return `${source}${dot}${name}`;
    const written = GRAPH_METHODS.get(name);
    if (written === undefined && !METHOD_NAMES.has(name))
      throw new Fault(`There is no method \`${name}\`.`, at);
    const args = this.#args();
    return written === undefined
      ? `${source}${dot}${name}(${args.join(", ")})`
      : written(`${source}${dot}`, args);
  }

  #primary(): string {
    this.#space();
    const at = this.#at;
    const number = this.#take(NUMBER);
    if (number !== null) return numberSource(number);
    const text = this.#take(TEXT);
    if (text !== null) return text;
    if (this.#text[at] === "(") {
      this.#at += 1;
      const inner = this.#choice();
      this.#expect(")");
      return `(${inner})`;
    }
    if (this.#text[at] === "[") return `[${this.#list("[", "]").join(", ")}]`;
    const name = this.#take(IDENTIFIER);
    if (name === null) throw this.#unexpected();
    if (LITERALS.has(name)) return name;
    this.#space();
    if (this.#text[this.#at] === "(") return this.#call(name, at);
    return this.#name(name, at);
  }

  #call(name: string, at: number): string {
    const write = GRAPH_FUNCTIONS.get(name);
    if (write === undefined) throw new Fault(`There is no function \`${name}\`.`, at);
    const outer = this.#scope;
    const locals = write.perItem === true ? itemNames(outer) : null;
    const args = this.#args((count) => {
      // From its second argument on, `map` speaks about one item.
      if (locals !== null && count === 1) this.#scope = { ...outer, ...locals.scope };
    });
    this.#scope = outer;
    const [fewest, most] = write.count;
    if (args.length < fewest || args.length > most)
      throw new Fault(
        `\`${name}\` takes ${fewest === most ? fewest : `${fewest} to ${most === Number.POSITIVE_INFINITY ? "any number of" : most}`} arguments, not ${args.length}.`,
        at,
      );
    return write.write(args, locals?.parameters ?? "");
  }

  #name(name: string, at: number): string {
    const scope = this.#scope;
    if (Object.hasOwn(scope.names, name)) return scope.names[name] as string;
    if (name === "input") {
      if (scope.input === null)
        throw new Fault("There is no `input`: draw an edge to the node.", at);
      return scope.input;
    }
    if (name === "node" || name === "variables" || name === "context") return this.#root(name, at);
    if (scope.current === null)
      throw new Fault(`\`${name}\` is a field of the input, and the node has no input.`, at);
    return `${scope.current}${this.#isLenient ? "?." : "."}${name}`;
  }

  /** `node.<id>`, `variables.<name>`, `context.<name>`. */
  #root(root: "node" | "variables" | "context", at: number): string {
    this.#expect(".");
    const start = this.#at;
    const known = root === "node" ? this.#scope.nodeIds() : this.#scope.knownNames();
    const name = this.#longest(known) ?? this.#take(root === "node" ? /[\w$-]+/y : IDENTIFIER);
    if (name === null) throw this.#unexpected();
    const source =
      root === "node"
        ? this.#scope.node(name)
        : root === "variables"
          ? this.#scope.variable(name)
          : this.#scope.context(name);
    if (source !== null) {
      if (root === "node" && this.#scope.isPlain(name))
        this.#take(/\??\.(?:value|output)(?![\w$(])/y);
      return source;
    }
    const what = { node: "node", variables: "variable", context: "context value" }[root];
    throw new Fault(`There is no ${what} \`${name}\`.`, start === at ? at : start);
  }

  #longest(known: readonly string[]): string | null {
    let found: string | null = null;
    for (const name of known) {
      if (found !== null && name.length <= found.length) continue;
      if (!this.#text.startsWith(name, this.#at)) continue;
      if (!/[\w$]/.test(this.#text[this.#at + name.length] ?? " ")) found = name;
    }
    if (found !== null) this.#at += found.length;
    return found;
  }

  #args(before?: (count: number) => void): string[] {
    return this.#list("(", ")", before);
  }

  #list(open: string, close: string, before?: (count: number) => void): string[] {
    this.#expect(open);
    const values: string[] = [];
    this.#space();
    while (this.#text[this.#at] !== close) {
      if (values.length > 0) this.#expect(",");
      before?.(values.length);
      values.push(this.#choice());
      this.#space();
    }
    this.#at += 1;
    return values;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  /** What the sticky pattern finds here; null leaves everything as it is. */
  #take(pattern: RegExp): string | null {
    this.#space();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #expect(mark: string): void {
    this.#space();
    if (this.#text[this.#at] !== mark) throw this.#unexpected(`\`${mark}\` is missing`);
    this.#at += 1;
  }

  #unexpected(missing?: string): Fault {
    const mark = this.#text[this.#at];
    if (mark === undefined)
      return new Fault(`${missing ?? "A value is missing"} at the end.`, this.#text.length);
    return new Fault(
      `${missing === undefined ? "" : `${missing}: `}\`${mark}\` cannot stand here.`,
      this.#at,
    );
  }
}

/** `item` and `index` of one item inside `map(list, ...)`, with names of their own in nested ones. */
function itemNames(outer: GraphScope): {
  readonly parameters: string;
  readonly scope: Pick<GraphScope, "current" | "names">;
} {
  const taken = new Set(Object.values(outer.names));
  const own = (name: string): string => {
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}${number}`;
      if (!taken.has(candidate)) return candidate;
    }
  };
  const item = own("item");
  const index = own("index");
  return {
    parameters: `(${item}, ${index})`,
    scope: { current: item, names: { ...outer.names, item, index } },
  };
}

function isEquality(operator: string): boolean {
  return operator.startsWith("==") || operator.startsWith("!=");
}

/** In that format what is missing equals null; `==` of the expression language is strict. */
function againstNull(side: string, other: string): string {
  return other === "null" && side !== "null" ? `(${side} ?? null)` : side;
}

/** `5.` and `.5` are numbers there, `05` is 5. */
function numberSource(text: string): string {
  return String(Number(text));
}
