/**
 * Constant folding: a part of an expression that reads nothing, or nothing but variables that every
 * run has alike (Folding.vars), is computed once, when the expression is compiled, and from then on is
 * its value.
 *
 *   F1. Whoever evaluates cannot tell: same value, same errors, same fuel. What the part would have
 *       used up is charged when it is reached, so a limit is passed at the very same place.
 *   F2. A part that fails stays as it is written: its error belongs to the run, at its own place.
 *   F3. What depends on the run is never folded: names of the scope, `uuid()`.
 *   F4. Values stay small and fresh: texts up to TEXT_MAX, lists and objects are copied for each
 *       evaluation, and one definition may use up PLAN_FUEL operations for all its foldings.
 *   F5. What reads variables is folded to a text, a number, a boolean or null only: a list or object of
 *       a variable is one and the same wherever it is read, and `==` says so. The names stay among the
 *       reads: the run asks for the same values, in the same turns.
 */
import type { AnyNode, MemberExpression } from "acorn";
import {
  type Code,
  type Compiler,
  type Constant,
  ENDED,
  type Folding,
  findLocal,
  ROOT_FRAME,
  textOf,
} from "./compiler.ts";
import type { Scope } from "./expression.ts";
import { FUNCTIONS, NAMESPACES } from "./functions.ts";
import { charge, machine } from "./machine.ts";
import { withMachine } from "./run.ts";

export const PLAN_FUEL = 1_000_000;
/** Operations of one part; a longer computation is left to the run. */
const PART_FUEL = 10_000;
const TEXT_MAX = 4_096;
/** Values in a folded list or object, all levels together. */
const VALUES_MAX = 256;

/** The code of a part that reads nothing and computes something; null: it is compiled as it is written. */
export function fold(
  compiler: Compiler,
  folding: Folding,
  node: AnyNode,
  compile: () => Code,
): Code | null {
  if (!computes(node)) return null;
  const found: Found = { vars: folding.vars, readsVars: false };
  if (!isClosed(compiler, node, NO_NAMES, found)) return null;
  const { nodes, deepest } = compiler;
  compiler.folding = null;
  const code = compile();
  compiler.folding = folding;
  const constant = evaluateOnce(code, folding);
  if (constant === null || (found.readsVars && !isScalar(constant.value))) {
    compiler.nodes = nodes;
    compiler.deepest = deepest;
    return null;
  }
  folding.note(textOf(compiler, node), constant.value);
  return codeOf(compiler, constant);
}

function evaluateOnce(code: Code, folding: Folding): Constant | null {
  const scope = folding.vars === null ? {} : { vars: folding.vars };
  const fuel = Math.min(PART_FUEL, folding.fuel);
  const { constant, spent } = measure(() => code(ROOT_FRAME), fuel, scope);
  folding.fuel -= spent;
  return constant !== null && isSmall(constant.value) ? constant : null;
}

/** What `make` gives where nothing but `scope` is known, null where it fails (F2), and the operations that it charged. */
export function measure(
  make: () => unknown,
  fuel = PART_FUEL,
  scope: Scope = {},
): { readonly constant: Constant | null; readonly spent: number } {
  let spent = 0;
  try {
    const value = withMachine(scope, { limits: { fuel } }, () => {
      try {
        return make();
      } finally {
        spent = Math.min(fuel, fuel - machine.fuel);
      }
    });
    return { constant: { value, fuel: spent }, spent };
  } catch {
    // It fails in the run, at its place, with the run's limits (F2).
    return { constant: null, spent };
  }
}

function codeOf(compiler: Compiler, constant: Constant): Code {
  const { value, fuel } = constant;
  const give: Code = typeof value === "object" ? () => copyOf(value) : () => value;
  const code: Code =
    fuel === 0
      ? give
      : (frame) => {
          charge(fuel);
          return give(frame);
        };
  compiler.constants ??= new Map();
  compiler.constants.set(code, constant);
  return code;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
}

/** Plain and small: no function, pattern or secret, no list with properties of its own. */
export function isSmall(value: unknown): boolean {
  let left = VALUES_MAX;
  const visit = (item: unknown): boolean => {
    if (--left < 0 || item === ENDED) return false;
    switch (typeof item) {
      case "string":
        return item.length <= TEXT_MAX;
      case "number":
      case "boolean":
      case "undefined":
        return true;
      case "object":
        break;
      default:
        return false;
    }
    if (item === null) return true;
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
    if (Array.isArray(item) && Object.keys(item).length !== item.length) return false;
    return Object.values(item).every(visit);
  };
  return visit(value);
}

function isScalar(value: unknown): boolean {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

/** Whether there is anything to compute: `-1`, `[1, 2]` and `{ a: 1 }` are values as they stand. */
function computes(node: AnyNode): boolean {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "ConditionalExpression":
    case "CallExpression":
    case "MemberExpression":
      return true;
    case "UnaryExpression":
      return node.operator !== "-" || computes(node.argument) || node.argument.type !== "Literal";
    case "TemplateLiteral":
      return node.expressions.length > 0;
    case "ParenthesizedExpression":
    case "ChainExpression":
      return computes(node.expression);
    case "ArrayExpression":
      return node.elements.some((element) => element !== null && computes(element));
    case "SpreadElement":
      return true;
    case "ObjectExpression":
      return node.properties.some(
        (property) =>
          property.type === "SpreadElement" || property.computed || computes(property.value),
      );
    default:
      return false;
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
const CONSTANT_NAMES: ReadonlySet<string> = new Set(["undefined", "NaN", "Infinity"]);

/** What may be read, and whether it is. */
interface Found {
  readonly vars: Folding["vars"];
  readsVars: boolean;
}

/** Whether nothing in it is read from outside but known variables; `bound`: names of lambdas within. */
function isClosed(
  compiler: Compiler,
  node: AnyNode,
  bound: ReadonlySet<string>,
  found: Found,
): boolean {
  const closed = (part: AnyNode): boolean => isClosed(compiler, part, bound, found);
  switch (node.type) {
    case "Literal":
      return true;
    case "Identifier":
      return bound.has(node.name) || isLibraryName(compiler, node.name);
    case "MemberExpression":
      if (isKnownVar(compiler, node, bound, found)) return true;
      return closed(node.object) && (!node.computed || closed(node.property));
    case "ChainExpression":
    case "ParenthesizedExpression":
      return closed(node.expression);
    case "CallExpression":
      return closed(node.callee) && node.arguments.every(closed);
    case "UnaryExpression":
    case "SpreadElement":
      return closed(node.argument);
    case "BinaryExpression":
    case "LogicalExpression":
      return closed(node.left) && closed(node.right);
    case "ConditionalExpression":
      return closed(node.test) && closed(node.consequent) && closed(node.alternate);
    case "TemplateLiteral":
      return node.expressions.every(closed);
    case "ArrayExpression":
      return node.elements.every((element) => element !== null && closed(element));
    case "ObjectExpression":
      return node.properties.every((property) =>
        property.type === "SpreadElement"
          ? closed(property.argument)
          : (!property.computed || closed(property.key)) && closed(property.value),
      );
    case "ArrowFunctionExpression": {
      // In another lambda its depth counts on top of that one's, which only the run knows.
      if (compiler.locals !== null) return false;
      const names = new Set(bound);
      for (const parameter of node.params) {
        if (parameter.type !== "Identifier") return false;
        names.add(parameter.name);
      }
      return isClosed(compiler, node.body, names, found);
    }
    default:
      return false;
  }
}

/** `vars.rate`, where every run has the same `rate`. */
function isKnownVar(
  compiler: Compiler,
  { object, property, computed }: MemberExpression,
  bound: ReadonlySet<string>,
  found: Found,
): boolean {
  if (found.vars === null || object.type !== "Identifier" || object.name !== "vars") return false;
  if (bound.has("vars") || findLocal(compiler, "vars") !== null) return false;
  if (computed || property.type !== "Identifier") return false;
  if (!Object.hasOwn(found.vars, property.name)) return false;
  found.readsVars = true;
  return true;
}

/** A lambda around the part may give the name another meaning. */
function isLibraryName(compiler: Compiler, name: string): boolean {
  if (findLocal(compiler, name) !== null) return false;
  return CONSTANT_NAMES.has(name) || FUNCTIONS.has(name) || NAMESPACES.has(name);
}
