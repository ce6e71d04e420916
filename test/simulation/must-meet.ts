/** What many seeds of the simulation must have met, or a check that never looked would look green. */
import { EXPECTED_EVENTS } from "../kernel/expected-events.ts";
import type { SimulationReport } from "./simulation.ts";

/** Fewer seeds than this need not meet everything. */
export const SEEDS_THAT_MEET_ALL = 200;

const MUST_MEET = [
  ...["fault.unknown", "fault.unavailable", "fault.refused", "fault.unread", "fault.clockJump"],
  "terminated",
  ...["rated", "exclusive", "probes", "opened", "runsKeyed"],
  ...["undone.succeeded", "undone.unknown", "undone.failed"],
  ...["chain.continued", "chain.carried", "chain.cancelled", "chain.outputs"],
  ...["large.far", "large.near", "large.packed", "large.lost", "large.failed", "large.copies"],
  ...["streams.chunks", "streams.resumed", "streams.failed", "streams.items"],
  ...["triggers.fired", "triggers.skipped", "triggers.missed"],
  ...["triggers.events", "triggers.filtered"],
  ...["steered.asked", "steered.wished", "steered.pinned"],
  ...["time.cleanups", "time.cutOff", "time.timeouts", "connectionSecrets"],
  ...["has.compensate", "has.cleanupTimeout", "has.concurrency", "has.rateLimit"],
  ...["has.circuitBreaker", "has.memo", "has.priority", "has.deadline", "has.timeout"],
  ...["has.heartbeatTimeout", "has.retry", "has.onError", "has.finally"],
  ...["has.run.cleanupTimeout", "has.run.concurrency", "has.run.deadline", "has.run.finally"],
];

/** Children rarely continue. */
const NOT_HERE: ReadonlySet<string> = new Set([
  // Named values have worlds of their own, with the same faults: test/engine/state-steps.test.ts.
  "state.applied",
  "child.continued",
]);

export function addMet(totals: Map<string, number>, { met, events }: SimulationReport): void {
  for (const [name, count] of [...Object.entries(met), ...Object.entries(events)])
    totals.set(name, (totals.get(name) ?? 0) + count);
}

/** Names of what was never met. */
export function unmet(totals: ReadonlyMap<string, number>): string[] {
  return [...MUST_MEET, ...EXPECTED_EVENTS].filter(
    (name) => !NOT_HERE.has(name) && (totals.get(name) ?? 0) === 0,
  );
}
