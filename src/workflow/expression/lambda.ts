/**
 * Arrow functions: `(a, { b, c = 1 }, ...rest) => body`. A call makes a frame for the names, charges
 * the body's nodes and runs it; nothing else in the language calls compiled code.
 */
import type { AnyNode, ArrayPattern, ArrowFunctionExpression, ObjectPattern } from "acorn";
import {
  type Callback,
  type Code,
  type Compiler,
  deeper,
  type Frame,
  faultAt,
  type Locals,
  textOf,
} from "./compiler.ts";
import { chargeItems, enterLambda, machine } from "./machine.ts";
import { readMember } from "./member.ts";
import {
  deniedError,
  describe,
  isDeniedKey,
  isObject,
  type PlainObject,
  setOwn,
  typeError,
} from "./value.ts";

/** Puts a value into the slots that a pattern names. */
type Bind = (frame: Frame, value: unknown) => void;

export function compileLambda(compiler: Compiler, node: ArrowFunctionExpression): Code {
  if (node.async) throw faultAt(compiler, node, "async functions do not exist in expressions");
  if (node.body.type === "BlockStatement") {
    throw faultAt(compiler, node.body, "a function's body is one expression", "(x) => x.value");
  }
  const outer = { nodes: compiler.nodes, deepest: compiler.deepest, locals: compiler.locals };
  const start = compiler.depth;
  const locals: Locals = { outer: compiler.locals, slots: new Map() };
  compiler.nodes = 1;
  compiler.deepest = start;
  compiler.locals = locals;
  const simple = node.params.every((parameter) => parameter.type === "Identifier");
  const binds = node.params.map((parameter) => compilePattern(compiler, locals, parameter));
  const body = compiler.compile(node.body);
  const nodes = compiler.nodes;
  const depth = compiler.deepest - start + 1;
  compiler.nodes = outer.nodes;
  compiler.deepest = Math.max(outer.deepest, compiler.deepest);
  compiler.locals = outer.locals;
  if (simple && node.params.length <= 3) return plainLambda(body, nodes, depth);
  return patternLambda(node.params, binds, locals.slots.size, { body, nodes, depth });
}

/** Up to three plain names: the frame is made directly from the arguments. */
function plainLambda(body: Code, nodes: number, depth: number): Code {
  return (frame) => (first?: unknown, second?: unknown, third?: unknown) => {
    enterLambda(nodes, depth);
    const result = body([frame, first, second, third]);
    machine.depth -= depth;
    return result;
  };
}

function patternLambda(
  parameters: readonly AnyNode[],
  binds: readonly Bind[],
  slots: number,
  compiled: { readonly body: Code; readonly nodes: number; readonly depth: number },
): Code {
  const rest = parameters.at(-1)?.type === "RestElement";
  const single = rest ? binds.length - 1 : binds.length;
  return (outer): Callback =>
    (...args) => {
      enterLambda(compiled.nodes + slots, compiled.depth);
      const frame: Frame = new Array(slots + 1).fill(undefined);
      frame[0] = outer;
      for (let index = 0; index < single; index += 1) binds[index]?.(frame, args[index]);
      if (rest) binds[single]?.(frame, args.slice(single));
      const result = compiled.body(frame);
      machine.depth -= compiled.depth;
      return result;
    };
}

function compilePattern(compiler: Compiler, locals: Locals, pattern: AnyNode): Bind {
  compiler.nodes += 1;
  deeper(compiler, pattern);
  const bind = bindFor(compiler, locals, pattern);
  compiler.depth -= 1;
  return bind;
}

function bindFor(compiler: Compiler, locals: Locals, pattern: AnyNode): Bind {
  switch (pattern.type) {
    case "Identifier": {
      if (isDeniedKey(pattern.name))
        throw faultAt(compiler, pattern, deniedError(pattern.name).message);
      const slot = locals.slots.size + 1;
      locals.slots.set(pattern.name, slot);
      return (frame, value) => {
        frame[slot] = value;
      };
    }
    case "AssignmentPattern": {
      const fallback = compiler.compile(pattern.right);
      const bind = compilePattern(compiler, locals, pattern.left);
      return (frame, value) => bind(frame, value === undefined ? fallback(frame) : value);
    }
    case "RestElement":
      return compilePattern(compiler, locals, pattern.argument);
    case "ObjectPattern":
      return objectPattern(compiler, locals, pattern);
    case "ArrayPattern":
      return arrayPattern(compiler, locals, pattern);
    default:
      throw faultAt(compiler, pattern, "this cannot be a function's parameter");
  }
}

function objectPattern(compiler: Compiler, locals: Locals, pattern: ObjectPattern): Bind {
  const path = textOf(compiler, pattern);
  const taken: string[] = [];
  const parts: Bind[] = [];
  for (const property of pattern.properties) {
    if (property.type === "RestElement") {
      const bind = compilePattern(compiler, locals, property.argument);
      parts.push((frame, value) => bind(frame, without(value as PlainObject, taken)));
      continue;
    }
    const key = property.computed ? null : keyName(property.key);
    if (key === null)
      throw faultAt(compiler, property, "a computed key cannot be taken apart here");
    if (isDeniedKey(key)) throw faultAt(compiler, property.key, deniedError(key).message);
    taken.push(key);
    const hasDefault = property.value.type === "AssignmentPattern";
    const bind = compilePattern(compiler, locals, property.value);
    parts.push((frame, value) => {
      const present = !hasDefault || Object.hasOwn(value as PlainObject, key);
      bind(frame, present ? readMember(value, key, path) : undefined);
    });
  }
  return (frame, value) => {
    if (!isObject(value)) throw typeError(`${path} takes an object apart, not ${describe(value)}`);
    for (const part of parts) part(frame, value);
  };
}

function arrayPattern(compiler: Compiler, locals: Locals, pattern: ArrayPattern): Bind {
  const path = textOf(compiler, pattern);
  const parts: Bind[] = [];
  for (const [index, element] of pattern.elements.entries()) {
    if (element === null) continue;
    const bind = compilePattern(compiler, locals, element);
    if (element.type === "RestElement") {
      parts.push((frame, value) => {
        const list = value as readonly unknown[];
        chargeItems(Math.max(0, list.length - index));
        bind(frame, list.slice(index));
      });
    } else {
      const hasDefault = element.type === "AssignmentPattern";
      parts.push((frame, value) => {
        const present = !hasDefault || index < (value as readonly unknown[]).length;
        bind(frame, present ? readMember(value, index, path) : undefined);
      });
    }
  }
  return (frame, value) => {
    if (!Array.isArray(value))
      throw typeError(`${path} takes a list apart, not ${describe(value)}`);
    for (const part of parts) part(frame, value);
  };
}

function keyName(key: AnyNode): string | null {
  if (key.type === "Identifier") return key.name;
  if (key.type !== "Literal") return null;
  return typeof key.value === "string" || typeof key.value === "number" ? String(key.value) : null;
}

function without(value: PlainObject, taken: readonly string[]): PlainObject {
  const keys = Object.keys(value);
  chargeItems(keys.length);
  const rest: PlainObject = {};
  for (const key of keys) if (!taken.includes(key)) setOwn(rest, key, value[key]);
  return rest;
}
