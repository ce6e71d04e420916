/**
 * The slot of a run with a concurrency key, where several hosts share slots: it is written with the turn
 * that begins the run, and counts by itself from then on (ports/shared-slots.ts, L5).
 */
import type { RunEvent } from "#kernel/events.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import { SlotMeter } from "../admission/slot-meter.ts";
import { runGateName } from "./claims.ts";
import { runKeyOf } from "./host-services.ts";
import type { RunFacts } from "./run-facts.ts";

type RunSlot = NonNullable<TurnCommit["slot"]>;

/** What a turn with these events of a run writes; null: nothing. */
export function runSlotOf(
  { tenant, runId }: Pick<RunFacts, "tenant" | "runId">,
  events: readonly RunEvent[],
  runSlots: Scheduler,
): RunSlot | null {
  const gate = runSlots.holder(runKeyOf(tenant, runId))?.gates?.[0];
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return null;
  // It was passed on to a run that does not take it here: it stands in line with the others.
  if (gate === undefined)
    return first.type === "run.queued" && first.continued !== undefined
      ? { gate: null, runId }
      : null;
  if (last.type === "run.continued") return { gate: runGateName(gate.name), runId: last.toRunId };
  if (!events.some(({ type }) => type === "run.started")) return null;
  return { gate: runGateName(gate.name), runId };
}

/** The turn that begins the run is durable, and its slot with it. */
export function runSlotWritten(
  { tenant, runId }: Pick<RunFacts, "tenant" | "runId">,
  runSlots: Scheduler,
): void {
  const runKey = runKeyOf(tenant, runId);
  for (const { name } of runSlots.holder(runKey)?.gates ?? []) {
    const meter = runSlots.meter(name);
    if (meter instanceof SlotMeter) meter.share?.written(runKey);
  }
}
