/** Which run goes on in the place of one that has ended (workflow.continue). */
import type { LockstitchError } from "#errors/errors.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { Journal, RunHead } from "#ports/journal.ts";
import type { SlotClaim } from "../admission/claim.ts";
import type { Scheduler } from "../admission/scheduler.ts";
import { eventsOf } from "./event-blobs.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import { runTerminal } from "./run-errors.ts";
import { runNotFound } from "./run-reader.ts";

/** The run that took over from `head`; null: the run goes on, or its chain has ended with it. */
export async function successorOf(
  journal: Journal,
  context: CallContext,
  head: RunHead,
): Promise<string | null> {
  if (head.status !== "succeeded") return null;
  const turn = await journal.turnAt(context, head.runId, head.seq);
  const last = turn === null ? undefined : eventsOf(turn).at(-1);
  return last?.type === "run.continued" ? (last["toRunId"] as string) : null;
}

/** Of a run that ends: nobody who waits for its concurrency key comes between it and its successor. */
export function passSlotOn({ facts, events }: CommittedTurn, runSlots: Scheduler): void {
  const last = events.at(-1);
  if (last?.type !== "run.continued") return;
  const slot = runKeyOf(facts.tenant, facts.runId);
  const to = runKeyOf(facts.tenant, last.toRunId);
  const held = runSlots.holder(slot);
  if (held === undefined) return;
  const next = { ...held, slot: to, runId: to };
  // Where hosts share slots any of them may begin it; until then the slot counts in the store.
  const elsewhere = runSlots.outside?.runs;
  if (elsewhere === undefined) runSlots.hold(next);
  else elsewhere.passOn(next);
  runSlots.release(slot);
}

/** A successor with another key than the run before it asks for a slot of its own. */
export function dropOtherSlot({ slot, gates }: SlotClaim, runSlots: Scheduler): void {
  const held = runSlots.holder(slot);
  if (held !== undefined && held.gates?.[0]?.name !== gates?.[0]?.name) runSlots.release(slot);
}

/** What a caller is told of a run that is not open: it has ended, and where it goes on, or never was. */
export async function notOpen(
  journal: Journal,
  context: CallContext,
  runId: string,
): Promise<LockstitchError> {
  const head = await journal.head(context, runId);
  if (head === null) return runNotFound(runId);
  return runTerminal(runId, await successorOf(journal, context, head));
}
