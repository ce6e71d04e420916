/**
 * What the parser, the planner and the kernel must know of a node type. The nodes themselves
 * (`nodes/`) fit this shape; control steps (scopes, waits, `fail`, `stop`) are part of the
 * language and described in control-steps.ts.
 */
import type { z } from "zod";

export interface NodeType {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  /** pure: deterministic, runs inside the kernel's turn. effect: runs as an attempt, at least once. */
  readonly execution: "pure" | "effect";
  /**
   * Of effect types: what it does is done by the commit that settles the step, so exactly once, and
   * never in doubt; it calls nobody. Absent: false.
   */
  readonly isExact?: boolean;
  /** Schema of the evaluated `with`. Its function fields are those made with lambda(). */
  readonly config: z.ZodType;
  readonly output: z.ZodType;
  /** Top-level fields of `with` that hold a bare function (`map: "(x) => x.y"`); only pure types may have some. */
  readonly functionFields: ReadonlySet<string>;
  /** Top-level fields that cannot hold an expression (`sql`, whose values are parameters). Absent: none. */
  readonly constantFields?: ReadonlySet<string>;
  /** Top-level fields that name a connection of the operator's. Absent: none. */
  readonly connectionFields?: ReadonlySet<string>;
}

export interface NodeTypes {
  get(type: string): NodeType | undefined;
  /** Every type name, for suggestions and lists. */
  names(): readonly string[];
}
