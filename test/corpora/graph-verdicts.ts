/**
 * The recorded cases that do not simply match: *better*, where what was recorded is a fault, with what
 * we do instead, and *out of scope*, with a reason. These lists may only shrink: a case that matches
 * by now fails the test until it is taken off.
 */
import type { Outcome } from "./graph-runner.ts";

export type Verdict =
  | {
      readonly kind: "better";
      /** What is wrong with what was recorded. */
      readonly fault: string;
      holds(outcome: Outcome): boolean;
    }
  | { readonly kind: "out of scope"; readonly reason: string };

const verdicts = new Map<string, Verdict>();

export function verdictOf(key: string): Verdict | null {
  return verdicts.get(key) ?? null;
}
