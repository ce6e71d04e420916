/**
 * Whether `retry.errors` and the `errors` of a catch name codes that a step can fail with: those of
 * the error table, `http.<status>`, `user.<anything>`, what the definition's own `fail` steps say,
 * and the patterns over them that matchesCode knows. A mistyped code would silently match nothing.
 */
import { STEP_ERROR_CODES } from "#errors/step-error.ts";
import type { Defaults, Step, WorkflowDefinition } from "./definition.ts";
import type { Pointer, Report } from "./problem.ts";
import { valueAt } from "./source.ts";
import { suggestName } from "./suggest.ts";

const PATTERNS = ["*", "http.*", "http.4xx", "http.5xx", "user.*"];

/** Visits every step with its pointer; check.ts has the one over all scopes. */
type EachStep = (visit: (step: Step, pointer: Pointer) => void) => void;

/** Reports every pattern of `definition` that can match nothing. */
export function checkErrorPatterns(
  definition: WorkflowDefinition,
  eachStep: EachStep,
  report: Report,
): void {
  const codes = new Set<string>(Object.keys(STEP_ERROR_CODES));
  eachStep((step) => {
    const code = step.uses === "fail" ? valueAt(step.with, ["code"]) : undefined;
    if (typeof code === "string" && !code.includes("${{")) codes.add(code);
  });
  const checkAll = (patterns: readonly string[] | undefined, pointer: Pointer): void => {
    for (const [index, pattern] of (patterns ?? []).entries())
      if (!canMatch(pattern, codes))
        report({
          code: "unknown_error_code",
          message: `No step fails with an error that matches \`${pattern}\`.`,
          pointer: [...pointer, "errors", index],
          suggestion: suggestion(pattern, codes),
        });
  };
  const checkRetry = (policies: Defaults | undefined, pointer: Pointer): void =>
    checkAll(policies?.retry?.errors, [...pointer, "retry"]);
  checkRetry(definition.defaults, ["defaults"]);
  eachStep((step, pointer) => {
    checkRetry(step, pointer);
    checkRetry(step.defaults, [...pointer, "defaults"]);
    for (const [index, clause] of (step.catch ?? []).entries())
      checkAll(clause.errors, [...pointer, "catch", index]);
  });
}

/** The counterpart of matchesCode (errors/step-error.ts): whether some code can match `pattern`. */
function canMatch(pattern: string, codes: ReadonlySet<string>): boolean {
  if (pattern === "*" || pattern === "http.*" || codes.has(pattern)) return true;
  if (/^http\.[1-5](\d\d|xx)$/.test(pattern) || /^user\../.test(pattern)) return true;
  if (!pattern.endsWith(".*")) return false;
  const prefix = pattern.slice(0, -1);
  return [...codes].some((code) => code.startsWith(prefix));
}

function suggestion(pattern: string, codes: ReadonlySet<string>): string {
  const near = suggestName(pattern, [...codes, ...PATTERNS]);
  return near ?? "See docs/errors.md for the codes; those of your own nodes begin with `user.`.";
}
