/**
 * From a syntax node to a closure. What is not in this switch is not in the language: no assignment,
 * loop, `new`, `this`, statement or declaration, and no function but arrows as arguments.
 */
import type {
  AnyNode,
  ArrayExpression,
  BinaryExpression,
  Identifier,
  Literal,
  LogicalExpression,
  ObjectExpression,
  TemplateLiteral,
} from "acorn";
import { compileCall, functionValue, namespaceMember, namespaceOf, spreadList } from "./call.ts";
import {
  type Code,
  type Compiler,
  deeper,
  ENDED,
  type Frame,
  faultAt,
  findLocal,
} from "./compiler.ts";
import { fold } from "./fold.ts";
import { FUNCTIONS, NAMESPACES } from "./functions.ts";
import { compileLambda } from "./lambda.ts";
import { patternOf } from "./library/pattern.ts";
import { chargeItems, chargeText } from "./machine.ts";
import { compileMember, compileName } from "./member.ts";
import { BINARY_OPERATORS, UNARY_OPERATORS } from "./operators.ts";
import { joinSecretText, SecretText, toTextPiece } from "./secret-text.ts";
import {
  deniedError,
  describe,
  isDeniedKey,
  isObject,
  type PlainObject,
  setOwn,
  toText,
  typeError,
  valueError,
} from "./value.ts";

/** Compiles one node; counts it and its depth. */
export function compileNode(this: Compiler, node: AnyNode): Code {
  this.nodes += 1;
  deeper(this, node);
  const { folding } = this;
  const folded = folding === null ? null : fold(this, folding, node, () => dispatch(this, node));
  const code = folded ?? dispatch(this, node);
  this.depth -= 1;
  return code;
}

/** Compiles the outermost node, which alone may be a function of its own (`map: "(x) => x.name"`, `map: trim`). */
export function compileTop(compiler: Compiler, node: AnyNode): Code {
  if (node.type === "ParenthesizedExpression") {
    deeper(compiler, node);
    const code = compileTop(compiler, node.expression);
    compiler.depth -= 1;
    return code;
  }
  if (node.type === "ArrowFunctionExpression") return compileLambda(compiler, node);
  return compiler.compile(node);
}

function dispatch(compiler: Compiler, node: AnyNode): Code {
  switch (node.type) {
    case "Literal":
      return compileLiteral(compiler, node);
    case "Identifier":
      return compileIdentifier(compiler, node);
    case "MemberExpression": {
      const namespace = namespaceOf(compiler, node.object);
      return namespace === null
        ? compileMember(compiler, node)
        : namespaceMember(compiler, node, namespace);
    }
    case "ChainExpression": {
      const chain = compiler.compile(node.expression);
      return (frame) => {
        const value = chain(frame);
        return value === ENDED ? undefined : value;
      };
    }
    case "CallExpression":
      return compileCall(compiler, node);
    case "ParenthesizedExpression":
      return compiler.compile(node.expression);
    case "BinaryExpression":
      return compileBinary(compiler, node);
    case "LogicalExpression":
      return compileLogical(compiler, node);
    case "UnaryExpression": {
      const operator = UNARY_OPERATORS.get(node.operator);
      if (operator === undefined)
        throw faultAt(compiler, node, `there is no operator ${node.operator}`);
      return operator(compiler.compile(node.argument));
    }
    case "ConditionalExpression": {
      const test = compiler.compile(node.test);
      const yes = compiler.compile(node.consequent);
      const no = compiler.compile(node.alternate);
      return (frame) => (test(frame) ? yes(frame) : no(frame));
    }
    case "TemplateLiteral":
      return compileText(compiler, node);
    case "ArrayExpression":
      return compileArray(compiler, node);
    case "ObjectExpression":
      return compileObject(compiler, node);
    default:
      throw refuse(compiler, node);
  }
}

/** What JavaScript has and expressions do not, by syntax node: the message and what to write instead. */
const REFUSED: ReadonlyMap<string, readonly [string, string | null]> = new Map([
  ["AssignmentExpression", ["expressions cannot assign", "=="]],
  ["UpdateExpression", ["expressions cannot assign", "+ 1"]],
  ["ArrowFunctionExpression", ["a function can only be an argument", "list.map((x) => x.value)"]],
  ["FunctionExpression", ["function does not exist here", "(x) => x.value"]],
  ["NewExpression", ["new does not exist in expressions", null]],
  ["ThisExpression", ["this does not exist in expressions", null]],
  ["SequenceExpression", ["one expression, not several separated by commas", null]],
  ["TaggedTemplateExpression", ["tagged templates do not exist in expressions", null]],
  ["ClassExpression", ["classes do not exist in expressions", null]],
  ["AwaitExpression", ["await does not exist in expressions", null]],
  ["ImportExpression", ["import does not exist in expressions", null]],
  ["MetaProperty", ["import.meta and new.target do not exist in expressions", null]],
]);

function refuse(compiler: Compiler, node: AnyNode) {
  const [message, suggestion] = REFUSED.get(node.type) ?? [
    `${node.type} does not exist in expressions`,
    null,
  ];
  return faultAt(compiler, node, message, suggestion);
}

function compileLiteral(compiler: Compiler, node: Literal): Code {
  if (node.regex !== undefined && node.regex !== null) {
    const { pattern, flags } = node.regex;
    try {
      const compiled = patternOf(pattern, flags);
      return () => compiled;
    } catch (error) {
      throw faultAt(compiler, node, error instanceof Error ? error.message : String(error));
    }
  }
  if (typeof node.value === "bigint")
    throw faultAt(compiler, node, "big integers do not exist in expressions");
  const { value } = node;
  return () => value;
}

function compileIdentifier(compiler: Compiler, node: Identifier): Code {
  const { name } = node;
  const local = findLocal(compiler, name);
  if (local !== null) return compileLocal(local.hops, local.slot);
  if (name === "undefined") return () => undefined;
  if (name === "NaN") return () => Number.NaN;
  if (name === "Infinity") return () => Number.POSITIVE_INFINITY;
  const native = FUNCTIONS.get(name);
  if (native !== undefined) return functionValue(native);
  if (NAMESPACES.has(name))
    throw faultAt(compiler, node, `${name} is a group of functions, not a value`, `${name}.…()`);
  compiler.reads.add(name, [], compiler.base + node.start);
  return compileName(compiler, name, node);
}

function compileLocal(hops: number, slot: number): Code {
  if (hops === 0) return (frame) => frame[slot];
  if (hops === 1) return (frame) => (frame[0] as Frame)[slot];
  return (frame) => {
    let at = frame;
    for (let hop = 0; hop < hops; hop += 1) at = at[0] as Frame;
    return at[slot];
  };
}

function compileBinary(compiler: Compiler, node: BinaryExpression): Code {
  const operator = BINARY_OPERATORS.get(node.operator);
  if (operator === undefined || node.left.type === "PrivateIdentifier") {
    throw faultAt(compiler, node, `there is no operator ${node.operator}`);
  }
  return operator(compiler.compile(node.left), compiler.compile(node.right));
}

function compileLogical(compiler: Compiler, node: LogicalExpression): Code {
  const left = compiler.compile(node.left);
  const right = compiler.compile(node.right);
  switch (node.operator) {
    case "&&":
      return (frame) => left(frame) && right(frame);
    case "||":
      return (frame) => left(frame) || right(frame);
    case "??":
      return (frame) => left(frame) ?? right(frame);
    default:
      throw faultAt(compiler, node, `there is no operator ${node.operator}`);
  }
}

function compileText(compiler: Compiler, node: TemplateLiteral): Code {
  const texts = node.quasis.map((quasi) => quasi.value.cooked ?? "");
  const codes = node.expressions.map((expression) => compiler.compile(expression));
  const first = texts[0] ?? "";
  /** From the first secret on: `value` is that of expression `index`, `text` what stands before it. */
  const secretRest = (text: string, value: SecretText, index: number, frame: Frame) => {
    const pieces = [text, value, texts[index + 1] ?? ""];
    for (let next = index + 1; next < codes.length; next += 1)
      pieces.push(toTextPiece(codes[next]?.(frame)), texts[next + 1] ?? "");
    return joinSecretText(pieces);
  };
  return (frame) => {
    let text = first;
    for (let index = 0; index < codes.length; index += 1) {
      const value = codes[index]?.(frame);
      if (value instanceof SecretText) return secretRest(text, value, index, frame);
      const part = toText(value);
      const after = texts[index + 1] ?? "";
      chargeText(text.length + part.length + after.length);
      text += part + after;
    }
    return text;
  };
}

function compileArray(compiler: Compiler, node: ArrayExpression): Code {
  const spread = node.elements.map((element) => element?.type === "SpreadElement");
  const codes = node.elements.map((element) => {
    if (element === null) throw faultAt(compiler, node, "a list has no empty places", "null");
    return compiler.compile(element.type === "SpreadElement" ? element.argument : element);
  });
  if (!spread.includes(true)) return (frame) => codes.map((code) => code(frame));
  return spreadList(codes, spread);
}

/** Adds one property, or a spread's, to the object being made. */
type Part = (target: PlainObject, frame: Frame) => void;

function compileObject(compiler: Compiler, node: ObjectExpression): Code {
  const parts = node.properties.map((property): Part => {
    if (property.type === "SpreadElement") {
      const code = compiler.compile(property.argument);
      return (target, frame) => spreadObject(target, code(frame));
    }
    if (property.kind !== "init" || property.method) {
      throw faultAt(compiler, property, "an object holds values, no methods, getters or setters");
    }
    const value = compiler.compile(property.value);
    if (!property.computed) {
      const { key } = property;
      const name =
        key.type === "Identifier" ? key.name : String(key.type === "Literal" ? key.value : "");
      if (name === "__proto__") throw faultAt(compiler, key, deniedError(name).message);
      return (target, frame) => {
        target[name] = value(frame);
      };
    }
    const key = compiler.compile(property.key);
    return (target, frame) => {
      const name = key(frame);
      if (typeof name !== "string" && typeof name !== "number") {
        throw typeError(`an object's key must be a text or a number, not ${describe(name)}`);
      }
      if (isDeniedKey(name)) throw deniedError(String(name));
      target[name] = value(frame);
    };
  });
  return (frame) => {
    const target: PlainObject = {};
    for (const part of parts) part(target, frame);
    return target;
  };
}

function spreadObject(target: PlainObject, value: unknown): void {
  if (value === null || value === undefined) return;
  if (!isObject(value))
    throw valueError(`only an object can be spread into an object, not ${describe(value)}`);
  const keys = Object.keys(value);
  chargeItems(keys.length);
  for (const key of keys) setOwn(target, key, value[key]);
}
