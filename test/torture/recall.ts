/**
 * Results that are used again (`memo`), with the witness's eyes:
 *
 *   M1. Of one key at most one execution has its success journaled; nothing of the key begins later.
 *   M2. No two executions of one key run at the same time in one life of the victim.
 *   M3. Whoever used the result has the value that this execution gave.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { WitnessRecord } from "./witness-record.ts";

export class Recall {
  readonly broken: string[] = [];
  readonly counts = { memoKeys: 0, memoHits: 0 };
  /** `runId path` of steps to the nonce of their output. */
  readonly #outputs = new Map<string, string>();
  /** `runId path attempt` of journaled successes. */
  readonly #kept = new Set<string>();
  /** Step that hit to the step whose result it was given. */
  readonly #hits = new Map<string, string>();
  readonly #memoOf = new Map<string, string>();
  readonly #keeperOf = new Map<string, string>();
  readonly #running = new Map<string, string>();
  #host = 0;

  addEvent(runId: string, event: RunEvent): void {
    if (event.type === "step.memo_hit") {
      this.counts.memoHits++;
      this.#hits.set(`${runId} ${event.path}`, `${event.from.runId} ${event.from.path}`);
    }
    if (event.type !== "step.succeeded") return;
    const nonce = /nonce-[0-9a-f-]{36}/.exec(JSON.stringify(event.output ?? null))?.[0];
    if (nonce !== undefined) this.#outputs.set(`${runId} ${event.path}`, nonce);
    if (event.attempt !== undefined) this.#kept.add(`${runId} ${event.path} ${event.attempt}`);
  }

  /** In the witness's order, when all journals have been added. */
  addRecord({ phase, runId, path, attempt, nonce, host, marks }: WitnessRecord): void {
    if (host !== undefined && host > this.#host) {
      this.#host = host;
      this.#running.clear();
    }
    const name = `${runId} ${path} ${attempt}`;
    const memo = marks?.memo ?? this.#memoOf.get(name);
    if (memo === undefined) return;
    if (phase === "begin") {
      this.#memoOf.set(name, memo);
      const other = this.#running.get(memo);
      if (other !== undefined) this.broken.push(`${name} began while ${other} was at "${memo}"`);
      const keeper = this.#keeperOf.get(memo);
      if (keeper !== undefined)
        this.broken.push(`${name} began although ${keeper} had the result of "${memo}"`);
      this.#running.set(memo, name);
      return;
    }
    this.#running.delete(memo);
    if (typeof nonce === "string" && this.#kept.has(name)) this.#keeperOf.set(memo, name);
  }

  /** All journals and records must have been added. */
  compare(): void {
    this.counts.memoKeys = this.#keeperOf.size;
    for (const [step, from] of this.#hits)
      if (
        this.#outputs.get(step) === undefined ||
        this.#outputs.get(step) !== this.#outputs.get(from)
      )
        this.broken.push(`${step} was given another value than ${from} has`);
  }
}
