/**
 * Random well-typed expressions for the differential test, each printed in three ways
 * (printed-source.ts): missing members, objects and undefined where a primitive is needed, and
 * arguments of another type are errors in the checked print. One class, since every kind of value
 * is made of every other kind.
 */
import { checkedAs, checking, inner, join, type Source } from "./printed-source.ts";

export type Random = () => number;

/** A small seeded generator (mulberry32): values in [0, 1). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Kind = "number" | "text" | "truth" | "numbers" | "texts" | "row" | "rows";

const PATTERNS = [
  "/a/g",
  "/[a-c]+/g",
  "/b(c)?/g",
  "/\\d+/g",
  "/(?<x>a)|b/g",
  "/^a/g",
  "/c$/g",
  "/x*/g",
];
const WORDS = ["", "a", "b", "abc", "cab", "Ab c", " a1b22 ", "é", "zz", "12", "0.5", "aaaa"];
const NUMBERS = ["0", "1", "2", "3", "7", "10", "0.5", "-1", "-2.5", "100", "1e3"];
const MATH_ONE = [
  "abs",
  "acos",
  "asin",
  "atan",
  "cbrt",
  "ceil",
  "clz32",
  "cos",
  "exp",
  "floor",
  "fround",
  "log",
  "log10",
  "log1p",
  "log2",
  "round",
  "sign",
  "sin",
  "sqrt",
  "tan",
  "trunc",
];
const MATH_MORE = ["atan2", "hypot", "imul", "max", "min", "pow"];

/** Generates expressions and notes which features they use. */
export class RandomExpressions {
  readonly #random: Random;
  #used = new Set<string>();
  #locals: { readonly name: string; readonly kind: Kind }[] = [];
  #names = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new expression and the features in it: operators, `text.trim`, `Math.max` and so on. */
  next(): { readonly source: Source; readonly used: ReadonlySet<string> } {
    this.#used = new Set();
    this.#locals = [];
    this.#names = 0;
    return { source: this.#any(1 + Math.floor(this.#random() * 4)), used: this.#used };
  }

  /** A scope that the expressions can read. */
  scope(): Record<string, unknown> {
    const list = <Item>(make: () => Item): Item[] => Array.from({ length: this.#int(5) }, make);
    const number = (): number => Number(this.#pick(NUMBERS));
    const text = (): string => this.#pick(WORDS);
    const row = () => ({ a: number(), b: text(), c: this.#random() < 0.5, d: list(number) });
    return {
      input: {
        n: number(),
        m: number(),
        s: text(),
        t: text(),
        flag: this.#random() < 0.5,
        none: null,
        nums: list(number),
        words: list(text),
        rows: list(row),
        row: row(),
      },
      steps: { one: { status: "succeeded", output: { n: number(), s: text(), rows: list(row) } } },
    };
  }

  #int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#int(items.length)] as Item;
  }

  #use(feature: string): string {
    this.#used.add(feature);
    return feature.slice(feature.lastIndexOf(".") + 1);
  }

  #one(makers: readonly (() => Source)[]): Source {
    return this.#pick(makers)();
  }

  #any(depth: number): Source {
    return this.#one([
      () => this.#number(depth),
      () => this.#number(depth),
      () => this.#text(depth),
      () => this.#text(depth),
      () => this.#truth(depth),
      () => this.#numbers(depth),
      () => this.#texts(depth),
      () => this.#rows(depth),
      () => this.#row(depth),
    ]);
  }

  #of(kind: Kind, depth: number): Source {
    switch (kind) {
      case "number":
        return this.#number(depth);
      case "text":
        return this.#text(depth);
      case "truth":
        return this.#truth(depth);
      case "numbers":
        return this.#numbers(depth);
      case "texts":
        return this.#texts(depth);
      case "row":
        return this.#row(depth);
      case "rows":
        return this.#rows(depth);
    }
  }

  /** Something of another kind than is wanted, now and then. */
  #wild(kind: Kind, depth: number): Source {
    if (this.#random() > 0.01) return this.#of(kind, depth);
    return this.#pick(
      [
        join`null`,
        join`undefined`,
        join`input.none`,
        join`input.row`,
        join`input.zzz`,
        join`true`,
        this.#primitive(0),
      ].map((source) => this.#asMember(source)),
    );
  }

  /** `input.x` in the checked print reads through H.member. */
  #asMember(source: Source): Source {
    const match = /^input\.(\w+)$/.exec(source.ours);
    return match === null
      ? source
      : checkedAs(source, join`H.chain(input, [[false, ${JSON.stringify(match[1])}]])`);
  }

  #local(kind: Kind): Source | null {
    const fitting = this.#locals.filter((local) => local.kind === kind);
    return fitting.length === 0 || this.#random() < 0.4 ? null : join`${this.#pick(fitting).name}`;
  }

  /** `base.key?.key[…]`: the links of one chain. */
  #chain(
    base: Source,
    links: readonly (readonly [optional: boolean, key: string | number])[],
  ): Source {
    const text = links.map(([optional, key]) => {
      this.#use(optional ? "?." : ".");
      if (typeof key === "number") return `${optional ? "?." : ""}[${key}]`;
      if (this.#random() < 0.1) return `${optional ? "?." : ""}["${key}"]`;
      return `${optional ? "?." : "."}${key}`;
    });
    return checkedAs(
      join`${base}${text.join("")}`,
      join`H.chain(${base}, ${JSON.stringify(links)})`,
    );
  }

  #path(kind: Kind): Source {
    const local = this.#local(kind);
    if (local !== null) return local;
    const row = this.#locals.find((one) => one.kind === "row");
    const field = {
      number: "a",
      text: "b",
      truth: "c",
      numbers: "d",
      texts: "",
      row: "",
      rows: "",
    }[kind];
    if (row !== undefined && field !== "" && this.#random() < 0.7)
      return this.#chain(join`${row.name}`, [[this.#random() < 0.1, field]]);
    const input = {
      number: ["n", "m"],
      text: ["s", "t"],
      truth: ["flag"],
      numbers: ["nums"],
      texts: ["words"],
      row: ["row"],
      rows: ["rows"],
    }[kind];
    if (this.#random() < 0.1 && field !== "")
      return this.#chain(join`input`, [
        [false, "rows"],
        [this.#random() < 0.5, this.#int(3)],
        [this.#random() < 0.5, field],
      ]);
    if (this.#random() < 0.1 && (kind === "number" || kind === "text" || kind === "rows")) {
      const key = { number: "n", text: "s", rows: "rows" }[kind];
      return this.#chain(join`steps`, [
        [false, "one"],
        [this.#random() < 0.3, "output"],
        [false, key],
      ]);
    }
    if (this.#random() < 0.02)
      return this.#chain(join`input`, [
        [false, "none"],
        [this.#random() < 0.7, "x"],
        [false, "y"],
      ]);
    if (this.#random() < 0.02) return this.#chain(join`input`, [[this.#random() < 0.7, "zzz"]]);
    return this.#chain(join`input`, [[false, this.#pick(input)]]);
  }

  /** `(name, …) => body` whose names have the kinds; `body` is made while they are in scope. */
  #lambda(kinds: readonly Kind[], body: () => Source): Source {
    this.#use("=>");
    const names = kinds.map((kind) => {
      this.#names += 1;
      return { name: `x${this.#names}`, kind };
    });
    const count = this.#locals.length;
    this.#locals.push(...names);
    const source = body();
    this.#locals.length = count;
    return join`(${names.map(({ name }) => name).join(", ")}) => (${source})`;
  }

  /** `{ a, b }` or `[first]` as a parameter, the other forms of a lambda. */
  #takingApart(): Source {
    this.#use("pattern");
    return this.#one([
      () => join`input.rows.map(({ a, b: other = "q", ...rest }) => [a, other, rest])`,
      () => join`Object.entries(input.row).map(([key, ...values]) => ({ [key]: values }))`,
      () => join`input.nums.map((...all) => all.length)`,
      () => join`input.words.map((word, index = 1) => word + index)`,
    ]);
  }

  #receiver(source: Source): Source {
    return join`(${source})`;
  }

  #method(
    kind: "text" | "list" | "number",
    self: Source,
    name: string,
    args: readonly Source[],
  ): Source {
    this.#use(`${kind}.${name}`);
    const optional = this.#random() < 0.05 ? "?." : ".";
    let list = join``;
    for (const [index, arg] of args.entries()) list = index === 0 ? arg : join`${list}, ${arg}`;
    const receiver = this.#receiver(name === "toString" ? checking("primitive", self) : self);
    return join`${receiver}${optional}${name}(${list})`;
  }

  #numberArg(depth: number): Source {
    const source =
      this.#random() < 0.7 ? join`${this.#pick(NUMBERS)}` : this.#wild("number", depth - 1);
    return checkedAs(source, join`H.number(${source})`);
  }

  #textArg(depth: number): Source {
    const source =
      this.#random() < 0.6
        ? join`${JSON.stringify(this.#pick(WORDS))}`
        : this.#wild("text", depth - 1);
    return checkedAs(source, join`H.text(${source})`);
  }

  #optionalNumber(depth: number): Source {
    const source = this.#numberArg(depth);
    return checkedAs(
      source,
      join`H.optional("number", ${{ ...source, checked: inner(source.checked) }})`,
    );
  }

  #optionalText(depth: number): Source {
    const source = this.#textArg(depth);
    return checkedAs(
      source,
      join`H.optional("string", ${{ ...source, checked: inner(source.checked) }})`,
    );
  }

  /** An argument that becomes text whatever primitive it is. */
  #partArg(depth: number): Source {
    return checking("part", this.#wild("text", depth - 1));
  }

  #maybe(source: Source): Source[] {
    return this.#random() < 0.5 ? [] : [source];
  }

  #number(depth: number): Source {
    if (depth <= 0)
      return this.#random() < 0.4 ? join`${this.#pick(NUMBERS)}` : this.#path("number");
    const inner = (): Source => this.#wild("number", depth - 1);
    const text = (): Source => this.#wild("text", depth - 1);
    return this.#one([
      () => this.#arithmetic(inner(), inner()),
      () => this.#arithmetic(inner(), inner()),
      () => this.#sign(inner()),
      () => this.#choice("number", depth),
      () => this.#listToNumber(depth),
      () => this.#textToNumber(text(), depth),
      () => {
        const name = this.#pick(MATH_ONE);
        this.#use(`Math.${name}`);
        return join`Math.${name}(${checking("primitive", inner())})`;
      },
      () => {
        const name = this.#pick(MATH_MORE);
        this.#use(`Math.${name}`);
        return join`Math.${name}(${checking("primitive", inner())}, ${checking("primitive", inner())})`;
      },
      () =>
        this.#one([
          () => join`${this.#use("Number")}(${this.#primitive(depth - 1)})`,
          () =>
            join`${this.#use("parseInt")}(${this.#partArg(depth)}, ${this.#pick(["10", "16", "2"])})`,
          () => join`${this.#use("parseFloat")}(${this.#partArg(depth)})`,
          () => join`Number.${this.#use("Number.parseInt")}(${this.#partArg(depth)})`,
          () => join`Number.${this.#use("Number.parseFloat")}(${this.#partArg(depth)})`,
        ]),
      () =>
        this.#chain(
          this.#receiver(
            this.#pick([this.#text(depth - 1), this.#numbers(depth - 1), this.#rows(depth - 1)]),
          ),
          [[this.#random() < 0.1, "length"]],
        ),
      () =>
        this.#one([
          () => join`Math.PI`,
          () => join`Number.MAX_SAFE_INTEGER`,
          () => join`Number.EPSILON`,
        ]),
    ]);
  }

  #arithmetic(left: Source, right: Source): Source {
    const operator = this.#pick(["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", ">>>"]);
    this.#use(operator);
    const plain = join`((${left}) ${operator} (${right}))`;
    if (operator === "+") return checkedAs(plain, join`H.add(${left}, ${right})`);
    return checkedAs(plain, join`(H.numeric(${left}) ${operator} H.numeric(${right}))`);
  }

  #sign(operand: Source): Source {
    const operator = this.#pick(["-", "+", "~"]);
    this.#use(`unary ${operator}`);
    return checkedAs(join`(${operator}(${operand}))`, join`(${operator}H.numeric(${operand}))`);
  }

  /** A primitive that can be part of a text. */
  #part(depth: number): Source {
    const source = this.#primitive(depth);
    return checkedAs(source, join`H.part(${source})`);
  }

  #primitive(depth: number): Source {
    const source = this.#one([
      () => this.#number(depth),
      () => this.#text(depth),
      () => this.#truth(depth),
      () => join`null`,
    ]);
    return checkedAs(source, join`H.primitive(${source})`);
  }

  #choice(kind: Kind, depth: number): Source {
    const inner = (): Source => this.#wild(kind, depth - 1);
    return this.#one([
      () => {
        this.#use("?:");
        return join`((${this.#truth(depth - 1)}) ? (${inner()}) : (${inner()}))`;
      },
      () => join`((${inner()}) ${this.#use("&&")} (${inner()}))`,
      () => join`((${inner()}) ${this.#use("||")} (${inner()}))`,
      () => join`((${inner()}) ${this.#use("??")} (${inner()}))`,
      () =>
        join`((${this.#pick([join`null`, join`undefined`, this.#chain(join`input`, [[true, "zzz"]])])}) ${this.#use("??")} (${inner()}))`,
    ]);
  }

  #textToNumber(self: Source, depth: number): Source {
    return this.#one([
      () =>
        this.#method("text", self, this.#pick(["indexOf", "lastIndexOf"]), [
          this.#textArg(depth),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () =>
        this.#method(
          "text",
          self,
          this.#pick(["charCodeAt", "codePointAt"]),
          this.#maybe(this.#optionalNumber(depth)),
        ),
      () => this.#method("text", self, "search", [join`${this.#pick(PATTERNS)}`]),
    ]);
  }

  #listToNumber(depth: number): Source {
    const list = this.#numbers(depth - 1);
    const test = (): Source => this.#lambda(["number", "number"], () => this.#truth(depth - 1));
    return this.#one([
      () =>
        this.#method("list", list, this.#pick(["indexOf", "lastIndexOf"]), [
          this.#number(depth - 1),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () =>
        this.#method("list", list, this.#pick(["find", "findLast", "findIndex", "findLastIndex"]), [
          test(),
        ]),
      () => this.#method("list", list, "at", [this.#optionalNumber(depth)]),
      () =>
        this.#method("list", list, this.#pick(["reduce", "reduceRight"]), [
          this.#lambda(["number", "number"], () => this.#number(depth - 1)),
          ...this.#maybe(this.#number(depth - 1)),
        ]),
    ]);
  }

  #text(depth: number): Source {
    if (depth <= 0)
      return this.#random() < 0.4 ? join`${JSON.stringify(this.#pick(WORDS))}` : this.#path("text");
    const self = this.#wild("text", depth - 1);
    return this.#one([
      () => this.#choice("text", depth),
      () => {
        this.#use("+");
        const other = this.#primitive(depth - 1);
        return checkedAs(join`((${self}) + (${other}))`, join`H.add(${self}, ${other})`);
      },
      () => {
        this.#use("template");
        const other = this.#primitive(depth - 1);
        return checkedAs(
          join`\`<\${${self}}-\${${other}}>\``,
          join`\`<\${H.part(${self})}-\${H.part(${other})}>\``,
        );
      },
      () =>
        this.#method(
          "text",
          self,
          this.#pick([
            "toLowerCase",
            "toUpperCase",
            "toString",
            "toWellFormed",
            "trim",
            "trimEnd",
            "trimStart",
          ]),
          [],
        ),
      () => this.#method("text", self, this.#pick(["at", "charAt"]), [this.#optionalNumber(depth)]),
      () =>
        this.#method("text", self, "slice", [
          ...this.#maybe(this.#optionalNumber(depth)),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () =>
        this.#method("text", self, "substring", [
          this.#numberArg(depth),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () =>
        this.#method("text", self, this.#pick(["padStart", "padEnd"]), [
          this.#numberArg(depth),
          ...this.#maybe(this.#optionalText(depth)),
        ]),
      () => this.#method("text", self, "repeat", [this.#numberArg(depth)]),
      () =>
        this.#method("text", self, "concat", [
          this.#partArg(depth),
          ...this.#maybe(this.#partArg(depth)),
        ]),
      () => this.#method("text", self, "normalize", this.#maybe(join`"NFD"`)),
      () => this.#replace(self, depth),
      () => this.#listToText(depth),
      () => this.#numberToText(depth),
      () => join`${this.#use("String")}(${this.#primitive(depth - 1)})`,
      () =>
        join`${this.#use(this.#pick(["encodeURIComponent", "encodeURI"]))}(${this.#partArg(depth)})`,
      () => {
        const name = this.#pick(["URIComponent", "URI"]);
        this.#use(`encode${name}`);
        this.#use(`decode${name}`);
        return join`decode${name}(encode${name}(${this.#partArg(depth)}))`;
      },
      () =>
        join`JSON.${this.#use("JSON.stringify")}(${this.#any(depth - 1)}, null, ${this.#pick(["0", "2"])})`,
      () =>
        join`String.${this.#use(this.#pick(["String.fromCharCode", "String.fromCodePoint"]))}(65, 66 + ${this.#pick(["0", "1", "2"])})`,
      () => join`(${this.#use("typeof")} (${this.#any(depth - 1)}))`,
    ]);
  }

  #numberToText(depth: number): Source {
    const self = this.#wild("number", depth - 1);
    const name = this.#pick(["toFixed", "toExponential", "toPrecision", "toString"]);
    const args =
      {
        toFixed: ["0", "2"],
        toExponential: ["1", "4"],
        toPrecision: ["1", "5"],
        toString: ["2", "10", "16"],
      }[name] ?? [];
    return this.#method("number", self, name, this.#maybe(join`${this.#pick(args)}`));
  }

  #replace(self: Source, depth: number): Source {
    const name = this.#pick(["replace", "replaceAll"]);
    const wanted = this.#random() < 0.5 ? this.#textArg(depth) : join`${this.#pick(PATTERNS)}`;
    const lambda = (): Source => {
      return this.#lambda(["text"], () => {
        const source = this.#text(depth - 1);
        return checkedAs(source, join`H.part(${source})`);
      });
    };
    const replacement =
      this.#random() < 0.3
        ? lambda()
        : this.#random() < 0.5
          ? join`${JSON.stringify(this.#pick(["$&$&", "$$", "<$1>", "$`", "$'", "$", "$2x", "$<x>", "-"]))}`
          : this.#textArg(depth);
    return this.#method("text", self, name, [wanted, replacement]);
  }

  #listToText(depth: number): Source {
    const list = this.#texts(depth - 1);
    return this.#one([
      () =>
        this.#method(
          "list",
          checking("primitives", this.#pick([list, this.#numbers(depth - 1)])),
          "join",
          this.#maybe(this.#optionalText(depth)),
        ),
      () => this.#method("list", list, "at", [this.#optionalNumber(depth)]),
      () =>
        this.#method("list", list, "find", [
          this.#lambda(["text", "number"], () => this.#truth(depth - 1)),
        ]),
    ]);
  }

  #truth(depth: number): Source {
    if (depth <= 0)
      return this.#random() < 0.3 ? join`${this.#pick(["true", "false"])}` : this.#path("truth");
    const text = (): Source => this.#wild("text", depth - 1);
    return this.#one([
      () => this.#comparison(depth),
      () => this.#comparison(depth),
      () => this.#equality(depth),
      () => this.#choice("truth", depth),
      () => join`(${this.#use("!")}(${this.#any(depth - 1)}))`,
      () => {
        this.#use("in");
        const key = this.#pick([join`"a"`, join`"zzz"`, join`0`, join`"length"`, this.#text(0)]);
        const holder = this.#pick([this.#row(depth - 1), this.#numbers(depth - 1)]);
        return checkedAs(join`((${key}) in (${holder}))`, join`H.isIn(${key}, ${holder})`);
      },
      () =>
        this.#method("text", text(), this.#pick(["includes", "startsWith", "endsWith"]), [
          this.#textArg(depth),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () => this.#method("text", text(), "isWellFormed", []),
      () =>
        this.#method("list", this.#numbers(depth - 1), "includes", [
          this.#number(depth - 1),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () =>
        this.#method("list", this.#rows(depth - 1), this.#pick(["some", "every"]), [
          this.#lambda(["row", "number"], () => this.#truth(depth - 1)),
        ]),
      () => join`${this.#use("Boolean")}(${this.#any(depth - 1)})`,
      () => join`${this.#use(this.#pick(["isFinite", "isNaN"]))}(${this.#primitive(depth - 1)})`,
      () =>
        join`Number.${this.#use(this.#pick(["Number.isFinite", "Number.isInteger", "Number.isNaN", "Number.isSafeInteger"]))}(${this.#any(depth - 1)})`,
      () => join`Array.${this.#use("Array.isArray")}(${this.#any(depth - 1)})`,
      () =>
        join`Object.${this.#use("Object.hasOwn")}(${checking("object", this.#row(depth - 1))}, ${this.#pick(['"a"', '"zzz"'])})`,
      () =>
        join`(${checking("record", this.#row(depth - 1))}).${this.#use("other.hasOwnProperty")}(${this.#pick(['"b"', '"zzz"'])})`,
      () => join`(${this.#truth(depth - 1)}).${this.#use("other.toString")}() === "true"`,
      () =>
        join`${this.#pick(PATTERNS).slice(0, -1)}.${this.#use("other.test")}(${this.#textArg(depth)})`,
    ]);
  }

  #comparison(depth: number): Source {
    const operator = this.#use(this.#pick(["<", "<=", ">", ">="]));
    const kind: Kind = this.#random() < 0.6 ? "number" : "text";
    const [left, right] = [
      this.#wild(kind, depth - 1),
      this.#random() < 0.1 ? this.#primitive(depth - 1) : this.#wild(kind, depth - 1),
    ];
    return checkedAs(
      join`((${left}) ${operator} (${right}))`,
      join`(H.primitive(${left}) ${operator} H.primitive(${right}))`,
    );
  }

  #equality(depth: number): Source {
    const operator = this.#use(this.#pick(["==", "!=", "===", "!=="]));
    const [left, right] = [this.#any(depth - 1), this.#any(depth - 1)];
    const strict = operator.length === 2 ? `${operator}=` : operator;
    const print = (sign: string): Source => join`((${left}) ${sign} (${right}))`;
    return { ours: print(operator).ours, raw: print(strict).raw, checked: print(strict).checked };
  }

  #numbers(depth: number): Source {
    if (depth <= 0) return this.#random() < 0.3 ? join`[1, 2, 3]` : this.#path("numbers");
    const list = this.#wild("numbers", depth - 1);
    return this.#one([
      () => join`[${this.#number(depth - 1)}, ${this.#number(depth - 1)}]`,
      () => join`[...(${this.#use("spread") && list}), ${this.#number(depth - 1)}]`,
      () => this.#list(list, "number", depth),
      () => this.#list(list, "number", depth),
      () =>
        this.#method("list", this.#rows(depth - 1), "map", [
          this.#lambda(["row", "number"], () => this.#number(depth - 1)),
        ]),
      () =>
        this.#method("list", list, "toSorted", [
          this.#lambda(["number", "number"], () => checking("order", this.#number(depth - 1))),
        ]),
      () => this.#method("list", checking("primitives", list), "toSorted", []),
      () =>
        this.#method(
          "list",
          join`[${list}, [${list}]]`,
          "flat",
          this.#maybe(this.#optionalNumber(depth)),
        ),
      () =>
        join`Array.${this.#use("Array.from")}({ length: ${this.#pick(["0", "2", "4"])} }, ${this.#lambda(["number", "number"], () => this.#number(depth - 1))})`,
      () =>
        join`Array.${this.#use("Array.of")}(${this.#number(depth - 1)}, ${this.#number(depth - 1)})`,
      () => join`JSON.${this.#use("JSON.parse")}("[1, 2.5, -3]")`,
    ]);
  }

  /** Methods that give a list of the same kind. */
  #list(list: Source, kind: Kind, depth: number): Source {
    const item = (): Source => this.#of(kind, depth - 1);
    return this.#one([
      () =>
        this.#method("list", list, "filter", [
          this.#lambda([kind, "number"], () => this.#truth(depth - 1)),
        ]),
      () => this.#method("list", list, "map", [this.#lambda([kind, "number"], item)]),
      () =>
        this.#method("list", list, "flatMap", [
          this.#lambda([kind, "number"], () => this.#pick([item(), join`[${item()}, ${item()}]`])),
        ]),
      () =>
        this.#method("list", list, "slice", [
          ...this.#maybe(this.#optionalNumber(depth)),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () => this.#method("list", list, "concat", [item(), ...this.#maybe(list)]),
      () => this.#method("list", list, "toReversed", []),
      () =>
        this.#method("list", list, "toSpliced", [
          this.#numberArg(depth),
          ...this.#maybe(this.#optionalNumber(depth)),
        ]),
      () => this.#method("list", list, "with", [this.#numberArg(depth), item()]),
    ]);
  }

  #texts(depth: number): Source {
    if (depth <= 0) return this.#random() < 0.3 ? join`["b", "a"]` : this.#path("texts");
    const list = this.#wild("texts", depth - 1);
    const text = this.#wild("text", depth - 1);
    return this.#one([
      () => this.#list(list, "text", depth),
      () => this.#list(list, "text", depth),
      () => this.#method("list", checking("primitives", list), "toSorted", []),
      () =>
        this.#method("text", text, "split", [
          this.#random() < 0.6 ? this.#optionalText(depth) : join`${this.#pick(PATTERNS)}`,
          ...this.#maybe(join`${this.#pick(["0", "1", "2"])}`),
        ]),
      () =>
        join`((${text}).${this.#use("text.match")}(${this.#pick([...PATTERNS, ...PATTERNS.map((one) => one.slice(0, -1))])}) ?? [])`,
      () =>
        join`[...(${text}).${this.#use("text.matchAll")}(${this.#pick(PATTERNS)})].map((found) => found[0])`,
      () => join`Object.${this.#use("Object.keys")}(${checking("keyed", this.#row(depth - 1))})`,
      () => join`Array.${this.#use("Array.from")}(${JSON.stringify(this.#pick(WORDS))})`,
    ]);
  }

  #row(depth: number): Source {
    if (depth <= 0) return this.#path("row");
    return this.#one([
      () => this.#path("row"),
      () =>
        join`({ a: ${this.#number(depth - 1)}, b: ${this.#text(depth - 1)}, c: ${this.#truth(depth - 1)}, d: ${this.#numbers(depth - 1)} })`,
      () => {
        this.#use("spread");
        const key = this.#text(0);
        return join`({ ...(${checking("spread", this.#row(0))}), [${checkedAs(key, join`H.key(${key})`)}]: 1, a: ${this.#number(depth - 1)} })`;
      },
      () => this.#choice("row", depth),
      () =>
        join`Object.${this.#use("Object.fromEntries")}(Object.${this.#use("Object.entries")}(${checking("keyed", this.#row(depth - 1))}))`,
      () =>
        join`({ ...Object.${this.#use("Object.groupBy")}(${this.#path("rows")}, ${this.#lambda(["row", "number"], () => this.#part(depth - 1))}) })`,
    ]);
  }

  #rows(depth: number): Source {
    if (depth <= 0) return this.#path("rows");
    return this.#one([
      () => this.#list(this.#wild("rows", depth - 1), "row", depth),
      () => join`[${this.#row(depth - 1)}, ${this.#row(depth - 1)}]`,
      () =>
        this.#method("list", this.#rows(depth - 1), "toSorted", [
          this.#lambda(["row", "row"], () => checking("order", this.#number(depth - 1))),
        ]),
      () =>
        join`Object.${this.#use("Object.values")}({ x: ${this.#row(depth - 1)}, y: ${this.#row(depth - 1)} })`,
      () => this.#takingApart(),
    ]);
  }
}
