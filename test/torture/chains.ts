/**
 * Chains of continued runs: each run goes on in at most one successor, which says so itself, and
 * each chain comes to exactly one last link.
 */
import type { RunEvent } from "#kernel/events.ts";

export class Chains {
  readonly broken: string[] = [];
  readonly counts = { chains: 0, continued: 0 };
  readonly #chainOf = new Map<string, string>();
  readonly #from = new Map<string, string>();
  readonly #to = new Map<string, string>();

  addEvent(runId: string, event: RunEvent): void {
    if (event.type === "run.queued") {
      const { continued } = event;
      this.#chainOf.set(runId, continued?.chainId ?? runId);
      if (continued !== undefined) this.#from.set(runId, continued.fromRunId);
    }
    if (event.type === "run.continued") {
      this.counts.continued++;
      if (this.#to.has(runId)) this.broken.push(`${runId} has two successors`);
      this.#to.set(runId, event.toRunId);
    }
  }

  /** All journals must have been added. */
  compare(): void {
    for (const [runId, toRunId] of this.#to)
      if (this.#from.get(toRunId) !== runId)
        this.broken.push(`${runId} goes on in ${toRunId}, which is missing or another's`);
    for (const [runId, fromRunId] of this.#from) {
      if (this.#to.get(fromRunId) !== runId)
        this.broken.push(`${runId} says that it goes on for ${fromRunId}, which does not`);
      if (this.#chainOf.get(runId) !== this.#chainOf.get(fromRunId))
        this.broken.push(`${runId} is of another chain than ${fromRunId}`);
    }
    const lastOf = new Map<string, number>();
    for (const [runId, chainId] of this.#chainOf)
      lastOf.set(chainId, (lastOf.get(chainId) ?? 0) + (this.#to.has(runId) ? 0 : 1));
    for (const [chainId, count] of lastOf)
      if (count !== 1) this.broken.push(`chain ${chainId} has ${count} last links`);
    this.counts.chains = new Set([...this.#from.values()].map((id) => this.#chainOf.get(id))).size;
  }
}
