/**
 * Policies of a step: what the step says, else what the `defaults` of its scopes say, else those
 * of the workflow. Each policy is taken whole; fields of two levels are never mixed.
 *
 * Defaults reach the steps that do work: node types and workflow.run. Waits and scopes are not
 * timed out or retried by a default that was written for calls; scopes hand defaults on inwards.
 */
import type { Defaults, RetryPolicy, Step } from "./definition.ts";
import { durationMs } from "./duration.ts";
import type { Expression } from "./expression/expression.ts";
import { hashJson } from "./hash.ts";
import type { PlanGates, PlanMemo, PlanRetry } from "./plan.ts";

const POLICY_NAMES = [
  "retry",
  "timeout",
  "heartbeatTimeout",
  "deadline",
  "onError",
  "memo",
  "concurrency",
  "rateLimit",
  "circuitBreaker",
  "priority",
  "effect",
  "reconcile",
  "cost",
  "middleware",
] as const satisfies readonly (keyof Defaults)[];

/** Names of all policy fields of a step. */
export const POLICY_FIELDS: readonly string[] = POLICY_NAMES;

/** 10 minutes, where a workflow says no `cleanupTimeout`. */
export const CLEANUP_MS_DEFAULT = 600_000;

/** The policies of `inner`, completed from `outer`. */
export function mergeDefaults(outer: Defaults, inner: Defaults | undefined): Defaults {
  return inner === undefined ? outer : { ...outer, ...inner };
}

/** Policies about calls of others; a step that calls nobody (NodeType.isExact) cannot have them. */
export const CALL_POLICIES = [
  "concurrency",
  "rateLimit",
  "circuitBreaker",
  "middleware",
  "memo",
] as const satisfies readonly (keyof Defaults)[];

/** The policies of `step` under `defaults` (null: defaults do not reach this step). */
export function policiesOf(step: Step, defaults: Defaults | null, isExact: boolean): Defaults {
  const policies: Record<string, unknown> = { ...defaults };
  if (isExact) for (const name of CALL_POLICIES) delete policies[name];
  for (const name of POLICY_NAMES) if (step[name] !== undefined) policies[name] = step[name];
  return policies;
}

/** The retry policy with its defaults: exponential from 1 s, doubling up to 1 min, full jitter. */
export function planRetry(policy: RetryPolicy | undefined): PlanRetry | null {
  if (policy === undefined) return null;
  return {
    attempts: policy.attempts,
    backoff: policy.backoff ?? "exponential",
    initialMs: durationMs(policy.initial) ?? 1_000,
    factor: policy.factor ?? 2,
    maxMs: durationMs(policy.max) ?? 60_000,
    jitter: policy.jitter ?? "full",
    errors: policy.errors ?? null,
  };
}

/** The memo policy with its defaults: within the run, without an end. Guarded steps have none. */
export function planMemo(
  { memo: policy, effect }: Defaults,
  key: Expression | null,
  step: Step,
): PlanMemo | null {
  if (policy === undefined || effect === "guarded") return null;
  return {
    key,
    form: key === null ? null : hashJson(step.with ?? null).slice(0, 32),
    scope: policy.scope ?? "run",
    ttlMs: policy.ttl === undefined ? null : durationMs(policy.ttl),
  };
}

/** What admission keeps of the policies; null: nothing. A key that did not compile is reported elsewhere. */
export function planGates(
  { concurrency, rateLimit, circuitBreaker }: Defaults,
  keys: Readonly<Record<keyof PlanGates, Expression | null>>,
): PlanGates | null {
  const gates: PlanGates = {
    concurrency:
      concurrency === undefined || keys.concurrency === null
        ? null
        : { key: keys.concurrency, limit: concurrency.limit },
    rateLimit:
      rateLimit === undefined || keys.rateLimit === null
        ? null
        : {
            key: keys.rateLimit,
            limit: rateLimit.limit,
            perMs: durationMs(rateLimit.per) ?? 0,
          },
    circuitBreaker:
      circuitBreaker === undefined || keys.circuitBreaker === null
        ? null
        : {
            key: keys.circuitBreaker,
            failureThreshold: circuitBreaker.failureThreshold,
            resetAfterMs: durationMs(circuitBreaker.resetAfter) ?? 0,
          },
  };
  return Object.values(gates).some((gate) => gate !== null) ? gates : null;
}
