/**
 * The shapes of the function library and the checks of its arguments. A library function takes its
 * arguments as one list; a method takes its value first. Both charge for what they touch before
 * they touch it, and never change a value they were given.
 */
import type { Callback } from "../compiler.ts";
import type { ExpressionError } from "../expression.ts";
import { describe, isObject, type PlainObject, typeError } from "../value.ts";

export type Args = readonly unknown[];
export type Native = (args: Args) => unknown;
export type Method<Self = never> = (self: Self, args: Args) => unknown;

/** A group of functions: `Math.max(1, 2)`, `Math.PI`. */
export interface Namespace {
  readonly functions: ReadonlyMap<string, Native>;
  readonly constants: ReadonlyMap<string, number>;
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

function wrongArgument(what: string, args: Args, index: number, name: string): ExpressionError {
  return typeError(
    `${name}() needs ${what} as its ${ORDINALS[index]} argument, not ${describe(args[index])}`,
  );
}

/** Most arguments of one call that are handed to the host's own functions, whose stack they take. */
const ARGUMENTS_MAX = 10_000;

/** `args`, refused when there are more than the host takes on every machine. */
export function fewArgs(args: Args, name: string): Args {
  if (args.length <= ARGUMENTS_MAX) return args;
  throw typeError(`${name}() takes at most ${ARGUMENTS_MAX} arguments, not ${args.length}`);
}

export function textArg(args: Args, index: number, name: string): string {
  const value = args[index];
  if (typeof value !== "string") throw wrongArgument("a text", args, index, name);
  return value;
}

export function optionalText(args: Args, index: number, name: string): string | undefined {
  return args[index] === undefined ? undefined : textArg(args, index, name);
}

export function numberArg(args: Args, index: number, name: string): number {
  const value = args[index];
  if (typeof value !== "number") throw wrongArgument("a number", args, index, name);
  return value;
}

export function optionalNumber(args: Args, index: number, name: string): number | undefined {
  return args[index] === undefined ? undefined : numberArg(args, index, name);
}

export function listArg(args: Args, index: number, name: string): readonly unknown[] {
  const value = args[index];
  if (!Array.isArray(value)) throw wrongArgument("a list", args, index, name);
  return value;
}

export function objectArg(args: Args, index: number, name: string): PlainObject {
  const value = args[index];
  if (!isObject(value)) throw wrongArgument("an object", args, index, name);
  return value;
}

export function callbackArg(args: Args, index: number, name: string): Callback {
  const value = args[index];
  if (typeof value !== "function") throw wrongArgument("a function", args, index, name);
  return value as Callback;
}

export function optionalCallback(args: Args, index: number, name: string): Callback | undefined {
  return args[index] === undefined ? undefined : callbackArg(args, index, name);
}
