/**
 * Operators, as JavaScript defines them on primitives. Two differences: `==` and `!=` are strict,
 * and a list, an object or a function where a number or a text is needed is an error instead of
 * "[object Object]".
 */
import type { Code } from "./compiler.ts";
import { charge, chargeScan, chargeText } from "./machine.ts";
import { joinSecretText, SecretText, toTextPiece } from "./secret-text.ts";
import { describe, toNumber, toText, typeError } from "./value.ts";

type Binary = (left: Code, right: Code) => Code;

/** Every binary operator of the language. */
export const BINARY_OPERATORS: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ["+", (left, right) => (frame) => add(left(frame), right(frame))],
  ["-", arithmetic("-", (a, b) => a - b)],
  ["*", arithmetic("*", (a, b) => a * b)],
  ["/", arithmetic("/", (a, b) => a / b)],
  ["%", arithmetic("%", (a, b) => a % b)],
  ["**", arithmetic("**", (a, b) => a ** b)],
  ["&", arithmetic("&", (a, b) => a & b)],
  ["|", arithmetic("|", (a, b) => a | b)],
  ["^", arithmetic("^", (a, b) => a ^ b)],
  ["<<", arithmetic("<<", (a, b) => a << b)],
  [">>", arithmetic(">>", (a, b) => a >> b)],
  [">>>", arithmetic(">>>", (a, b) => a >>> b)],
  ["<", comparison("<", (a, b) => a < b)],
  ["<=", comparison("<=", (a, b) => a <= b)],
  [">", comparison(">", (a, b) => a > b)],
  [">=", comparison(">=", (a, b) => a >= b)],
  ["==", (left, right) => (frame) => same(left(frame), right(frame))],
  ["===", (left, right) => (frame) => same(left(frame), right(frame))],
  ["!=", (left, right) => (frame) => !same(left(frame), right(frame))],
  ["!==", (left, right) => (frame) => !same(left(frame), right(frame))],
  ["in", (left, right) => (frame) => isIn(left(frame), right(frame))],
]);

/** Every unary operator of the language. */
export const UNARY_OPERATORS: ReadonlyMap<string, (operand: Code) => Code> = new Map([
  [
    "!",
    (operand: Code): Code =>
      (frame) =>
        !operand(frame),
  ],
  [
    "-",
    (operand: Code): Code =>
      (frame) =>
        -toNumber(operand(frame), "-"),
  ],
  [
    "+",
    (operand: Code): Code =>
      (frame) =>
        toNumber(operand(frame), "+"),
  ],
  [
    "~",
    (operand: Code): Code =>
      (frame) =>
        ~toNumber(operand(frame), "~"),
  ],
  [
    "typeof",
    (operand: Code): Code =>
      (frame) =>
        typeof operand(frame),
  ],
]);

function arithmetic(operator: string, apply: (a: number, b: number) => number): Binary {
  return (left, right) => (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (typeof a === "number" && typeof b === "number") return apply(a, b);
    return apply(toNumber(a, operator), toNumber(b, operator));
  };
}

function comparison(
  operator: string,
  apply: (a: number | string, b: number | string) => boolean,
): Binary {
  return (left, right) => (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (typeof a === "number" && typeof b === "number") return apply(a, b);
    if (typeof a === "string" && typeof b === "string") {
      chargeScan(a.length < b.length ? a : b);
      return apply(a, b);
    }
    return apply(toNumber(a, operator), toNumber(b, operator));
  };
}

function add(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof SecretText || b instanceof SecretText)
    return joinSecretText([toTextPiece(a), toTextPiece(b)]);
  if (typeof a === "string" || typeof b === "string") {
    const first = toText(a);
    const second = toText(b);
    chargeText(first.length + second.length);
    return first + second;
  }
  return toNumber(a, "+") + toNumber(b, "+");
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof SecretText || b instanceof SecretText)
    throw typeError("a secret cannot be compared: its value is known only when the step runs");
  if (typeof a === "string" && a.length > 15 && typeof b === "string" && a.length === b.length) {
    charge(a.length >>> 4);
  }
  return a === b;
}

function isIn(key: unknown, holder: unknown): boolean {
  if (typeof holder !== "object" || holder === null) {
    throw typeError(`in needs an object or a list on its right, not ${describe(holder)}`);
  }
  if (typeof key !== "string" && typeof key !== "number") {
    throw typeError(`in needs a text or a number on its left, not ${describe(key)}`);
  }
  return Object.hasOwn(holder, key);
}
