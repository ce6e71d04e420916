/**
 * What becomes of a turn whose run has left memory while the turn was under way: because others have
 * the run, or because the engine closes.
 *
 *   1. Nothing is loaded, parked or given back for it: the run may be driven by another one by now, in
 *      this process too, under the same names of slots. Its own were given back when the run left.
 *   2. Whoever wrote is told, once: what was committed is done, all else is to be asked for again.
 */
import type { TurnOutcome } from "./committer.ts";
import type { HostServices } from "./host-services.ts";
import { runElsewhere, shuttingDown } from "./run-errors.ts";
import { endShared } from "./shared-commit.ts";
import { settleCalls, type Turn } from "./turn.ts";

export function leaveTurn(
  turn: Turn,
  outcome: TurnOutcome["kind"] | "dropped",
  services: Pick<HostServices, "shared" | "isClosing">,
  runId: string,
): void {
  if (outcome === "committed") return settleCalls(turn);
  endShared(services, turn, "dropped");
  const error = services.isClosing() ? shuttingDown() : runElsewhere({ runId });
  for (const { mail } of turn.taken) mail.settle?.({ kind: "failed", error });
}
