/**
 * Templates: any JSON value with `${{ }}` in its strings.
 *
 * A string that is exactly one `${{ }}` yields the value with its type; undefined is null there.
 * Other strings become text: numbers, booleans and null as JavaScript writes them, lists and objects
 * as JSON, undefined is an error. `$${{` is a literal `${{`. Keys are taken as they are, in order.
 * One evaluation of a template shares one fuel, and parts without expressions are shared, not copied.
 */
import { compileParsed } from "./compile.ts";
import type { Folding } from "./compiler.ts";
import {
  type EvaluateOptions,
  ExpressionError,
  ExpressionSyntaxError,
  type Reads,
  type Scope,
  type Template,
} from "./expression.ts";
import { measure } from "./fold.ts";
import { jsonText } from "./library/json.ts";
import { charge, chargeText } from "./machine.ts";
import { endOfFaulty, parseWrapped, SOURCE_DEPTH_MAX } from "./parse.ts";
import { mergeReads } from "./reads.ts";
import { toResult } from "./result.ts";
import { type Compiled, rawValue, resultOf, withMachine } from "./run.ts";
import { joinSecretText, SecretText } from "./secret-text.ts";
import { isObject, type PlainObject, setOwn, toText } from "./value.ts";

/** One fault of a template: the JSON pointer of the string and the fault in it. */
export interface TemplateFault {
  readonly pointer: string;
  readonly error: ExpressionSyntaxError;
}

/**
 * A compiled part: a constant, or what makes the value anew in the evaluation that runs now. `fuel`
 * is what making it would charge: more than 0 only for a folded text, number, boolean or null.
 */
type Part =
  | { readonly constant: true; readonly value: unknown; readonly fuel: number }
  | { readonly constant: false; readonly make: () => unknown };

interface Compilation {
  readonly folding: Folding | null;
  readonly reads: Reads[];
  readonly faults: TemplateFault[];
}

/**
 * Compiles a JSON value. Throws the first fault as an ExpressionSyntaxError with a property
 * `pointer`; checkTemplate() gives them all.
 */
export function compileTemplate(value: unknown, folding: Folding | null = null): Template {
  const compilation: Compilation = { folding, reads: [], faults: [] };
  const part = compilePart(compilation, value, "", 0);
  const [fault] = compilation.faults;
  if (fault !== undefined) throw Object.assign(fault.error, { pointer: fault.pointer });
  return {
    constant: part.constant,
    reads: mergeReads(...compilation.reads),
    evaluate: (scope: Scope, options?: EvaluateOptions) =>
      part.constant ? part.value : withMachine(scope, options, part.make),
  };
}

/** Every fault in the strings of a JSON value. */
export function checkTemplate(value: unknown): TemplateFault[] {
  const compilation: Compilation = { folding: null, reads: [], faults: [] };
  compilePart(compilation, value, "", 0);
  return compilation.faults;
}

function compilePart(
  compilation: Compilation,
  value: unknown,
  pointer: string,
  depth: number,
): Part {
  if (typeof value === "string") return compileString(compilation, value, pointer);
  if (typeof value !== "object" || value === null) return constantPart(value);
  if (depth >= SOURCE_DEPTH_MAX) {
    const error = new ExpressionSyntaxError(`nested deeper than ${SOURCE_DEPTH_MAX} levels`, 0, 0);
    compilation.faults.push({ pointer, error });
    return constantPart(null);
  }
  return isObject(value)
    ? compileObject(compilation, value, pointer, depth)
    : compileList(compilation, value as readonly unknown[], pointer, depth);
}

function compileList(
  compilation: Compilation,
  list: readonly unknown[],
  pointer: string,
  depth: number,
): Part {
  const parts = list.map((item, index) =>
    compilePart(compilation, item, `${pointer}/${index}`, depth + 1),
  );
  if (parts.every((part, index) => isUnchanged(part, list[index]))) return constantPart(list);
  return whole(parts, () => {
    charge(parts.length);
    return parts.map(valueOfPart);
  });
}

function compileObject(
  compilation: Compilation,
  object: PlainObject,
  pointer: string,
  depth: number,
): Part {
  const keys = Object.keys(object);
  const parts = keys.map((key) =>
    compilePart(compilation, object[key], `${pointer}/${escapePointer(key)}`, depth + 1),
  );
  if (parts.every((part, index) => isUnchanged(part, object[keys[index] ?? ""]))) {
    return constantPart(object);
  }
  return whole(parts, () => {
    charge(parts.length);
    const made: PlainObject = {};
    for (const [index, part] of parts.entries()) setOwn(made, keys[index] ?? "", valueOfPart(part));
    return made;
  });
}

function isUnchanged(part: Part, value: unknown): boolean {
  return part.constant && part.value === value;
}

function constantPart(value: unknown): Part {
  return { constant: true, value, fuel: 0 };
}

/** Constant if all its parts are as they were written: then it is made once, here. */
function whole(parts: readonly Part[], make: () => unknown): Part {
  // With folded parts it is made anew each time: whoever gets it may hold it for their own.
  if (!parts.every((part) => part.constant && part.fuel === 0)) return { constant: false, make };
  return constantPart(withMachine({}, { limits: { fuel: Number.POSITIVE_INFINITY } }, make));
}

/** A string whose expressions are all known is known itself, unless making it fails. */
function folded(
  { folding }: Compilation,
  pieces: readonly (string | Embedded)[],
  make: () => unknown,
): Part {
  const isKnown = (piece: string | Embedded) =>
    typeof piece === "string" || piece.compiled.constant !== null;
  if (folding === null || !pieces.every(isKnown)) return { constant: false, make };
  const { constant } = measure(make);
  if (constant === null || (typeof constant.value === "object" && constant.value !== null))
    return { constant: false, make };
  return { constant: true, ...constant };
}

function valueOfPart(part: Part): unknown {
  if (!part.constant) return part.make();
  if (part.fuel > 0) charge(part.fuel);
  return part.value;
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function compileString(compilation: Compilation, text: string, pointer: string): Part {
  if (!text.includes("${{")) return constantPart(text);
  const pieces = piecesOf(compilation, text, pointer);
  const [only] = pieces;
  if (pieces.length === 0) return constantPart("");
  if (only !== undefined && pieces.length === 1) {
    if (typeof only === "string") return constantPart(only);
    return folded(compilation, pieces, () => located(only, () => resultOf(only.compiled)));
  }
  return folded(compilation, pieces, () => concatenate(pieces));
}

/** An expression inside a string. */
interface Embedded {
  readonly compiled: Compiled;
  readonly pointer: string;
  readonly offset: number;
  readonly source: string;
}

/** The text between expressions and the expressions, in order; faulty ones go to the faults. */
function piecesOf(compilation: Compilation, text: string, pointer: string): (string | Embedded)[] {
  const pieces: (string | Embedded)[] = [];
  let literal = "";
  let from = 0;
  for (let at = text.indexOf("${{"); at >= 0; at = text.indexOf("${{", from)) {
    if (at > from && text.charAt(at - 1) === "$") {
      literal += `${text.slice(from, at - 1)}\${{`;
      from = at + 3;
      continue;
    }
    literal += text.slice(from, at);
    try {
      const parsed = parseWrapped(text, at);
      const { compiled, reads } = compileParsed(parsed, compilation.folding);
      const { start, end } = parsed.node;
      if (literal !== "") pieces.push(literal);
      literal = "";
      pieces.push({ compiled, pointer, offset: at, source: parsed.source.slice(start, end) });
      compilation.reads.push(reads);
      from = parsed.end;
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError)) throw error;
      compilation.faults.push({ pointer, error });
      from = endOfFaulty(text, at);
    }
  }
  literal += text.slice(from);
  if (literal !== "") pieces.push(literal);
  return pieces;
}

function concatenate(pieces: readonly (string | Embedded)[]): string | SecretText {
  let text = "";
  let before: (string | SecretText)[] | null = null;
  for (const piece of pieces) {
    const part =
      typeof piece === "string" ? piece : located(piece, () => textOfPiece(piece.compiled));
    if (typeof part !== "string") {
      before = [...(before ?? []), text, part];
      text = "";
      continue;
    }
    chargeText(text.length + part.length);
    text += part;
  }
  return before === null ? text : joinSecretText([...before, text]);
}

function textOfPiece(compiled: Compiled): string | SecretText {
  const value = rawValue(compiled);
  if (value instanceof SecretText) return value;
  if (typeof value === "object" && value !== null) return jsonText(value);
  return toText(typeof value === "number" ? toResult(value) : value);
}

/** Runs `evaluate`; its error says where in the template it happened. */
function located<Result>(embedded: Embedded, evaluate: () => Result): Result {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const place = `${embedded.pointer || "the text"}, character ${embedded.offset}`;
    const source =
      embedded.source.length <= 80 ? embedded.source : `${embedded.source.slice(0, 77)}...`;
    const message = `${error.message} (at ${place}: ${source})`;
    throw Object.assign(new ExpressionError(error.kind, message, error.limit), { cause: error });
  }
}
