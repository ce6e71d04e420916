/**
 * Policies stand where they can be kept: what admission decides (concurrency keys, rate limits,
 * circuit breakers) and what stands around attempts is about attempts, and only node types that do something have attempts that
 * wait. As `defaults` they reach those steps and pass over the others.
 */
import { CONTROL_STEPS } from "./control-steps.ts";
import type { Step } from "./definition.ts";
import { durationMs } from "./duration.ts";
import type { NodeTypes } from "./node-types.ts";
import type { Pointer, Report } from "./problem.ts";

const ATTEMPT_POLICIES = ["concurrency", "rateLimit", "circuitBreaker", "middleware"] as const;

export function checkPolicies(
  step: Step,
  nodes: NodeTypes,
  pointer: Pointer,
  report: Report,
): void {
  const why = whyNot(step, nodes);
  if (why === null) return;
  for (const name of ATTEMPT_POLICIES)
    if (step[name] !== undefined)
      report({
        code: "field_not_allowed",
        message: `\`${name}\` of \`${step.id}\` cannot be kept: ${why.reason}.`,
        pointer: [...pointer, name],
        atKey: true,
        suggestion: why.fix,
      });
}

function whyNot(
  { uses }: Step,
  nodes: NodeTypes,
): { readonly reason: string; readonly fix: string } | null {
  if (uses === "workflow.run")
    return {
      reason: "`workflow.run` starts a run and makes no attempts of its own",
      fix: "Give the child workflow a `concurrency` key, or its steps the policy.",
    };
  if (CONTROL_STEPS.has(uses))
    return {
      reason: `\`${uses}\` makes no attempts of its own`,
      fix: "Put it on the steps inside, or into `defaults`.",
    };
  const node = nodes.get(uses);
  const fix = "Put it on the steps that call others.";
  if (node?.execution === "pure")
    return { reason: `\`${uses}\` only computes, at once and without a slot`, fix };
  return node?.isExact === true
    ? { reason: `\`${uses}\` is carried out by the commit that settles it, and calls nobody`, fix }
    : null;
}

/** A window or a pause of no length would limit nothing. */
export function checkPolicyTimes(policies: unknown, pointer: Pointer, report: Report): void {
  const { rateLimit, circuitBreaker } = (policies ?? {}) as Pick<
    Step,
    "rateLimit" | "circuitBreaker"
  >;
  const refuse = (name: string, field: string) =>
    report({
      code: "invalid_duration",
      message: `\`${name}.${field}\` is longer than nothing.`,
      pointer: [...pointer, name, field],
      suggestion: "Write for example `1s`.",
    });
  if (rateLimit !== undefined && durationMs(rateLimit.per) === 0) refuse("rateLimit", "per");
  if (circuitBreaker !== undefined && durationMs(circuitBreaker.resetAfter) === 0)
    refuse("circuitBreaker", "resetAfter");
}
