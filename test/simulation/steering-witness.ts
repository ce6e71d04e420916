/**
 * What operators steer runs with, read from what becomes durable and from the journals.
 *
 *   P1. A step without a priority of its own asks for admission with the one that its run has then.
 *   P2. An answered priority is, or was, that of its run.
 *   C1. A wish for a checkpoint is committed together with one of the state after that turn, pinned
 *       if it was to be, unless the run ends with the turn.
 *   C2. A pinned checkpoint stays.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { TurnCommit } from "#ports/journal.ts";
import { factsAt, type RunHistory } from "./run-history.ts";

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);

export class SteeringWitness {
  /** Steps that asked with a priority that an operator had given; checkpoints that were wished for. */
  readonly counts = { asked: 0, wished: 0, pinned: 0 };
  readonly #violate: (what: string) => void;
  /** Of pinned checkpoints, by run. */
  readonly #pinned = new Map<string, Set<number>>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** C1 of a turn that has become durable. */
  durable({ runId, record, checkpoint, status }: TurnCommit, events: readonly RunEvent[]): void {
    const wishes = events.filter((event) => event.type === "checkpoint.saved");
    if (record === null || wishes.length === 0 || ENDED.has(status)) return;
    this.counts.wished++;
    const isPinned = wishes.some((wish) => wish.isPinned);
    if (checkpoint?.seq !== record.lastSeq || (checkpoint.isPinned ?? false) !== isPinned)
      return this.#violate(`C1 ${runId} has no such checkpoint at event ${record.lastSeq}`);
    if (!isPinned) return;
    this.counts.pinned++;
    const pinned = this.#pinned.get(runId) ?? new Set();
    this.#pinned.set(runId, pinned.add(record.lastSeq));
  }

  /** C2: `marks` are those that the disk has of the run. */
  readMarks(
    runId: string,
    marks: readonly { readonly seq: number; readonly isPinned: boolean }[],
  ): void {
    for (const seq of this.#pinned.get(runId) ?? [])
      if (!marks.some((mark) => mark.seq === seq && mark.isPinned))
        this.#violate(`C2 ${runId}: the pinned checkpoint at event ${seq} is gone`);
  }

  /** P1, and P2 of what `answered` says. */
  readPriorities(history: RunHistory, answered: readonly number[]): void {
    const { runId, entries } = history;
    const had = new Set<number>();
    let priority = 5;
    let isSteered = false;
    for (const { event } of entries) {
      if (event.type === "run.queued" || event.type === "run.prioritized") {
        priority = event.priority;
        had.add(priority);
        isSteered = event.type === "run.prioritized";
      }
      if (event.type !== "step.scheduled" || event.input === undefined) continue;
      const own = factsAt(history, event.path)?.step.priority;
      const asked = event.priority ?? 5;
      if (asked !== (own ?? priority))
        this.#violate(`P1 ${runId} ${event.path} asks with ${asked}, not ${own ?? priority}`);
      if (isSteered && own === undefined) this.counts.asked++;
    }
    for (const wanted of answered)
      if (!had.has(wanted)) this.#violate(`P2 ${runId} was given priority ${wanted} and lost it`);
  }
}
