/** Runs that other hosts drive, as the engine of this host sees them (engine/hosts). */
import type { Input } from "#kernel/inputs.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead } from "#ports/journal.ts";
import type { LinePlace } from "../admission/line-place.ts";
import type { ApprovalView, ExplainView, HostsStats, WaitView } from "../engine.ts";

export interface AheadElsewhere {
  /** In the order of those that were asked for. */
  readonly counts: readonly number[];
  /** Some host did not answer: there may be more. */
  readonly isPartial: boolean;
}

export interface Elsewhere {
  /** Gives an input to the run through its host. Throws as EngineCore.call(), and store_unavailable where no host answers in time. */
  call(context: CallContext, runId: string, input: Input): Promise<{ readonly applied: boolean }>;
  /** As its host says; null: that does not answer. */
  explain(context: CallContext, runId: string): Promise<ExplainView | null>;
  /** This host among the others. */
  readonly stats: HostsStats;
  /** What a run waits for before all else while its host does not answer, or it has none. */
  silence(head: RunHead): WaitView;
  /** Approvals that wait at all other hosts that answer. */
  approvals(
    context: CallContext,
    labels: Readonly<Record<string, string>>,
  ): Promise<readonly ApprovalView[]>;
  /** How many claims on other hosts go before each of these, about. */
  ahead(places: readonly LinePlace[]): Promise<AheadElsewhere>;
  /** There are messages for a run of that host; null: nobody drives it. */
  hasMessages(owner: number | null): void;
}
