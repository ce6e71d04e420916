/** What a run's row says, kept beside its state and changed by its events as they are committed. */
import type { RunEvent } from "#kernel/events.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import type { RunStatus } from "#workflow/statuses.ts";

export type RunFacts = {
  -readonly [Field in keyof Omit<RunHead, "epoch" | "owner">]: RunHead[Field];
};

export function isTerminal(status: RunStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** Whether another host drives the run, or nobody does: where runs have owners, it is not ours. */
export function isOthers({ hosts }: Pick<Store, "hosts">, { owner }: RunHead): boolean {
  return hosts !== undefined && owner !== hosts.host;
}

/** The engine's own context for a run's tenant. */
export function engineContext(tenant: string): CallContext {
  return { tenant, principal: "engine", trace: null };
}

/** Of a head as the journal gives it, or of facts that are kept in memory. Readers are handed the labels. */
export function factsOf(head: RunFacts & Partial<Pick<RunHead, "epoch" | "owner">>): RunFacts {
  const { epoch: _, owner: __, ...facts } = head;
  Object.freeze(facts.labels);
  return facts;
}

/** What is committed of the run that `host` keeps in memory; null: the journal knows. */
export function committedFacts(
  host: { readonly restingState: object | null; readonly facts: RunFacts } | undefined,
): RunFacts | null {
  // Of a run whose first turn is not durable nobody may know.
  const isKnown = host !== undefined && host.restingState !== null && host.facts.seq > 0;
  return isKnown ? host.facts : null;
}

/** The facts after `events`, which were decided at `atMs`. */
export function factsAfter(
  facts: RunFacts,
  events: readonly RunEvent[],
  at: { readonly atMs: number; readonly status: RunStatus },
): RunFacts {
  const next: RunFacts = { ...facts, status: at.status, seq: facts.seq + events.length };
  for (const event of events) {
    switch (event.type) {
      case "run.queued":
        next.createdAtMs = at.atMs;
        next.labels = Object.freeze(event.labels);
        next.parentRunId = event.parent?.runId ?? null;
        break;
      case "run.labelled":
        next.labels = Object.freeze(event.labels);
        break;
      case "run.started":
        next.startedAtMs = at.atMs;
        break;
      case "run.failed":
        next.errorCode = event.error.code;
        next.endedAtMs = at.atMs;
        break;
      case "run.succeeded":
      case "run.continued":
      case "run.cancelled":
        next.endedAtMs = at.atMs;
        break;
      default:
        break;
    }
  }
  return next;
}
