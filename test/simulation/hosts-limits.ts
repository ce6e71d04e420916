/**
 * Limits that several hosts keep together, in the world of hosts-world.ts: its limited workflows, and
 * whether their limits hold, judged by the attempts at work and by turns as they become durable.
 *
 *   L1. No more attempts of a key than its limit are at work at the same time on all hosts together.
 *       One of a host that sleeps cannot be told to stop, and does nothing.
 *   L2. No more runs of a key than its limit are under way at the same time.
 *   L3. No run is refused (whenFull: reject) when for long enough there was room for it.
 */
import type { RunEvent } from "#kernel/events.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { work, workflow } from "../engine/engine-fixture.ts";

const PAIR_LIMIT = 2;
/** A commit may be slow, a host may have died with its share, and others are patient after an outage. */
const ROOM_MS = 60_000;

const runKey = (name: string, limit: number, whenFull: string, steps: readonly unknown[]) =>
  workflow(name, { concurrency: { key: `'${name}'`, limit, whenFull }, steps });
const two = [work("a", "give"), work("b", "give", { needs: ["a"] })];

const PAIR: WorkflowDefinition = workflow("pair", {
  steps: ["x", "y", "z"].map((id) =>
    work(id, "give", { needs: [], concurrency: { key: "'pair'", limit: PAIR_LIMIT } }),
  ),
});
export const RELAY: WorkflowDefinition = workflow("relay", {
  input: { type: "object", properties: { n: { type: "number", default: 2 } } },
  concurrency: { key: "'relay'", limit: 1 },
  steps: [
    work("a", "give"),
    {
      ...{ id: "again", uses: "workflow.continue", needs: ["a"] },
      if: "input.n > 0",
      with: { input: { n: "${{ input.n - 1 }}" } },
    },
  ],
});
export const LIMITED: readonly WorkflowDefinition[] = [
  ...[PAIR, PAIR, RELAY],
  runKey("queue", 1, "queue", two),
  runKey("reject", 1, "reject", two),
  runKey("newest", 1, "cancelRunning", two),
];

interface AtWork {
  readonly keys: readonly string[];
  readonly step: string;
  /** Whether it goes on, on a host that is awake. */
  isAtWork(): boolean;
}

const ENDS: ReadonlySet<string> = new Set([
  "run.succeeded",
  "run.failed",
  "run.cancelled",
  "run.continued",
]);

export class HostsLimits {
  readonly counts = { full: 0, refused: 0, displaced: 0, keyedRuns: 0, passedOn: 0 };
  /** Attempts at the same time. */
  readonly #attemptsMax: Readonly<Record<string, number>>;
  readonly #nowMs: () => number;
  readonly #violate: (what: string) => void;
  readonly #atWork = new Set<AtWork>();
  /** Of runs with a key, and which hold it. */
  readonly #keys = new Map<string, { readonly key: string; readonly limit: number }>();
  readonly #holders = new Map<string, Set<string>>();
  /** Since when a key has had room; null: it is full. One that no run has held has had it since #beganMs. */
  readonly #roomSinceMs = new Map<string, number | null>();
  readonly #beganMs: number;

  constructor(
    limits: { readonly bulkhead: number; readonly tenant: number },
    nowMs: () => number,
    violate: (what: string) => void,
  ) {
    this.#attemptsMax = { ...limits, pair: PAIR_LIMIT };
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
    this.#violate = violate;
  }

  /** L1. An attempt begins; what it answers is called when it has ended. */
  begin(runId: string, path: string, isAtWork: () => boolean): () => void {
    const keys = ["bulkhead", "tenant", ...(runId.startsWith("pair-") ? ["pair"] : [])];
    const own: AtWork = { keys, step: `${runId} ${path}`, isAtWork };
    this.#atWork.add(own);
    for (const key of keys) {
      const limit = this.#attemptsMax[key] ?? 0;
      const beside = [...this.#atWork].filter((one) => one.keys.includes(key) && one.isAtWork());
      if (beside.length === limit) this.counts.full++;
      if (beside.length > limit)
        this.#violate(
          `L1: ${own.step} is at work beside ${beside.map(({ step }) => step).join(", ")} (${key})`,
        );
    }
    return () => void this.#atWork.delete(own);
  }

  /** L2. */
  durable({ runId, record }: TurnCommit): void {
    for (const event of record === null ? [] : (JSON.parse(record.events) as RunEvent[]))
      this.#follow(runId, event);
  }

  #follow(runId: string, event: RunEvent): void {
    if (event.type === "run.queued" && event.concurrency !== undefined)
      this.#keys.set(runId, event.concurrency);
    const held = this.#keys.get(runId);
    if (held === undefined) return;
    const holders = this.#holders.get(held.key) ?? new Set<string>();
    this.#holders.set(held.key, holders);
    if (event.type === "run.started") {
      this.counts.keyedRuns++;
      holders.add(runId);
      if (holders.size > held.limit)
        this.#violate(`L2: ${runId} runs beside ${[...holders].join(", ")} (${held.key})`);
    }
    if (event.type === "run.continued") this.counts.passedOn++;
    if (event.type === "run.cancelled") this.counts.displaced++;
    if (ENDS.has(event.type) && holders.delete(runId))
      this.#roomSinceMs.set(held.key, this.#nowMs());
    if (holders.size >= held.limit) this.#roomSinceMs.set(held.key, null);
  }

  /** L3. `hasRival`: another run of the key is being started, and may have the slot. */
  refused(key: string, hasRival: boolean): void {
    this.counts.refused++;
    if (hasRival) return;
    const roomMs = this.#roomSinceMs.get(key);
    const sinceMs = roomMs === undefined ? this.#beganMs : roomMs;
    if (sinceMs !== null && this.#nowMs() - sinceMs > ROOM_MS)
      this.#violate(`L3: a run is refused, and for ${this.#nowMs() - sinceMs} ms ${key} had room`);
  }
}
