/**
 * Sagas side by side with what the witness saw.
 *
 *   U1. Each effect of a failed saga that the witness saw succeed is undone, by one compensation,
 *       which may be repeated under its one key; of a saga that did not fail nothing is undone.
 *   U2. The compensations of a saga begin in the reverse order in which its steps were settled.
 *   U3. Nothing is undone that never began.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { WitnessRecord } from "./witness-record.ts";

interface Done {
  /** `runId path` */
  readonly step: string;
  readonly saga: string;
  hasSucceeded: boolean;
  /** Keys of the compensations that began for it. */
  readonly undoneBy: Set<string>;
}

export class Undoing {
  readonly broken: string[] = [];
  readonly counts = { sagasFailed: 0, compensated: 0 };
  /** `runId path` of settled steps: sequence number and whether it failed. */
  readonly #settledAt = new Map<string, number>();
  readonly #failed = new Set<string>();
  /** Runs of which a compensation was given up after three kills, perhaps before it began. */
  readonly #gaveUp = new Set<string>();
  readonly #done = new Map<string, Done>();
  readonly #keyAt = new Map<string, string>();
  /** By saga: the steps in the order in which their compensations first began. */
  readonly #order = new Map<string, string[]>();

  addEvent(runId: string, seq: number, event: RunEvent): void {
    if (event.type !== "step.succeeded" && event.type !== "step.failed") return;
    const step = `${runId} ${event.path}`;
    this.#settledAt.set(step, seq);
    if (event.type !== "step.failed") return;
    this.#failed.add(step);
    if (event.error.code === "host_lost" && event.path.includes(".compensate["))
      this.#gaveUp.add(runId);
  }

  addRecord(record: WitnessRecord): void {
    const { key, runId, path, marks } = record;
    const step = `${runId} ${path}`;
    if (record.phase === "end") {
      const done = this.#done.get(this.#keyAt.get(step) ?? "");
      if (done !== undefined && typeof record.nonce === "string") done.hasSucceeded = true;
      return;
    }
    if (marks?.saga !== undefined && !this.#done.has(key)) {
      const saga = `${runId} ${marks.saga}`;
      this.#done.set(key, { step, saga, hasSucceeded: false, undoneBy: new Set() });
      this.#keyAt.set(step, key);
    }
    if (marks?.undoes !== undefined) this.#addUndoing(step, key, marks.undoes);
  }

  /** All journals and records must have been added. */
  compare(): void {
    const failed = new Set<string>();
    for (const { step, saga, hasSucceeded, undoneBy } of this.#done.values()) {
      const hasFailed = this.#failed.has(saga);
      if (hasFailed) failed.add(saga);
      this.counts.compensated += undoneBy.size;
      if (undoneBy.size > 1) this.broken.push(`${step} was undone by ${undoneBy.size} steps`);
      if (!hasFailed && undoneBy.size > 0)
        this.broken.push(`${step} was undone, and its saga did not fail`);
      const isExcused = this.#gaveUp.has(step.split(" ")[0] ?? "");
      if (hasFailed && hasSucceeded && undoneBy.size === 0 && !isExcused)
        this.broken.push(`${step} was done, its saga failed, and it was not undone`);
    }
    this.counts.sagasFailed = failed.size;
    for (const [saga, steps] of this.#order) this.#compareOrder(saga, steps);
  }

  #addUndoing(step: string, key: string, undoes: string): void {
    const done = this.#done.get(undoes);
    if (done === undefined) {
      this.broken.push(`${step} undoes what never began`);
      return;
    }
    if (done.undoneBy.has(key)) return;
    done.undoneBy.add(key);
    const order = this.#order.get(done.saga) ?? [];
    this.#order.set(done.saga, order);
    order.push(done.step);
  }

  #compareOrder(saga: string, steps: readonly string[]): void {
    let before = Number.POSITIVE_INFINITY;
    for (const step of steps) {
      const seq = this.#settledAt.get(step) ?? Number.POSITIVE_INFINITY;
      if (seq >= before)
        this.broken.push(`${saga}: ${step} was undone after a step that was settled before it`);
      before = seq;
    }
  }
}
