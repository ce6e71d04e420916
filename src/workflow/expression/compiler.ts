/**
 * What the parts of the compiler share: closures, frames and the state of one compilation.
 *
 * A syntax node becomes one closure. It takes the frame of the innermost lambda: slot 0 holds the
 * frame around it, the other slots that lambda's names; outside every lambda it is ROOT_FRAME.
 */
import type { AnyNode } from "acorn";
import { ExpressionSyntaxError } from "./expression.ts";
import { SOURCE_DEPTH_MAX, tooDeep } from "./parse.ts";
import type { ReadsCollector } from "./reads.ts";

export type Frame = unknown[];
export type Code = (frame: Frame) => unknown;

/** A function as a value: a lambda or a library function. */
export type Callback = (...args: readonly unknown[]) => unknown;

export const ROOT_FRAME: Frame = [];

/** What a link of an optional chain yields once the chain has ended early; never seen outside the chain. */
export const ENDED: unknown = Object.freeze({ ended: true });

/** The names of one lambda and where its frame keeps them. */
export interface Locals {
  readonly outer: Locals | null;
  readonly slots: Map<string, number>;
}

/** The foldings of one definition; see fold.ts. */
export interface Folding {
  /** Operations that are left for all of them. */
  fuel: number;
  /** Variables that the expression may take as known, by name; null: it sees none, or none is. */
  vars: Readonly<Record<string, unknown>> | null;
  /** Told of each part that was folded: its source and its value. */
  readonly note: (source: string, value: unknown) => void;
}

/** What is known before any run: the value, and the operations that computing it would have used up. */
export interface Constant {
  readonly value: unknown;
  readonly fuel: number;
}

/** One compilation. `nodes` and `deepest` measure the body that is being compiled: the whole, or one lambda. */
export interface Compiler {
  /** The text that the nodes' positions count in, and where it begins in the whole text. */
  readonly source: string;
  readonly base: number;
  readonly reads: ReadsCollector;
  locals: Locals | null;
  nodes: number;
  depth: number;
  deepest: number;
  /** null: nothing is folded, here or at all. */
  folding: Folding | null;
  /** What was folded, by its code; null: nothing yet. */
  constants: Map<Code, Constant> | null;
  compile(this: Compiler, node: AnyNode): Code;
}

/**
 * One level down, to `node`. The limit is counted, never left to the stack: what compiles on one
 * host must compile on every other.
 */
export function deeper(compiler: Compiler, node: AnyNode): void {
  compiler.depth += 1;
  if (compiler.depth > SOURCE_DEPTH_MAX)
    throw tooDeep(compiler.base + node.start, node.end - node.start);
  compiler.deepest = Math.max(compiler.deepest, compiler.depth);
}

/** The source text of `node`, shortened for messages. */
export function textOf(compiler: Compiler, node: AnyNode): string {
  const text = compiler.source.slice(node.start, node.end);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** A fault at `node`. */
export function faultAt(
  compiler: Compiler,
  node: AnyNode,
  message: string,
  suggestion: string | null = null,
): ExpressionSyntaxError {
  return new ExpressionSyntaxError(
    message,
    compiler.base + node.start,
    node.end - node.start,
    suggestion,
  );
}

/** Where the innermost binding of `name` is: lambdas to go outwards and slot; null when no lambda binds it. */
export function findLocal(
  compiler: Compiler,
  name: string,
): { readonly hops: number; readonly slot: number } | null {
  let hops = 0;
  for (let locals = compiler.locals; locals !== null; locals = locals.outer) {
    const slot = locals.slots.get(name);
    if (slot !== undefined) return { hops, slot };
    hops += 1;
  }
  return null;
}
