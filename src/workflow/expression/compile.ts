/**
 * The compiler's door: one source to one Expression. Nothing is cached here; who compiles the same
 * source often keeps the result.
 */
import { withOrigin } from "./callable-origin.ts";
import type { Code, Compiler, Constant, Folding } from "./compiler.ts";
import type { EvaluateOptions, Expression, Reads, Scope } from "./expression.ts";
import { FUNCTIONS, NAMESPACES } from "./functions.ts";
import { compileNode, compileTop } from "./generate.ts";
import { type Parsed, parseWhole } from "./parse.ts";
import { ReadsCollector } from "./reads.ts";
import { type Compiled, runToCallable, runToResult, runToTruth } from "./run.ts";

/**
 * Compiles one expression, bare or wrapped in `${{ }}`; offsets count in `source` as given.
 * With `folding`, what reads nothing is computed here (fold.ts). Throws ExpressionSyntaxError.
 */
export function compileExpression(source: string, folding: Folding | null = null): Expression {
  const { compiled, reads } = compileParsed(parseWhole(source), folding);
  const truth = compiled.constant === null ? null : Boolean(compiled.constant.value);
  return {
    source,
    reads,
    constant: compiled.constant,
    evaluate: (scope: Scope, options?: EvaluateOptions) => runToResult(compiled, scope, options),
    test:
      truth === null
        ? (scope: Scope, options?: EvaluateOptions) => runToTruth(compiled, scope, options)
        : () => truth,
    callable: (scope: Scope, options?: EvaluateOptions) =>
      withOrigin(runToCallable(compiled, scope, options), {
        ...{ source, scope },
        seed: options?.seed ?? null,
      }),
  };
}

/** Compiles what parse.ts read, for run.ts. */
export function compileParsed(
  parsed: Parsed,
  folding: Folding | null = null,
): {
  readonly compiled: Compiled;
  readonly reads: Reads;
} {
  const reads = new ReadsCollector();
  const compiler: Compiler = {
    source: parsed.source,
    base: parsed.base,
    reads,
    locals: null,
    nodes: 0,
    depth: 0,
    deepest: 0,
    folding,
    constants: null,
    compile: compileNode,
  };
  const code = compileTop(compiler, parsed.node);
  const constant = folding === null ? null : constantOf(compiler, parsed.node, code);
  const compiled = { code, nodes: compiler.nodes, plain: isPath(parsed.node), constant };
  return { compiled, reads: reads.finish() };
}

/** The value of the whole expression, where it is a literal or was folded. */
function constantOf(compiler: Compiler, node: Parsed["node"], code: Code): Constant | null {
  const folded = compiler.constants?.get(code);
  if (folded !== undefined) return { value: folded.value, fuel: compiler.nodes + folded.fuel };
  const isPlain =
    node.type === "Literal" &&
    (node.value === null || ["string", "number", "boolean"].includes(typeof node.value)) &&
    (node.regex ?? null) === null;
  return isPlain ? { value: node.value, fuel: compiler.nodes } : null;
}

/** True for a name that means a function or a group of functions in every expression. */
export function isFunctionName(name: string): boolean {
  return FUNCTIONS.has(name) || NAMESPACES.has(name);
}

/** True for a plain path (`steps.fetch.output.items`): its value is the scope's own, plain JSON already. */
function isPath(node: Parsed["node"]): boolean {
  let at: { readonly type: string } & Partial<{ object: unknown; expression: unknown }> = node;
  while (
    at.type === "MemberExpression" ||
    at.type === "ParenthesizedExpression" ||
    at.type === "ChainExpression"
  ) {
    at = (at.type === "MemberExpression" ? at.object : at.expression) as typeof at;
  }
  return at.type === "Identifier";
}
