/** What of a tenant's quotas is used, for operators: asked of the store where that counts. */
import type { CallContext } from "#ports/call-context.ts";
import { WORKFLOW_QUOTA } from "../admission/operator-limits.ts";
import type { QuotaKind, QuotaLimits } from "../admission/quota-limits.ts";
import { SlotMeter } from "../admission/slot-meter.ts";
import type { QuotaView } from "../quota-view.ts";
import type { EngineCore } from "./engine-core.ts";

/** Workflows that are looked at. */
const WORKFLOWS_MAX = 1_000;
const RUNS_PER_READ = 1_000;
const OPEN = ["queued", "running", "waiting", "paused"] as const;

interface Scope {
  readonly context: CallContext;
  /** null: the tenant. */
  readonly workflow: string | null;
}

/** Those of the tenant first, then by workflow. */
export async function quotaViews(
  core: EngineCore,
  context: CallContext,
): Promise<readonly QuotaView[]> {
  const { rules } = core.quotas;
  const { tenant } = context;
  const views = await viewsOf(core, { context, workflow: null }, rules.ofTenant(tenant));
  const workflows = await core.options.store.catalogue.list(context, null, WORKFLOWS_MAX);
  for (const { name: workflow } of workflows) {
    const limits = rules.ofWorkflow(tenant, workflow);
    views.push(...(await viewsOf(core, { context, workflow }, limits)));
  }
  return views;
}

async function viewsOf(core: EngineCore, scope: Scope, limits: QuotaLimits): Promise<QuotaView[]> {
  const { workflow, context } = scope;
  const windows = core.services.usage?.book.windowsOf(context.tenant, workflow) ?? [];
  const views: QuotaView[] = [];
  for (const quota of Object.keys(limits) as QuotaKind[]) {
    const limit = limits[quota];
    if (limit === null) continue;
    const window = windows.find(({ of }) => of.kind === quota);
    const forMs = window?.usedUpForMs() ?? 0;
    const untilMs = forMs === 0 ? null : core.options.clock.nowMs() + forMs;
    const used = window?.used() ?? (await usedOf(core, scope, quota));
    views.push({ workflow, quota, limit, used, untilMs });
  }
  return views;
}

async function usedOf(core: EngineCore, scope: Scope, quota: QuotaKind): Promise<number | null> {
  const { workflow, context } = scope;
  const { tenant } = context;
  switch (quota) {
    case "openRuns":
      return await openRuns(core, scope);
    case "startsPerMinute":
      return core.quotas.startsOf(tenant, workflow);
    case "attempts": {
      const name = workflow === null ? `quota:${tenant}` : `${WORKFLOW_QUOTA}${tenant}/${workflow}`;
      const meter = core.services.attemptSlots.meter(name);
      return meter instanceof SlotMeter ? meter.holders.size : 0;
    }
    case "storageBytes":
      return core.services.usage?.book.stored(tenant, workflow) ?? 0;
    default:
      return null;
  }
}

async function openRuns(core: EngineCore, { context, workflow }: Scope): Promise<number> {
  const { journal } = core.options.store;
  if (workflow === null) {
    const counts = await journal.counts(context);
    return OPEN.reduce((sum, status) => sum + counts[status], 0);
  }
  let count = 0;
  for (let cursor: string | undefined; ; ) {
    const filter = { workflow, status: OPEN, limit: RUNS_PER_READ };
    const page = await journal.heads(context, {
      ...filter,
      ...(cursor === undefined ? {} : { cursor }),
    });
    count += page.items.length;
    if (page.cursor === null) return count;
    cursor = page.cursor;
  }
}
