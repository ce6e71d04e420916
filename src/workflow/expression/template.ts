/**
 * Templates: any JSON value with `${{ }}` in its strings.
 *
 * A string that is exactly one `${{ }}` yields the value with its type; undefined is null there.
 * Other strings become text: numbers, booleans and null as JavaScript writes them, lists and objects
 * as JSON, undefined is an error. `$${{` is a literal `${{`. Keys are taken as they are, in order.
 * One evaluation of a template shares one fuel, and parts without expressions are shared, not copied.
 */
import { compileParsed } from "./compile.ts";
import {
  type EvaluateOptions,
  ExpressionError,
  ExpressionSyntaxError,
  type Reads,
  type Scope,
  type Template,
} from "./expression.ts";
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

/** A compiled part: a constant, or what makes the value anew in the evaluation that runs now. */
type Part =
  | { readonly constant: true; readonly value: unknown }
  | { readonly constant: false; readonly make: () => unknown };

interface Compilation {
  readonly reads: Reads[];
  readonly faults: TemplateFault[];
}

/**
 * Compiles a JSON value. Throws the first fault as an ExpressionSyntaxError with a property
 * `pointer`; checkTemplate() gives them all.
 */
export function compileTemplate(value: unknown): Template {
  const compilation: Compilation = { reads: [], faults: [] };
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
  const compilation: Compilation = { reads: [], faults: [] };
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
  if (typeof value !== "object" || value === null) return { constant: true, value };
  if (depth >= SOURCE_DEPTH_MAX) {
    const error = new ExpressionSyntaxError(`nested deeper than ${SOURCE_DEPTH_MAX} levels`, 0, 0);
    compilation.faults.push({ pointer, error });
    return { constant: true, value: null };
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
  if (parts.every((part, index) => isUnchanged(part, list[index])))
    return { constant: true, value: list };
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
    return { constant: true, value: object };
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

/** Constant if all its parts are: then it is made once, here. */
function whole(parts: readonly Part[], make: () => unknown): Part {
  if (!parts.every((part) => part.constant)) return { constant: false, make };
  return {
    constant: true,
    value: withMachine({}, { limits: { fuel: Number.POSITIVE_INFINITY } }, make),
  };
}

function valueOfPart(part: Part): unknown {
  return part.constant ? part.value : part.make();
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function compileString(compilation: Compilation, text: string, pointer: string): Part {
  if (!text.includes("${{")) return { constant: true, value: text };
  const pieces = piecesOf(compilation, text, pointer);
  const [only] = pieces;
  if (pieces.length === 0) return { constant: true, value: "" };
  if (only !== undefined && pieces.length === 1) {
    if (typeof only === "string") return { constant: true, value: only };
    return { constant: false, make: () => located(only, () => resultOf(only.compiled)) };
  }
  return { constant: false, make: () => concatenate(pieces) };
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
      const { compiled, reads } = compileParsed(parsed);
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
