/**
 * Types that travel beside plain data, for callers in TypeScript: what a workflow takes and gives,
 * what a node type takes and gives. They exist for the compiler only; nothing of them is there at
 * run time, and a definition read from a file simply has none.
 */
import type { WorkflowDefinition } from "./definition.ts";

declare const TYPES: unique symbol;

/** A definition whose input and output types are known. */
export type TypedWorkflow<Input = unknown, Output = unknown> = WorkflowDefinition & {
  readonly [TYPES]?: { readonly input: Input; readonly output: Output };
};

/** A node type by name, with the types of its `with` and its output. */
export interface TypedNode<Config = unknown, Output = unknown> {
  readonly type: string;
  readonly [TYPES]?: { readonly config: Config; readonly output: Output };
}

/** What a run of this workflow takes. */
export type InputOf<Flow> = Flow extends { readonly [TYPES]?: { readonly input: infer Input } }
  ? Input
  : unknown;

/** What a run of this workflow gives. */
export type OutputOf<Flow> = Flow extends { readonly [TYPES]?: { readonly output: infer Output } }
  ? Output
  : unknown;
