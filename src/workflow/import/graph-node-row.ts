/**
 * What a node type of graph JSON is to the importer: one row with the schema of its `data`, how it
 * becomes a step, and what others find in its result. A new type is a row in one of the map-*.ts.
 */
import type { z } from "zod";
import type { Step } from "../definition.ts";
import type { NodeTypes } from "../node-types.ts";
import type { GraphReading } from "./graph-expression.ts";
import type { GraphNode } from "./graph-json.ts";

/** A step without what its edges give: id, `needs`, `triggerRule`. */
export type MappedStep = Omit<Step, "id" | "needs">;

/** One edge into a node, as source text. */
export interface GraphInput {
  /** The whole result of the predecessor. */
  readonly source: string;
  /** The list in it, for nodes that work on lists. */
  readonly list: string;
  /** The plain value in it, for nodes that compute with it. */
  readonly scalar: string;
  /** Whether it was taken; null: always is. */
  readonly taken: string | null;
  /** The predecessor's node. */
  readonly from: string;
}

/** What a row's `map` works with. */
export interface GraphMapping<Data> {
  readonly node: GraphNode;
  readonly data: Data;
  readonly nodes: NodeTypes;
  readonly inputs: readonly GraphInput[];
  /** The result of the first edge that was taken; "null" where there is none. */
  readonly first: string;
  /** The list of the first edge that was taken. */
  readonly list: string;
  /** The list of all inputs whose edge was taken, as source. */
  all(part: "source" | "list" | "scalar"): string;
  /** The text of field `field` as source; an empty text where it does not parse, which is reported. */
  expression(field: string, reading: GraphReading, names?: ExpressionNames): string;
  /** The same for any text of `data`; `at` leads to it from `data`. */
  translate(
    text: string,
    at: readonly (string | number)[],
    reading: GraphReading,
    names?: ExpressionNames,
  ): string;
  /** An id for an inner step that no node has. */
  inner(name: string): string;
  /** Reports a mistake in `data`. */
  fault(field: string, message: string, suggestion?: string): void;
  /** The steps of a loop's body, and what the last of them give as source; null: no body. */
  body(locals: LoopLocals): { readonly steps: readonly Step[]; readonly output: unknown } | null;
  /** The value that a variable or cache key has where this node stands; null: nobody sets it. */
  stored(kind: "variable" | "cache", name: string): string | null;
  /** The node that its first edge comes from; null: no edge leads to it. */
  readonly predecessor: GraphNode | null;
  /** The value that nodes of this type have counted up before this one, or `initial`. */
  before(initial: string): string;
  /** Whether some node of this type (and operation) stands in a loop, so that it adds up over passes. */
  isRepeated(): boolean;
}

/** Other meanings of names while a function of an item is read. */
export interface ExpressionNames {
  /** What shorthands and bare fields are about. */
  readonly current: string;
  readonly names: { readonly [name: string]: string };
}

export type GuardTools = Pick<GraphMapping<unknown>, "fault" | "inner">;

/** What a body's nodes get from their loop, as source. */
export interface LoopLocals {
  readonly value: string;
  readonly index: string;
  readonly items: string | null;
}

export interface GraphNodeRow<Data = unknown> {
  readonly data: z.ZodType<Data>;
  /** Fewest edges that must lead to it. */
  readonly inputsMin: number;
  /** Handles that mean a port, with the port's name in the language; absent: it has no ports. */
  readonly ports?: (data: Data) => ReadonlyMap<string, readonly string[]>;
  /** Handles that its edges may name without being ports; absent: any. */
  readonly handles?: (data: Data) => readonly string[];
  /** Field of its result that tells the port that was chosen, and its value by handle. */
  readonly portField?: string;
  /** Field of its result with the list that list nodes read. */
  readonly listField?: string;
  /** Field of its result with the plain value. */
  readonly valueField?: string;
  /** Its successors are handed this field of its result, not all of it. */
  readonly passesField?: string;
  /** Its result is a plain value, so nothing looks into it. */
  readonly isPlain?: true;
  /** Its first input stands in this field of its result as it came; "": the result is that input. */
  readonly handsOn?: string;
  /** It only makes values known; it is no end of the workflow. */
  readonly isDeclaration?: true;
  /** It runs at the first of its edges that is taken. */
  readonly runsAtFirst?: (data: Data) => boolean;
  /** What it does to the node that it follows. */
  readonly guard?: (data: Data, guarded: Step, tools: GuardTools) => Step;
  /** What it does to effectful steps of the nodes that follow it; `fanOut`: number of its edges. */
  readonly limit?: (data: Data, key: string, fanOut: number) => Partial<Step> | null;
  /** How far `limit` reaches: to the direct successors, or to all up to a `join`. */
  readonly limits?: "next" | "branches";
  map(mapping: GraphMapping<Data>): MappedStep;
}

/** A row, its data typed by its schema. */
export function graphNode<Schema extends z.ZodType>(
  row: Omit<GraphNodeRow<z.output<Schema>>, "data"> & { readonly data: Schema },
): GraphNodeRow {
  return row as unknown as GraphNodeRow;
}
