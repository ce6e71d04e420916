/** What the escape and limit tests evaluate on: hostile keys, long texts; and how they see failures. */
import { compileExpression } from "#workflow/expression/compile.ts";
import type { ExpressionLimits } from "#workflow/expression/expression.ts";

const hostile = JSON.parse(
  '{"__proto__": {"admin": true}, "constructor": "Ferrari", "prototype": 1, "plain": 2}',
) as unknown;
export const scope = {
  input: {
    name: "ada",
    list: [1, 2, 3],
    hostile,
    text: "a".repeat(20_000),
    large: "x".repeat(6e6),
  },
};

/** The error of an evaluation, or what it gave instead. */
export function failure(source: string, limits?: Partial<ExpressionLimits>): unknown {
  try {
    return {
      value: compileExpression(source).evaluate(scope, limits === undefined ? {} : { limits }),
    };
  } catch (error) {
    return error;
  }
}
