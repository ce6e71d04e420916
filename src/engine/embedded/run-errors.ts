/** What callers are told whose input cannot be taken, or not now. */
import { LockstitchError } from "#errors/errors.ts";
import type { RunHead } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import { READER } from "./options.ts";

/** Why a run does nothing until somebody calls. */
export interface Parked {
  readonly code: "journal_refused" | "internal" | "store_corrupt" | "store_newer";
  readonly message: string;
}

export function parkedError(runId: string, parked: Parked | null): LockstitchError {
  const { code, message } = parked ?? { code: "internal", message: "it is not known why" };
  return new LockstitchError(code, `Run ${runId} cannot go on: ${message}`, { details: { runId } });
}

export function parkedCode(error: unknown): Parked["code"] {
  const code = error instanceof LockstitchError ? error.code : null;
  return code === "store_corrupt" || code === "store_newer" ? code : "internal";
}

export function mailboxFull(runId: string, waiting: number): LockstitchError {
  return new LockstitchError(
    "queue_full",
    `Run ${runId} has ${waiting} inputs waiting (mailboxMax); try again later.`,
  );
}

/** `whenFull: reject`. */
export function slotsFull(
  workflow: string,
  { key, limit }: { readonly key: string; readonly limit: number },
): LockstitchError {
  return new LockstitchError(
    "queue_full",
    `${limit} run(s) of workflow ${workflow} with concurrency key ${key} are active (whenFull: reject); try again later.`,
    { details: { key, limit } },
  );
}

/** Why a run is cancelled that holds what run `by` waits for. */
export function displacedBy(by: string): string {
  return `run ${by} has the same concurrency key (whenFull: cancelRunning)`;
}

/** Its slot is not this host's any more, by the time that it is to be written with it. */
export function staleStart(runId: string): LockstitchError {
  const message = `Run ${runId} was not begun: this host was cut off from the store for too long, and others have its slot; try again.`;
  return new LockstitchError("store_unavailable", message, { details: { runId } });
}

/** `owner`: the host that drives it; null: nobody does at the moment. */
export function runElsewhere({
  runId,
  owner = null,
}: Pick<RunHead, "runId" | "owner">): LockstitchError {
  const who = owner === null ? "no host" : `host ${owner}`;
  return new LockstitchError("run_elsewhere", `Run ${runId} is driven by ${who} now; try again.`, {
    details: { runId, owner },
  });
}

export function isElsewhere(error: unknown): error is LockstitchError {
  return error instanceof LockstitchError && error.code === "run_elsewhere";
}

/** The journal took nothing of a run in memory. */
export function fencedError(runId: string): LockstitchError {
  return new LockstitchError(
    "journal_refused",
    `Run ${runId} is not this host's any more: the journal fenced its turn.`,
  );
}

/** A start took longer than its place was held (StartQuotas P3). */
export function placeGone(runId: string): LockstitchError {
  return new LockstitchError(
    "store_unavailable",
    `Run ${runId} was not started: the store took longer than its place among the open runs is held; try again.`,
  );
}

/**
 * The fence of a run, the `fences`th in a row. Once may be what an unknown commit left behind; twice
 * another owner writes here. Where hosts share the store a run may change hands again and again, and
 * the journal says whose it is.
 */
export function fence(
  runId: string,
  fences: number,
  { hosts }: Pick<Store, "hosts">,
): { readonly error: LockstitchError; readonly isLasting: boolean } {
  const isLasting = fences > (hosts === undefined ? 1 : FENCES_MAX);
  const error = hosts === undefined ? fencedError(runId) : runElsewhere({ runId });
  return { error, isLasting };
}

const FENCES_MAX = 20;

/** `continuedTo`: the run that goes on in its place. */
export function runTerminal(runId: string, continuedTo: string | null): LockstitchError {
  const next = continuedTo === null ? "" : ` It goes on as run ${continuedTo}.`;
  return new LockstitchError("run_terminal", `Run ${runId} has ended.${next}`, {
    details: { runId, ...(continuedTo === null ? {} : { continuedTo }) },
  });
}

export function shuttingDown(): LockstitchError {
  return new LockstitchError("shutting_down", "The engine is closing; try again soon.");
}

export function isStoreAway(error: unknown): error is LockstitchError {
  return error instanceof LockstitchError && error.code === "store_unavailable";
}

/** What the phase says is there. */
export function must<Part>(part: Part | null, runId: string): Part {
  if (part === null) throw new Error(`run ${runId} lacks what its phase promises`);
  return part;
}

/** Throws store_newer for a run that this host cannot read. */
export function refuseNewer(head: RunHead): void {
  if (head.minReader <= READER) return;
  throw new LockstitchError(
    "store_newer",
    `Run ${head.runId} was written by a newer version (reader ${head.minReader}); update this one.`,
  );
}

/** `said`: what the store said last; null: nothing. */
export function storeAway(said: string | null, cause?: unknown): LockstitchError {
  const message = `The store keeps nothing at the moment (${said ?? "it does not answer"}); try again.`;
  return new LockstitchError("store_unavailable", message, { cause });
}
