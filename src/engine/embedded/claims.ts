/** What a run's effects ask of admission. Names hold tenant and run, so that no two are one. */
import type { Effect } from "#kernel/effects.ts";
import type { StepGates } from "#kernel/gates.ts";
import type { RunState } from "#kernel/state.ts";
import type { Gate, SlotClaim } from "../admission/claim.ts";
import type { OperatorGates } from "../admission/operator-limits.ts";
import type { RunFacts } from "./run-facts.ts";

/**
 * Losses in a row after which an attempt runs alone among its like: a step that ends its host (it
 * exhausts the memory, say) takes every attempt beside it along, and the third loss fails a step.
 * The last chance is taken one at a time, so that only the step that does it again is failed. One
 * loss is no suspicion yet: after a power cut thousands of attempts would run one after another.
 */
const SUSPECT_LOSSES = 2;
const QUARANTINE: Gate = {
  kind: "quarantine",
  name: "quarantine",
  key: "lost with their host",
  limit: 1,
};

type AdmitEffect = Extract<Effect, { readonly kind: "admit" }>;
type AdmitRunEffect = Extract<Effect, { readonly kind: "admit_run" }>;

/** One slot for an attempt from its admission to its end. */
export function slotName(
  runKey: string,
  effect: { readonly path: string; readonly attempt: number },
): string {
  return `${runKey}\n${effect.path}\n${effect.attempt}`;
}

/** What limits attempts besides what their workflow says. */
interface Limiting {
  readonly operatorGates: OperatorGates | null;
  /** What tenants and workflows have left; null: nobody limits that. */
  readonly usage: {
    gatesOf(of: RunFacts, state: () => RunState | null, path: string): readonly Gate[] | null;
  } | null;
}

/** What an `admit` effect of the run asks. */
export function attemptClaim(
  effect: AdmitEffect,
  run: { readonly key: string; facts(): RunFacts; state(): RunState | null },
  { operatorGates, usage }: Limiting,
): SlotClaim {
  const { path, priority, rank, sinceMs, deadlineAtMs, gates } = effect;
  const facts = run.facts();
  const { tenant, workflow } = facts;
  let limits = operatorGates === null ? null : operatorGates(effect.uses, tenant, workflow);
  const left = usage === null ? null : usage.gatesOf(facts, run.state, path);
  if (left !== null) limits = [...(limits ?? []), ...left];
  if (effect.lostInARow >= SUSPECT_LOSSES) limits = [...(limits ?? []), QUARANTINE];
  return {
    slot: slotName(run.key, effect),
    tenant,
    runId: run.key,
    path,
    priority,
    rank,
    sinceMs,
    deadlineAtMs,
    gates: gates === null ? limits : [...gatesOf(gates, tenant), ...(limits ?? [])],
  };
}

/** The breaker first: who it stops should not stand in the way of others. */
function gatesOf({ concurrency, rateLimit, circuitBreaker }: StepGates, tenant: string): Gate[] {
  const gates: Gate[] = [];
  if (circuitBreaker !== undefined) gates.push(breakerGate(circuitBreaker, tenant));
  if (concurrency !== undefined)
    gates.push({
      ...{ kind: "concurrency", name: `concurrency:${tenant}/${concurrency.key}` },
      ...concurrency,
    });
  if (rateLimit !== undefined)
    gates.push({ kind: "rate_limit", name: `rate_limit:${tenant}/${rateLimit.key}`, ...rateLimit });
  return gates;
}

export function breakerGate(
  breaker: NonNullable<StepGates["circuitBreaker"]>,
  tenant: string,
): Extract<Gate, { readonly kind: "circuit_breaker" }> {
  return {
    kind: "circuit_breaker",
    name: `circuit_breaker:${tenant}/${breaker.key}`,
    ...breaker,
  };
}

/** What the run itself asks; null: it needs no slot. Its key counts among runs of its workflow. */
export function runClaim(
  { priority, concurrency }: Pick<AdmitRunEffect, "priority" | "concurrency">,
  runKey: string,
  { tenant, workflow, createdAtMs }: RunFacts,
): SlotClaim | null {
  if (concurrency === null) return null;
  const { key, limit } = concurrency;
  const name = `concurrency:${tenant}/${workflow}/${key}`;
  return {
    ...ownSlot(runKey, tenant),
    priority,
    sinceMs: createdAtMs,
    gates: [{ kind: "concurrency", name, key, limit }],
  };
}

/** What the store calls a gate of runs: a key of attempts may have the same name. */
export function runGateName(name: string): string {
  return `${OF_RUNS}${name}`;
}

const OF_RUNS = "run_";

/** The gate's name here; null: it is none of runs. */
export function runGateOf(gate: string): string | null {
  return gate.startsWith(OF_RUNS) ? gate.slice(OF_RUNS.length) : null;
}

/** Of a run without a key: a slot of its own. */
export function ownSlot(runKey: string, tenant: string): SlotClaim {
  return {
    ...{ slot: runKey, tenant, runId: runKey, path: "", priority: 5, rank: 0, sinceMs: 0 },
    ...{ deadlineAtMs: null, gates: null },
  };
}
