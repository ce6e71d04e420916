/**
 * What an expression is to the rest of the house: compiled once, evaluated many times.
 * The compiler is in compile.ts; templates (JSON values with `${{ }}` inside) in template.ts.
 */

/** The names an expression can see, each with its value. Only own properties count. */
export type Scope = Readonly<Record<string, unknown>>;

/** One `steps.<id>` that an expression reads. */
export interface StepRead {
  readonly id: string;
  /** True when a failed source is fine: only status, error, attempts are read, or every read is `steps.x?.…`. */
  readonly acceptsFailure: boolean;
  /** Fields of the step that are read: output, error, status, attempts; sorted. Empty: the step object as a whole. */
  readonly fields: readonly string[];
  /** Where the first read of this step begins: characters into the source. For messages. */
  readonly offset: number;
}

/** Which outside names an expression reads; known when it is compiled. */
export interface Reads {
  /** Root names read, `steps` included, sorted, without names that lambdas bind and without functions. */
  readonly roots: readonly string[];
  readonly steps: readonly StepRead[];
  /** `input.<name>` reads with a literal name (first level only), for validation against the input schema. */
  readonly inputs: readonly {
    readonly name: string;
    readonly optional: boolean;
    readonly offset: number;
  }[];
}

export interface EvaluateOptions {
  /** Makes `uuid()` deterministic: run id and step path. Without it `uuid()` is an error. */
  readonly seed?: string;
  readonly limits?: Partial<ExpressionLimits>;
}

/** Bounds of one evaluation; the error of a passed one names it. */
export interface ExpressionLimits {
  /** Operations: every node visited, every element a method touches, every 16 characters of a string made. */
  readonly fuel: number;
  readonly stringLengthMax: number;
  readonly arrayLengthMax: number;
  readonly depthMax: number;
}

export interface Expression {
  readonly source: string;
  readonly reads: Reads;
  /** Its value, where it was folded (fold.ts) or is a literal of a plan that folds; else null. */
  readonly constant: { readonly value: unknown } | null;
  /**
   * The value for `scope`. undefined becomes null; NaN, Infinity and functions are errors.
   * Throws ExpressionError.
   */
  evaluate(scope: Scope, options?: EvaluateOptions): unknown;
  /** The value as JavaScript's truth (`if`, `condition`). Throws ExpressionError. */
  test(scope: Scope, options?: EvaluateOptions): boolean;
  /** For fields that hold a function (`map: "(x) => x.y"`): the callable, bounded by one fuel for all its calls. */
  callable(scope: Scope, options?: EvaluateOptions): (...args: readonly unknown[]) => unknown;
}

/** A JSON value in which strings may hold `${{ }}`; evaluating gives plain JSON (fresh where it is not constant). */
export interface Template {
  /** True when nothing in it is an expression, or all of them were folded to one value. */
  readonly constant: boolean;
  readonly reads: Reads;
  evaluate(scope: Scope, options?: EvaluateOptions): unknown;
}

/** A fault of an expression's text: `offset` and `length` are characters into the source. */
export class ExpressionSyntaxError extends Error {
  override readonly name = "ExpressionSyntaxError";
  readonly offset: number;
  readonly length: number;
  readonly suggestion: string | null;
  constructor(message: string, offset: number, length: number, suggestion: string | null = null) {
    super(message);
    this.offset = offset;
    this.length = length;
    this.suggestion = suggestion;
  }
}

/** A fault of one evaluation. `kind` says which family; `limit` names a passed limit. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly kind: "missing" | "type" | "limit" | "value" | "denied";
  readonly limit: keyof ExpressionLimits | null;
  constructor(
    kind: ExpressionError["kind"],
    message: string,
    limit: keyof ExpressionLimits | null = null,
  ) {
    super(message);
    this.kind = kind;
    this.limit = limit;
  }
}
