/**
 * Ends a run at once. One whose journal cannot be folded decides nothing: its last event is appended
 * behind what is there, and nothing is cleaned up. Its children are told to stop, and a parent that
 * waits is told that it ended, as far as single turns of the journal can be read.
 */
import { LockstitchError } from "#errors/errors.ts";
import { cancelMessage } from "#kernel/cancel-step.ts";
import { messageId } from "#kernel/derive-id.ts";
import type { Send } from "#kernel/effects.ts";
import type { EventOf, RunEvent } from "#kernel/events.ts";
import type { ParentLink } from "#kernel/run-links.ts";
import type { CallContext } from "#ports/call-context.ts";
import type { RunHead, TurnRecord } from "#ports/journal.ts";
import type { TurnOutcome } from "./committer.ts";
import type { EngineCore } from "./engine-core.ts";
import { encodeEvents, eventsOf } from "./event-blobs.ts";
import { runKeyOf } from "./host-services.ts";
import { fencedError } from "./run-errors.ts";
import { factsAfter, factsOf, isTerminal } from "./run-facts.ts";
import { messageOf } from "./turn-commit.ts";

/** Ends the run, by its own decision where it can make one. Throws run_not_found, run_terminal. */
export async function terminateRun(
  core: EngineCore,
  context: CallContext,
  runId: string,
  reason: string | null,
): Promise<void> {
  try {
    await core.call(context, runId, { kind: "terminate", by: context.principal, reason });
  } catch (error) {
    const isParked = core.host(runKeyOf(context.tenant, runId))?.parked != null;
    const head = isParked ? await core.options.store.journal.head(context, runId) : null;
    if (head === null) throw error;
    await terminateParked(core, context, head, reason);
  }
}

async function terminateParked(
  core: EngineCore,
  context: CallContext,
  head: RunHead,
  reason: string | null,
): Promise<void> {
  if (isTerminal(head.status)) return;
  const { services } = core;
  const { tenant, runId, epoch } = head;
  const atMs = services.clock.nowMs();
  const firstSeq = head.seq + 1;
  const event: RunEvent = {
    type: "run.cancelled",
    by: context.principal,
    ...(reason === null ? {} : { reason }),
    terminated: true,
  };
  const sends = [
    ...(await toldChildren(core, context, head)),
    ...(await toldTo(core, context, runId)),
  ];
  const { promise, resolve } = Promise.withResolvers<TurnOutcome>();
  services.committer.submit({
    commit: {
      ...{ tenant, runId, epoch, status: "cancelled", endedAtMs: atMs },
      ...{ startedAtMs: head.startedAtMs, errorCode: null, create: null, consumes: [] },
      ...{ startKey: null, checkpoint: null },
      record: { runId, firstSeq, lastSeq: firstSeq, atMs, events: encodeEvents([event]).text },
      sends: sends.map((send) => messageOf(tenant, send)),
    },
    settle: resolve,
  });
  const outcome = await promise;
  if (outcome.kind === "fenced") throw fencedError(runId);
  if (outcome.kind === "refused") throw outcome.error;
  if (outcome.kind !== "committed")
    throw new LockstitchError("journal_refused", `Run ${runId} could not be ended.`, {
      details: { runId },
    });
  const facts = factsAfter(factsOf(head), [event], { atMs, status: "cancelled" });
  services.logger.warn({ run: runId, reason }, "a parked run was terminated, its journal unread");
  core.host(runKeyOf(tenant, runId))?.end();
  services.committed({ facts, events: [event], firstSeq, atMs, hasBlobs: false });
  services.send(sends.map((send) => messageOf(tenant, send)));
}

/** What children hear that have not ended and that end with their parent. */
async function toldChildren(
  core: EngineCore,
  context: CallContext,
  head: RunHead,
): Promise<Send[]> {
  const { runId } = head;
  const children = new Map<string, { readonly runId: string; readonly path: string }>();
  for (let seq = 0; seq < head.seq; ) {
    const turns = await core.options.store.journal.turns(context, runId, seq, TURNS_PER_READ);
    for (const turn of turns) for (const event of readable(turn)) followChild(children, event);
    seq = turns.at(-1)?.lastSeq ?? head.seq;
  }
  return [...children.values()].map((child) => cancelMessage(runId, child));
}

const TURNS_PER_READ = 500;

/** Nothing, where a turn is corrupt. */
function readable(turn: TurnRecord): readonly RunEvent[] {
  try {
    return eventsOf(turn) as unknown as readonly RunEvent[];
  } catch {
    // Its children are not known; the run must end all the same.
    return [];
  }
}

function followChild(
  children: Map<string, { readonly runId: string; readonly path: string }>,
  event: RunEvent,
): void {
  if (event.type === "child.started") {
    const { runId, path, onParentEnd } = event;
    if (onParentEnd === "cancel") children.set(runId, { runId, path });
  } else if (event.type === "child.finished") {
    for (const [runId, { path }] of children) if (path === event.path) children.delete(runId);
  } else if (event.type === "child.continued" && children.delete(event.runId)) {
    children.set(event.toRunId, { runId: event.toRunId, path: event.path });
  }
}

/** What a waiting parent hears, where the run's beginning can be read. */
async function toldTo(core: EngineCore, context: CallContext, runId: string): Promise<Send[]> {
  const queued = await beginning(core, context, runId);
  const parent: ParentLink | undefined = queued?.parent;
  if (parent?.wait !== true) return [];
  return [
    {
      kind: "child_end",
      id: messageId(runId, parent.path, 1, "child_end"),
      toRunId: parent.runId,
      path: parent.path,
      runId,
      status: "cancelled",
      output: null,
      error: null,
      ...(queued?.continued === undefined ? {} : { chainId: queued.continued.chainId }),
    },
  ];
}

async function beginning(
  core: EngineCore,
  context: CallContext,
  runId: string,
): Promise<EventOf<"run.queued"> | null> {
  try {
    const turn = await core.options.store.journal.turnAt(context, runId, 1);
    const first = turn === null ? undefined : eventsOf(turn)[0];
    return first?.type === "run.queued" ? (first as unknown as EventOf<"run.queued">) : null;
  } catch {
    // Corrupt like the rest: nobody can say who waits.
    return null;
  }
}
