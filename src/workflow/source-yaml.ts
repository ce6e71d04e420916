/**
 * YAML 1.2 (core schema) text to value and positions, by the `yaml` package. Anchors and aliases
 * work within limits; merge keys, tags of other languages and several documents are refused.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLWarning,
} from "yaml";
import {
  numberFault,
  type Source,
  type SourceFault,
  type SourceField,
  type SourceNode,
  VALUE_DEPTH_MAX,
} from "./source.ts";

/** Values that aliases may bring in beyond those that are written. */
const ALIASED_VALUES_MAX = 100_000;

/** Reads the text. Values that YAML could still make out are kept beside the faults. */
export function readYaml(text: string): Source {
  const document = openDocument(text);
  if (document === null) return { value: undefined, node: null, faults: [tooDeep(0)] };
  // Warnings are tags that nobody knows here.
  const faults = syntaxFaults([...document.errors, ...document.warnings], text);
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2")
    faults.push(otherVersion(document.directives.yaml.version));
  const reader = new YamlReader(text, faults);
  const located = reader.read(document.contents, 0);
  if (faults.some(({ code }) => code === "syntax" || code === "unquoted_expression"))
    return { value: undefined, node: null, faults };
  return { ...located, faults };
}

function openDocument(text: string) {
  try {
    return parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      stringKeys: true,
      // The package compares each key with all before it; the reader below looks for doubles.
      uniqueKeys: false,
      prettyErrors: false,
      resolveKnownTags: false,
      logLevel: "silent",
    });
  } catch (error) {
    // The package walks nested values by recursion.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function otherVersion(version: string): SourceFault {
  return {
    code: "syntax",
    message: `This is YAML ${version}; definitions are YAML 1.2.`,
    offset: 0,
    pointer: [],
    suggestion: "Remove the %YAML directive.",
  };
}

function tooDeep(offset: number): SourceFault {
  return {
    code: "limit_exceeded",
    message: `Values are nested more than ${VALUE_DEPTH_MAX} deep.`,
    offset,
    pointer: [],
    suggestion: null,
  };
}

/** A value that starts with `${{` or `{{` and no quote: YAML takes the braces for a mapping. */
const UNQUOTED = /(?:^|[:,[{-])\s*(\$?\{\{)/g;

/**
 * The package's errors; those that an unquoted expression causes become one for each line. Once the
 * reader has lost its way every later token is an error to it: of those only the first means
 * something, and none after an unquoted expression.
 */
function syntaxFaults(errors: readonly (YAMLError | YAMLWarning)[], text: string): SourceFault[] {
  const faults: SourceFault[] = [];
  const explained = new Set<number>();
  for (const error of errors) {
    const offset = error.pos[0];
    const expression = unquotedAt(text, offset);
    if (expression !== null) {
      if (explained.has(expression)) continue;
      explained.add(expression);
      faults.push({
        code: "unquoted_expression",
        message: "YAML reads the braces of an unquoted expression as a mapping.",
        offset: expression,
        pointer: [],
        suggestion: `Put it in quotes: "${quotable(text, expression)}".`,
      });
    } else if (!faults.some(({ code }) => code === "syntax" || code === "unquoted_expression")) {
      faults.push({
        code: "syntax",
        message: `This is not YAML: ${error.message}.`,
        offset,
        pointer: [],
        suggestion: null,
      });
    }
  }
  return faults;
}

/** Characters before and behind a fault in which its cause is looked for: lines may be long, and full of faults. */
const LOOK_AROUND = 1_000;

/** Where an unquoted expression begins on the line of `offset`, at it or before; else null. */
function unquotedAt(text: string, offset: number): number | null {
  const from = Math.max(0, offset - LOOK_AROUND);
  const around = text.slice(from, offset + LOOK_AROUND);
  const lineStart = around.lastIndexOf("\n", offset - from - 1) + 1;
  const lineEnd = around.indexOf("\n", offset - from);
  const line = around.slice(lineStart, lineEnd === -1 ? around.length : lineEnd);
  let found: number | null = null;
  for (const match of line.matchAll(UNQUOTED)) {
    const at = from + lineStart + match.index + match[0].length - (match[1]?.length ?? 0);
    if (found === null || at <= offset) found = at;
  }
  return found;
}

function quotable(text: string, at: number): string {
  const end = text.indexOf("}}", at);
  const lineEnd = text.indexOf("\n", at);
  const stop = end === -1 ? lineEnd : end + 2;
  const written = text.slice(at, stop === -1 ? text.length : stop);
  return (written.startsWith("$") ? written : `$${written}`).replaceAll('"', "'");
}

interface Located {
  readonly value: unknown;
  readonly node: SourceNode;
}

interface Anchored extends Located {
  /** Values in it, itself included. */
  readonly size: number;
  /** Levels below it. */
  readonly depth: number;
}

class YamlReader {
  readonly #text: string;
  readonly #faults: SourceFault[];
  readonly #anchors = new Map<string, Anchored>();
  readonly #path: (string | number)[] = [];
  #count = 0;
  #aliased = 0;
  #deepest = 0;

  constructor(text: string, faults: SourceFault[]) {
    this.#text = text;
    this.#faults = faults;
  }

  read(node: Node | null, offset: number): Located {
    if (isAlias(node)) return this.#alias(node);
    const before = this.#count++;
    const level = this.#path.length;
    const anchor = (node as { anchor?: string } | null)?.anchor;
    const deepest = Math.max(this.#deepest, level);
    this.#deepest = anchor === undefined ? deepest : level;
    const located = this.#plain(node, offset);
    if (anchor !== undefined) {
      const size = this.#count - before;
      this.#anchors.set(anchor, { ...located, size, depth: this.#deepest - level });
      this.#deepest = Math.max(this.#deepest, deepest);
    }
    return located;
  }

  #plain(node: Node | null, offset: number): Located {
    const start = node?.range?.[0] ?? offset;
    const end = node?.range?.[1] ?? offset;
    const leaf: SourceNode = { start, end, fields: null, items: null };
    if (this.#path.length > VALUE_DEPTH_MAX) return this.#refuseDepth(leaf);
    if (isMap(node)) return this.#map(node.items as YamlPair[], start, end);
    if (isSeq(node)) {
      const located = node.items.map((item, at) => this.#inside(at, item as Node, start));
      const items = located.map((each) => each.node);
      return {
        value: located.map(({ value }) => value),
        node: { start, end, fields: null, items },
      };
    }
    return { value: isScalar(node) ? this.#scalar(node.value, start, end) : null, node: leaf };
  }

  #inside(key: string | number, node: Node | null, offset: number): Located {
    this.#path.push(key);
    const located = this.read(node, offset);
    this.#path.pop();
    return located;
  }

  #map(pairs: readonly YamlPair[], start: number, end: number): Located {
    const value: Record<string, unknown> = {};
    const fields = new Map<string, SourceField>();
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyStart = pair.key?.range?.[0] ?? start;
      const keyEnd = pair.key?.range?.[1] ?? keyStart;
      if (fields.has(key))
        this.#fault("duplicate_key", `The key \`${key}\` occurs twice.`, keyStart, "Remove one.");
      const located = this.#inside(key, pair.value, keyEnd);
      fields.set(key, { keyStart, node: located.node });
      if (key === "<<") this.#mergeKey(keyStart);
      else if (key === "__proto__")
        this.#fault("reserved_name", "The key `__proto__` is not allowed.", keyStart, null);
      else value[key] = located.value;
    }
    return { value, node: { start, end, fields, items: null } };
  }

  #mergeKey(offset: number): void {
    const hint = "Use an alias (`*name`) for a whole value, or `defaults` for policies.";
    this.#fault("merge_key", "Merge keys (`<<`) are not part of YAML 1.2.", offset, hint);
  }

  #scalar(value: unknown, start: number, end: number): unknown {
    if (typeof value !== "number") return value ?? null;
    const fault = numberFault(value, this.#text.slice(start, end));
    if (fault !== null)
      this.#fault("number_too_large", fault, start, "Write it as a string, in quotes.");
    return value;
  }

  /** The anchor's value again; positions are those of the anchor. */
  #alias(alias: Alias): Located {
    const start = alias.range?.[0] ?? 0;
    const anchored = this.#anchors.get(alias.source);
    const leaf = { start, end: alias.range?.[1] ?? start, fields: null, items: null };
    if (anchored === undefined) {
      const message = `The alias \`*${alias.source}\` has no finished anchor before it.`;
      this.#fault("syntax", message, start, null);
      return { value: null, node: leaf };
    }
    if (this.#path.length + anchored.depth > VALUE_DEPTH_MAX) return this.#refuseDepth(leaf);
    this.#deepest = Math.max(this.#deepest, this.#path.length + anchored.depth);
    this.#aliased += anchored.size;
    this.#count += anchored.size;
    if (this.#aliased > ALIASED_VALUES_MAX) {
      const message = `Aliases bring in more than ${ALIASED_VALUES_MAX} values.`;
      if (!this.#faults.some((fault) => fault.message === message))
        this.#fault("limit_exceeded", message, start, null);
      return { value: null, node: leaf };
    }
    return anchored;
  }

  /** Reported once: what lies deeper is not looked at. */
  #refuseDepth(leaf: SourceNode): Located {
    if (!this.#faults.some(({ code }) => code === "limit_exceeded"))
      this.#faults.push(tooDeep(leaf.start));
    return { value: null, node: leaf };
  }

  #fault(code: SourceFault["code"], message: string, offset: number, hint: string | null): void {
    this.#faults.push({ code, message, offset, pointer: [...this.#path], suggestion: hint });
  }
}

interface YamlPair {
  readonly key: Node | null;
  readonly value: Node | null;
}
