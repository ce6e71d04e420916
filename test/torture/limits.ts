/**
 * Limits as the witness counts them: effects of one concurrency key at the same time, and starts of
 * one rate key in any window. Attempts end with their host; starts are kept over its death.
 */
import type { GoneRecord, WitnessRecord } from "./witness-record.ts";

/** Between the engine's count of a start and the effect's own clock, milliseconds. */
const CLOCK_SLACK_MS = 50;

export class Limits {
  readonly broken: string[] = [];
  readonly counts = { underLimit: 0, mostAtOnce: 0, mostInWindow: 0 };
  /** By concurrency key: the attempts that run. */
  readonly #running = new Map<string, Set<string>>();
  readonly #keyOf = new Map<string, { readonly key: string; readonly host: number | undefined }>();
  readonly #starts = new Map<string, { perMs: number; limit: number; instants: number[] }>();

  /** What ran there has ended with its host. */
  addGone({ host }: GoneRecord): void {
    for (const [name, of] of this.#keyOf) if (of.host === host) this.#end(name);
  }

  addRecord({ phase, runId, path, attempt, host, atMs, marks }: WitnessRecord): void {
    const name = `${runId} ${path} ${attempt}`;
    if (phase === "end") {
      this.#end(name);
      return;
    }
    if (marks?.slots !== undefined) {
      const { key, limit } = marks.slots;
      const running = this.#running.get(key) ?? new Set();
      this.#running.set(key, running.add(name));
      this.#keyOf.set(name, { key, host });
      this.counts.underLimit++;
      this.counts.mostAtOnce = Math.max(this.counts.mostAtOnce, running.size);
      if (running.size > limit)
        this.broken.push(`${name} is number ${running.size} of ${limit} that "${key}" lets run`);
    }
    if (marks?.rate !== undefined && atMs !== undefined) {
      const { key, ...rate } = marks.rate;
      const starts = this.#starts.get(key) ?? { ...rate, instants: [] };
      this.#starts.set(key, starts);
      starts.instants.push(atMs);
      this.counts.underLimit++;
    }
  }

  #end(name: string): void {
    this.#running.get(this.#keyOf.get(name)?.key ?? "")?.delete(name);
    this.#keyOf.delete(name);
  }

  /** All records must have been added. */
  compare(): void {
    for (const [key, { perMs, limit, instants }] of this.#starts) {
      const sorted = instants.toSorted((a, b) => a - b);
      let first = 0;
      for (const [at, instant] of sorted.entries()) {
        while (instant - (sorted[first] ?? instant) >= perMs - CLOCK_SLACK_MS) first++;
        const count = at - first + 1;
        this.counts.mostInWindow = Math.max(this.counts.mostInWindow, count);
        if (count > limit)
          this.broken.push(`${count} starts of ${limit} that "${key}" allows, up to ${instant}`);
      }
    }
  }
}
