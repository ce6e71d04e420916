/** Random expressions, folded and as they are: value for value, error for error, fuel for fuel. */
import { compileExpression } from "#workflow/expression/compile.ts";
import type { Folding } from "#workflow/expression/compiler.ts";
import { ExpressionError, type Scope } from "#workflow/expression/expression.ts";
import { type Random, RandomExpressions, seeded } from "./random-expression.ts";

export interface Folded extends Folding {
  readonly parts: { readonly source: string; readonly value: unknown }[];
}

export function folding(fuel = 1_000_000): Folded {
  const parts: { source: string; value: unknown }[] = [];
  return { fuel, vars: null, parts, note: (source, value) => parts.push({ source, value }) };
}

const SEED = "run_1/step/with";

/** The value as JSON, or the error in words. */
export function outcomeOf(evaluate: () => unknown): string {
  try {
    return `gives ${JSON.stringify(evaluate())}`;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `${error.kind} ${error.limit}: ${error.message}`;
  }
}

/** Some of what it reads, as literals in its place. */
function withLiterals(source: string, scope: Record<string, unknown>, random: Random): string {
  const { input, steps } = scope as {
    readonly input: Record<string, unknown>;
    readonly steps: { readonly one: { readonly output: Record<string, unknown> } };
  };
  const literal = (whole: string, value: unknown) =>
    value === undefined || random() < 0.3 ? whole : `(${JSON.stringify(value)})`;
  return source
    .replaceAll(/\binput\.(\w+)/g, (whole, name: string) => literal(whole, input[name]))
    .replaceAll(/\bsteps\.one\.output\.(\w+)/g, (whole, name: string) =>
      literal(whole, steps.one.output[name]),
    );
}

/** Throws at the first expression that folding changes; answers how many were of which kind. */
export function compareFolded(expressions: number, seed: number) {
  const random = seeded(seed);
  const generator = new RandomExpressions(random);
  const counts = { folded: 0, whole: 0, errors: 0, starved: 0 };
  for (let at = 0; at < expressions; at++) {
    const { source } = generator.next();
    const scope = generator.scope() as Scope & Record<string, unknown>;
    const text = withLiterals(source.ours, scope, random);
    const plain = compileExpression(text);
    const parts = folding();
    const folded = compileExpression(text, parts);
    mustBe(text, JSON.stringify(plain.reads), JSON.stringify(folded.reads));
    if (parts.parts.length === 0) continue;
    counts.folded++;
    if (folded.constant !== null) counts.whole++;
    for (const limits of [{}, { fuel: Math.floor(random() * 60) }, { fuel: random() * 12 }]) {
      const options = { seed: SEED, limits };
      const expected = outcomeOf(() => plain.evaluate(scope, options));
      const outcome = outcomeOf(() => folded.evaluate(scope, options));
      mustBe(`${text} with ${JSON.stringify(limits)}`, expected, outcome);
      if (expected.startsWith("limit")) counts.starved++;
      else if (!expected.startsWith("gives")) counts.errors++;
    }
    mustBe(
      text,
      outcomeOf(() => plain.test(scope)),
      outcomeOf(() => folded.test(scope)),
    );
  }
  return counts;
}

function mustBe(what: string, expected: string, outcome: string): void {
  if (outcome !== expected) throw new Error(`${what}:\n${expected}\n${outcome}`);
}
