/**
 * What a user may put into the chain around attempts (chain.ts): functions that see the context and
 * the configuration, go on with `next`, and answer the output. docs/middleware.md is for users.
 */
import type { NodeContext } from "./define-node.ts";

/** What a middleware knows of an attempt: what the node knows, and the node's type. */
export type MiddlewareContext = NodeContext & { readonly uses: string };

/** Goes on inwards, with the configuration as it is or with another one; gives the output. */
export type Next = (config?: unknown) => Promise<unknown>;

export type MiddlewareFunction = (
  context: MiddlewareContext,
  config: unknown,
  next: Next,
) => unknown;

export interface Middleware {
  /** What orders and errors call it: lower case words joined by `-` or `_`. */
  readonly name: string;
  readonly run: MiddlewareFunction;
}

/** One attempt, as a tracing system sees it. Answers what is to be told of its end; null: it is not sampled. */
export type TraceAttempt = (attempt: MiddlewareContext) => ((end: TraceEnd) => void) | null;

export interface TraceEnd {
  /** null: it succeeded. */
  readonly code: string | null;
  readonly tookMs: number;
}

/** The chain as a configuration says it. An order names links from the outermost to the innermost. */
export interface ChainOptions {
  readonly middleware?: readonly Middleware[];
  /** Default: the built-in links, then all of `middleware`. */
  readonly order?: readonly string[];
  /** Orders of single node types. */
  readonly types?: Readonly<Record<string, readonly string[]>>;
  readonly trace?: TraceAttempt;
  /** Whether each attempt's end is logged, at level debug; default: when that level is shown. */
  readonly log?: boolean;
}
