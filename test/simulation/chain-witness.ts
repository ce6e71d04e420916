/**
 * Whether runs that go on as others (`workflow.continue`) are one chain: read from all journals.
 *
 *   N1. Each continued run has exactly one successor, of the same workflow, and no run claims to go
 *       on for another that did not end so.
 *   N2. What a run had received and nobody had read is the successor's, first of all and in order,
 *       with its payload; no signal is received anew, or consumed, twice in a chain.
 *   N3. A run that was told to cancel does not continue; a parent's cancel reaches the run that goes on.
 *   N4. A parent that waits hears of the end of the chain, once it has come: its status and output.
 */
import type { EventOf } from "#kernel/events.ts";
import type { ValueRef } from "#kernel/value-ref.ts";
import { endOf, entriesOf, type RunHistory } from "./run-history.ts";

type Histories = ReadonlyMap<string, RunHistory>;

export interface ChainCounts {
  continued: number;
  carried: number;
  childrenContinued: number;
  cancelled: number;
  /** Of children, compared with what their parents were told. */
  outputs: number;
}

/** Simulated time in which a cancel must have reached its run, restarts and failed commits included. */
const REACH_MS = 60_000;

export function readChains(
  histories: Histories,
  counts: ChainCounts,
  violate: (what: string) => void,
): void {
  const successors = new Map<string, string[]>();
  for (const history of histories.values()) {
    const { continued } = queuedOf(history) ?? {};
    if (continued === undefined) continue;
    const { fromRunId } = continued;
    successors.set(fromRunId, [...(successors.get(fromRunId) ?? []), history.runId]);
  }
  for (const history of histories.values()) {
    const to = successors.get(history.runId) ?? [];
    readSuccessor(histories, history, { to, counts, violate });
    readChildren(histories, history, { counts, violate });
  }
  readConsumed(histories, violate);
}

function queuedOf({ entries }: RunHistory): EventOf<"run.queued"> | undefined {
  const first = entries[0]?.event;
  return first?.type === "run.queued" ? first : undefined;
}

/** The run in which the chain of `runId` has ended, or stands. */
export function lastOfChain(histories: Histories, runId: string): RunHistory | undefined {
  let history = histories.get(runId);
  for (;;) {
    const end = history === undefined ? null : endOf(history);
    if (end?.event.type !== "run.continued") return history;
    const next = histories.get(end.event.toRunId);
    if (next === undefined) return history;
    history = next;
  }
}

function readSuccessor(
  histories: Histories,
  history: RunHistory,
  {
    to,
    counts,
    violate,
  }: {
    readonly to: readonly string[];
    readonly counts: ChainCounts;
    readonly violate: (what: string) => void;
  },
): void {
  const { runId } = history;
  const end = endOf(history)?.event;
  if (end?.type !== "run.continued") {
    if (to.length > 0) violate(`N1: ${to} go on for ${runId}, which ended ${end?.type}`);
    return;
  }
  counts.continued++;
  if (to.length !== 1 || to[0] !== end.toRunId)
    return violate(`N1: ${runId} goes on as ${end.toRunId}; its successors are [${to}]`);
  if (entriesOf(history, "run.cancel_requested").length > 0)
    violate(`N3: ${runId} was told to cancel and continued`);
  const next = histories.get(end.toRunId);
  if (next === undefined) return;
  if (next.workflow !== history.workflow)
    violate(`N1: ${runId} goes on as ${next.runId}, another workflow`);
  readCarried(history, next, { counts, violate });
}

function readCarried(
  history: RunHistory,
  next: RunHistory,
  { counts, violate }: { readonly counts: ChainCounts; readonly violate: (what: string) => void },
): void {
  const read = new Set(entriesOf(history, "signal.consumed").map(({ event }) => event.id));
  const received = entriesOf(history, "signal.received").map(({ event }) => event);
  const unread = received.filter(({ id }) => !read.has(id));
  const taken = entriesOf(next, "signal.received").map(({ event }) => event);
  counts.carried += unread.length;
  for (const [index, signal] of unread.entries()) {
    const found = taken[index];
    const isSame =
      found?.id === signal.id &&
      found.name === signal.name &&
      JSON.stringify(found.payload) === JSON.stringify(signal.payload);
    if (!isSame)
      violate(
        `N2: signal ${index + 1} of ${next.runId} is ${found?.id}; ${history.runId} handed on ${unread.map(({ id }) => id)}`,
      );
  }
  const before = new Set(received.map(({ id }) => id));
  // A decision about an approval is known by the approval's path in its run.
  for (const { id } of taken.slice(unread.length))
    if (!id.startsWith("approval:") && before.has(id))
      violate(`N2: ${next.runId} received ${id} again`);
}

/** N2: across a chain. */
function readConsumed(histories: Histories, violate: (what: string) => void): void {
  const consumed = new Map<string, string>();
  for (const history of histories.values()) {
    const chainId = queuedOf(history)?.continued?.chainId ?? history.runId;
    for (const { event } of entriesOf(history, "signal.consumed")) {
      if (event.id.startsWith("approval:")) continue;
      const key = `${chainId} ${event.id}`;
      const other = consumed.get(key);
      if (other !== undefined)
        violate(`N2: ${history.runId} read ${event.id}, which ${other} had read`);
      consumed.set(key, history.runId);
    }
  }
}

function readChildren(
  histories: Histories,
  history: RunHistory,
  { counts, violate }: { readonly counts: ChainCounts; readonly violate: (what: string) => void },
): void {
  const { runId, entries } = history;
  const end = endOf(history);
  for (const { event: child, seq } of entriesOf(history, "child.started")) {
    const last = lastOfChain(histories, child.runId);
    if (last === undefined) continue;
    if (last.runId !== child.runId) counts.childrenContinued++;
    // A retry starts another child at the same path.
    const later = entries.filter((entry) => entry.seq > seq);
    const next = later.findIndex(
      ({ event }) => event.type === "child.started" && event.path === child.path,
    );
    const own = next < 0 ? later : later.slice(0, next);
    const finished = own.find(
      ({ event }) => event.type === "child.finished" && event.path === child.path,
    );
    if (finished?.event.type === "child.finished") {
      readFinished(last, finished, { runId, violate });
      const from = own.slice(own.indexOf(finished) + 1);
      if (finished.event.status === "succeeded")
        readOutput(last, { path: child.path, runId, own: from, counts, violate });
    }
    if (child.onParentEnd !== "cancel") continue;
    const told = own.find(
      ({ event }) => event.type === "step.cancel_requested" && event.path === child.path,
    );
    const toldMs = told?.durableMs ?? (finished === undefined ? end?.durableMs : undefined);
    if (toldMs === undefined) continue;
    counts.cancelled++;
    const isTold = entriesOf(last, "run.cancel_requested").length > 0;
    const endMs = endOf(last)?.durableMs ?? Number.POSITIVE_INFINITY;
    if (!isTold && endMs > toldMs + REACH_MS)
      violate(`N3: the cancel of ${child.path} of ${runId} never reached ${last.runId}`);
  }
}

function readFinished(
  last: RunHistory,
  finished: RunHistory["entries"][number],
  { runId, violate }: { readonly runId: string; readonly violate: (what: string) => void },
): void {
  const { event } = finished;
  if (event.type !== "child.finished" || event.error?.code === "child_not_started") return;
  const end = endOf(last);
  if (end === null || end.durableMs > finished.durableMs)
    return violate(`N4: ${runId} heard of the end of ${last.runId} before it came`);
  const status = end.event.type.slice("run.".length);
  if (status !== event.status)
    violate(`N4: ${runId} heard that ${last.runId} ${event.status}, but it ${status}`);
}

/** What the child has given is the output of the step that waited, unless an operator said otherwise. */
function readOutput(
  last: RunHistory,
  parent: {
    readonly path: string;
    readonly runId: string;
    readonly own: RunHistory["entries"];
    readonly counts: ChainCounts;
    readonly violate: (what: string) => void;
  },
): void {
  const end = endOf(last)?.event;
  const taken = parent.own.find(({ event }) => "path" in event && event.path === parent.path);
  if (end?.type !== "run.succeeded" || taken?.event.type !== "step.succeeded") return;
  const given = end.outputRef === undefined ? end.output : inlineValue(end.outputRef);
  // Longer outputs stand elsewhere, by reference.
  if (given === undefined) return;
  parent.counts.outputs++;
  if (JSON.stringify(given) !== JSON.stringify(taken.event.output ?? null))
    parent.violate(`N4: ${parent.runId} has another output of ${last.runId} than it gave`);
}

function inlineValue(ref: ValueRef): unknown {
  return "v" in ref ? ref.v : undefined;
}
