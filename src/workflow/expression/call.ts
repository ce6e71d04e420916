/**
 * Calls: library functions by name (`sum(list)`), functions of a namespace (`Math.max(1, 2)`) and
 * methods of values (`name.trim()`), each from a closed list. Nothing else can be called.
 */
import type { AnyNode, CallExpression, MemberExpression } from "acorn";
import {
  type Code,
  type Compiler,
  ENDED,
  type Frame,
  faultAt,
  findLocal,
  textOf,
} from "./compiler.ts";
import {
  type AnyMethod,
  FUNCTIONS,
  METHOD_NAMES,
  METHODS,
  NAMESPACES,
  REPLACED_METHODS,
} from "./functions.ts";
import { compileLambda } from "./lambda.ts";
import type { Native } from "./library/library.ts";
import { chargeMoreItems } from "./machine.ts";
import { missingMember } from "./member.ts";
import { DEFERRED_FUNCTIONS, deferredCall, SecretText } from "./secret-text.ts";
import { nearest } from "./suggest.ts";
import { describe, typeError } from "./value.ts";

type Args = (frame: unknown[]) => readonly unknown[];

export function compileCall(compiler: Compiler, node: CallExpression): Code {
  const { callee } = node;
  if (node.optional) {
    throw faultAt(compiler, node, "a function cannot be missing here", "a?.method()");
  }
  if (callee.type === "Identifier") {
    if (findLocal(compiler, callee.name) !== null) {
      throw faultAt(
        compiler,
        callee,
        `${callee.name} is a value here: only library functions can be called`,
      );
    }
    const native = FUNCTIONS.get(callee.name);
    if (native === undefined) throw unknownFunction(compiler, callee, callee.name);
    const args = compileArgs(compiler, node);
    if (DEFERRED_FUNCTIONS.has(callee.name)) return deferrable(callee.name, native, args);
    return nativeCall(native, args);
  }
  if (callee.type !== "MemberExpression") {
    throw faultAt(compiler, callee, "only library functions and methods can be called");
  }
  const name = methodName(callee);
  if (name === null)
    throw faultAt(
      compiler,
      callee.property,
      "a method is called by its name, not by a computed key",
    );
  const namespace = namespaceOf(compiler, callee.object);
  if (namespace !== null) {
    const native = NAMESPACES.get(namespace)?.functions.get(name);
    if (native === undefined) throw unknownMember(compiler, callee, namespace, name);
    return nativeCall(native, compileArgs(compiler, node));
  }
  return methodCall(compiler, node, callee, name);
}

/** The namespace that `node` names, unless a lambda binds the name. */
export function namespaceOf(compiler: Compiler, node: AnyNode): string | null {
  if (node.type !== "Identifier" || findLocal(compiler, node.name) !== null) return null;
  return NAMESPACES.has(node.name) ? node.name : null;
}

/** A constant or function of a namespace as a value: `Math.PI`, `list.map(Math.abs)`. */
export function namespaceMember(
  compiler: Compiler,
  node: MemberExpression,
  namespace: string,
): Code {
  const name = methodName(node);
  const members = NAMESPACES.get(namespace);
  if (name === null || members === undefined) {
    throw faultAt(compiler, node.property, `a member of ${namespace} is named, not computed`);
  }
  const constant = members.constants.get(name);
  if (constant !== undefined) return () => constant;
  const native = members.functions.get(name);
  if (native === undefined) throw unknownMember(compiler, node, namespace, name);
  return functionValue(native);
}

/** A library function as a value. */
export function functionValue(native: Native): Code {
  const value = (...args: readonly unknown[]): unknown => native(args);
  return () => value;
}

function nativeCall(native: Native, args: Args): Code {
  return (frame) => native(args(frame));
}

/** A call that is made when the step runs if a secret is among its arguments. */
function deferrable(name: string, native: Native, args: Args): Code {
  return (frame) => {
    const given = args(frame);
    return given.some((arg) => arg instanceof SecretText)
      ? deferredCall(name, given)
      : native(given);
  };
}

function methodCall(
  compiler: Compiler,
  node: CallExpression,
  callee: MemberExpression,
  name: string,
): Code {
  if (!METHOD_NAMES.has(name)) throw unknownMethod(compiler, callee, name);
  const receiver = compiler.compile(callee.object);
  const args = compileArgs(compiler, node);
  const path = textOf(compiler, callee.object);
  const { optional } = callee;
  const onText = METHODS.text.get(name);
  const onList = METHODS.list.get(name);
  const onNumber = METHODS.number.get(name);
  const onOther = METHODS.other.get(name);
  return (frame) => {
    const self = receiver(frame);
    let method: AnyMethod | undefined;
    if (typeof self === "string") method = onText;
    else if (Array.isArray(self)) method = onList;
    else if (typeof self === "number") method = onNumber;
    else if (self === ENDED) return ENDED;
    else if (self === null || self === undefined) {
      if (optional) return ENDED;
      throw missingMember(self, name, path);
    } else method = onOther;
    if (method === undefined)
      throw typeError(`${path} is ${describe(self)}, which has no method ${name}()`);
    return method(self, args(frame));
  };
}

function compileArgs(compiler: Compiler, node: CallExpression): Args {
  const spread = node.arguments.map((argument) => argument.type === "SpreadElement");
  const codes = node.arguments.map((argument) => compileArgument(compiler, argument));
  if (spread.includes(true)) return spreadList(codes, spread);
  const [first, second] = codes;
  if (first === undefined) return () => NO_ARGS;
  if (second === undefined) return (frame) => [first(frame)];
  if (codes.length === 2) return (frame) => [first(frame), second(frame)];
  return (frame) => codes.map((code) => code(frame));
}

const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** An argument: an expression, or what only an argument can be, a function. */
function compileArgument(compiler: Compiler, argument: AnyNode): Code {
  if (argument.type === "SpreadElement") return compiler.compile(argument.argument);
  const node = argument.type === "ParenthesizedExpression" ? argument.expression : argument;
  if (node.type === "ArrowFunctionExpression") return compileLambda(compiler, node);
  return compiler.compile(argument);
}

/** A list of values, those marked in `spread` item by item. */
export function spreadList(
  codes: readonly Code[],
  spread: readonly boolean[],
): (frame: Frame) => readonly unknown[] {
  return (frame) => {
    const list: unknown[] = [];
    for (const [index, code] of codes.entries()) {
      if (spread[index]) spreadInto(list, code(frame));
      else list.push(code(frame));
    }
    return list;
  };
}

/** Appends the items of a list, or the characters of a text, to `target`. */
function spreadInto(target: unknown[], value: unknown): void {
  if (!Array.isArray(value) && typeof value !== "string") {
    throw typeError(`only a list or a text can be spread here, not ${describe(value)}`);
  }
  chargeMoreItems(target.length, value.length);
  for (const item of value) target.push(item);
}

function methodName(callee: MemberExpression): string | null {
  const { property } = callee;
  if (!callee.computed) return property.type === "Identifier" ? property.name : null;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : null;
}

function unknownFunction(compiler: Compiler, node: AnyNode, name: string) {
  const near = nearest(name, FUNCTIONS.keys());
  return faultAt(
    compiler,
    node,
    `there is no function ${name}()`,
    near === null ? null : `${near}()`,
  );
}

function unknownMember(
  compiler: Compiler,
  node: MemberExpression,
  namespace: string,
  name: string,
) {
  const members = NAMESPACES.get(namespace);
  const known = [...(members?.functions.keys() ?? []), ...(members?.constants.keys() ?? [])];
  const near = nearest(name, known);
  return faultAt(
    compiler,
    node,
    `there is no ${namespace}.${name}`,
    near === null ? null : `${namespace}.${near}`,
  );
}

function unknownMethod(compiler: Compiler, node: MemberExpression, name: string) {
  const instead = REPLACED_METHODS.get(name);
  if (instead !== undefined) {
    return faultAt(
      compiler,
      node.property,
      `${name}() would change its list or depend on the locale`,
      instead,
    );
  }
  const near = nearest(name, METHOD_NAMES);
  return faultAt(
    compiler,
    node.property,
    `there is no method ${name}()`,
    near === null ? null : `${near}()`,
  );
}
