/**
 * Reading members: `a.b`, `a["b"]`, `a[i]`, `a?.b`, always own properties only.
 *
 * The common shape, a scope name followed by fixed keys (`steps.fetch.output.items[0].price`), is
 * one closure with one loop. A missing member is an error that tells what is there instead; behind
 * `?.` it is undefined.
 */
import type { AnyNode, Expression as ExpressionNode, MemberExpression } from "acorn";
import {
  type Code,
  type Compiler,
  ENDED,
  type Frame,
  faultAt,
  findLocal,
  textOf,
} from "./compiler.ts";
import { ExpressionError } from "./expression.ts";
import { machine } from "./machine.ts";
import type { ReadLink } from "./reads.ts";
import { nearest } from "./suggest.ts";
import { deniedError, describe, isDeniedKey, shortened, typeError } from "./value.ts";

type Key = string | number;

/** A scope name. */
export function compileName(compiler: Compiler, name: string, node: AnyNode): Code {
  if (isDeniedKey(name)) throw deniedAt(compiler, node, name);
  return (_frame) => {
    const scope = machine.scope;
    return Object.hasOwn(scope, name) ? scope[name] : missingName(name);
  };
}

export function compileMember(compiler: Compiler, node: MemberExpression): Code {
  const links = chainOf(node);
  const root = links[0]?.object;
  if (root === undefined) throw faultAt(compiler, node, "a member of nothing");
  if (root.type !== "Identifier" || findLocal(compiler, root.name) !== null) {
    return compileLinks(compiler, compiler.compile(root), links);
  }
  // Identifiers of functions never come here: namespaces are resolved before (generate.ts).
  compiler.reads.add(root.name, links.map(readLink), compiler.base + root.start);
  const keys: Key[] = [];
  for (const link of links) {
    const key = fixedKey(link);
    if (key === null || link.optional) break;
    if (isDeniedKey(String(key))) throw deniedAt(compiler, link.property, String(key));
    keys.push(key);
  }
  const start = compilePath(compiler, root.name, keys, links, root);
  compiler.nodes += keys.length;
  return compileLinks(compiler, start, links.slice(keys.length));
}

/** Reads `key` of `base` as one link of a chain; `path` is the text of `base` for messages. */
export function readMember(base: unknown, key: Key, path: string): unknown {
  if (typeof base === "object" && base !== null && Object.hasOwn(base, key)) {
    return (base as Record<Key, unknown>)[key];
  }
  if (typeof base === "string") {
    if (key === "length") return base.length;
    if (isIndex(base, key)) return base[key];
  }
  throw missingMember(base, key, path);
}

function isIndex(text: string, key: Key): key is number {
  return typeof key === "number" && Number.isInteger(key) && key >= 0 && key < text.length;
}

/** The links of `node`'s chain, innermost first, as far as they are plain members. */
function chainOf(node: MemberExpression): MemberExpression[] {
  const links: MemberExpression[] = [];
  let at: AnyNode = node;
  while (at.type === "MemberExpression") {
    links.push(at);
    at = at.object;
  }
  return links.reverse();
}

/** The key when the source fixes it: `.name`, `["name"]`, `[0]`. */
function fixedKey(link: MemberExpression): Key | null {
  const { property } = link;
  if (!link.computed) return property.type === "Identifier" ? property.name : null;
  if (property.type !== "Literal") return null;
  if (typeof property.value === "string") return property.value;
  if (typeof property.value !== "number") return null;
  return Number.isSafeInteger(property.value) ? property.value : null;
}

function readLink(link: MemberExpression): ReadLink {
  return { key: fixedKey(link), optional: link.optional };
}

function compilePath(
  compiler: Compiler,
  name: string,
  keys: readonly Key[],
  links: readonly MemberExpression[],
  root: ExpressionNode | AnyNode,
): Code {
  const whole = compileName(compiler, name, root);
  if (keys.length === 0) return whole;
  const pathOf = (index: number): string => {
    const before = index === 0 ? root : links[index - 1];
    return before === undefined ? name : textOf(compiler, before);
  };
  const count = keys.length;
  return (_frame) => {
    const scope = machine.scope;
    if (!Object.hasOwn(scope, name)) return missingName(name);
    let value = scope[name];
    for (let index = 0; index < count; index += 1) {
      const key = keys[index] as Key;
      if (typeof value === "object" && value !== null && Object.hasOwn(value, key)) {
        value = (value as Record<Key, unknown>)[key];
      } else {
        value = readMember(value, key, pathOf(index));
      }
    }
    return value;
  };
}

function compileLinks(compiler: Compiler, start: Code, links: readonly MemberExpression[]): Code {
  let code = start;
  for (const link of links) {
    compiler.nodes += 1;
    const path = textOf(compiler, link.object);
    const key = fixedKey(link);
    if (key !== null) {
      if (isDeniedKey(String(key))) throw deniedAt(compiler, link.property, String(key));
      code = link.optional ? optionalFixed(code, key, path) : fixed(code, key, path);
    } else if (link.computed) {
      const computed = compiler.compile(link.property);
      code = link.optional
        ? optionalComputed(code, computed, path)
        : memberComputed(code, computed, path);
    } else {
      throw faultAt(compiler, link.property, "private names do not exist in expressions");
    }
  }
  return code;
}

function fixed(object: Code, key: Key, path: string): Code {
  return (frame) => {
    const base = object(frame);
    if (typeof base === "object" && base !== null && Object.hasOwn(base, key)) {
      return (base as Record<Key, unknown>)[key];
    }
    return base === ENDED ? ENDED : readMember(base, key, path);
  };
}

function optionalFixed(object: Code, key: Key, path: string): Code {
  return (frame) => readOptional(object(frame), key, path);
}

function memberComputed(object: Code, computed: Code, path: string): Code {
  return (frame) => {
    const base = object(frame);
    if (base === ENDED) return ENDED;
    return readMember(base, checkKey(computed(frame), base, path), path);
  };
}

function optionalComputed(object: Code, computed: Code, path: string): Code {
  return (frame: Frame) => {
    const base = object(frame);
    if (base === ENDED || base === null || base === undefined) return ENDED;
    return readOptional(base, checkKey(computed(frame), base, path), path);
  };
}

function readOptional(base: unknown, key: Key, path: string): unknown {
  if (base === ENDED || base === null || base === undefined) return ENDED;
  if (typeof base === "object") {
    return Object.hasOwn(base, key) ? (base as Record<Key, unknown>)[key] : undefined;
  }
  if (typeof base === "string" && (key === "length" || isIndex(base, key))) {
    return readMember(base, key, path);
  }
  if (typeof base === "function") throw missingMember(base, key, path);
  return undefined;
}

/** A computed key as a key: texts and numbers only, and none of the denied ones. */
function checkKey(key: unknown, base: unknown, path: string): Key {
  if (typeof key === "string") {
    if (isDeniedKey(key)) throw deniedError(key);
    return key;
  }
  if (typeof key === "number") return key;
  if (base === null || base === undefined) throw missingMember(base, describe(key), path);
  throw typeError(`a key of ${path} must be a text or a number, not ${describe(key)}`);
}

function deniedAt(compiler: Compiler, node: AnyNode, key: string) {
  return faultAt(compiler, node, `"${key}" cannot be reached from an expression`);
}

function missingName(name: string): never {
  const names = Object.keys(machine.scope);
  throw new ExpressionError(
    "missing",
    `${name} does not exist here: ${listKeys(name, names, "in scope")}`,
  );
}

/** Says which path is missing, what was read and what is there instead. */
export function missingMember(base: unknown, key: Key, path: string): ExpressionError {
  const full =
    typeof key === "string" && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) && key.length <= 100
      ? `${path}.${key}`
      : `${path}[${shortened(JSON.stringify(typeof key === "string" ? key.slice(0, 100) : key))}]`;
  if (base === null || base === undefined) {
    return new ExpressionError(
      "missing",
      `${full} cannot be read: ${path} is ${base}. Use ?. where that is fine`,
    );
  }
  if (typeof base === "object" && !Array.isArray(base)) {
    const keys = listKeys(String(key), Object.keys(base), `in ${path}`);
    return new ExpressionError(
      "missing",
      `${full} does not exist: ${keys}. Use ?. where that is fine`,
    );
  }
  const hint = typeof key === "string" ? ` (a method needs parentheses: ${path}.${key}())` : "";
  return new ExpressionError(
    "missing",
    `${full} does not exist: ${path} is ${describe(base)}${hint}`,
  );
}

function listKeys(wanted: string, keys: readonly string[], where: string): string {
  if (keys.length === 0) return `there is nothing ${where}`;
  const shown = keys.slice(0, 10).map(shortened);
  const more = keys.length > 10 ? ` and ${keys.length - 10} more` : "";
  const near = nearest(wanted, keys.slice(0, 1000));
  return `${where} there is ${shown.join(", ")}${more}${near === null ? "" : `; did you mean ${near}?`}`;
}
