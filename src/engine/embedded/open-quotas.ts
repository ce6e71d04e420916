/** What of quotas an engine is made with, and how its runs are counted. */
import type { NodeServices } from "#nodes/define-node.ts";
import type { OpenRunCounts } from "../admission/open-run-counts.ts";
import { type AdmissionOptions, quotaRules } from "../admission/operator-limits.ts";
import type { QuotaRules } from "../admission/quota-limits.ts";
import { Quotas } from "../admission/quotas.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import type { AttemptRunner, EngineOptions } from "./options.ts";
import { isTerminal } from "./run-facts.ts";
import { type UsageKeeper, usageKeeper } from "./usage-keeper.ts";

export function openQuotas(
  options: EngineOptions,
  admission: AdmissionOptions,
): {
  readonly quotas: Quotas;
  readonly usage: UsageKeeper | null;
  readonly sandbox: Pick<NodeServices, "sandbox">;
} {
  const { store, clock } = options;
  const rules = quotaRules(admission);
  const usage = usageKeeper(options, rules);
  const book = usage?.book ?? null;
  const isShared = store.hosts !== undefined;
  const starts = store.hosts?.starts ?? null;
  const quotas = new Quotas({ rules, clock, starts, isShared, book });
  return { quotas, usage, sandbox: sandboxOf(rules) };
}

/** Ceilings for sandboxed code: the lower of the tenant's and the workflow's. */
function sandboxOf(rules: QuotaRules): Pick<NodeServices, "sandbox"> {
  if (!rules.limits(["sandboxMemoryBytes", "sandboxCpuMs"])) return {};
  return {
    sandbox: (tenant, workflow) => {
      const both = [rules.ofTenant(tenant), rules.ofWorkflow(tenant, workflow)];
      const least = (kind: "sandboxMemoryBytes" | "sandboxCpuMs") =>
        Math.min(...both.map((limits) => limits[kind] ?? Number.POSITIVE_INFINITY));
      return { memoryBytesMax: least("sandboxMemoryBytes"), cpuMsMax: least("sandboxCpuMs") };
    },
  };
}

export function meteredRunner(runner: AttemptRunner, usage: UsageKeeper | null): AttemptRunner {
  return usage === null ? runner : usage.metered(runner);
}

/** A turn is durable. */
export function countOpen(open: OpenRunCounts, { facts, firstSeq }: CommittedTurn): void {
  const isNew = firstSeq === 1;
  const isOver = isTerminal(facts.status);
  if (!isNew && !isOver) return;
  const key = runKeyOf(facts.tenant, facts.runId);
  if (isNew) open.came(key, facts);
  if (isOver) open.went(key, facts);
}
