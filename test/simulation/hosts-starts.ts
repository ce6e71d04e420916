/**
 * Start quotas of several hosts, in the world of hosts-world.ts: its workflows with one, and whether the
 * quotas hold, judged by turns as they become durable.
 *
 *   P1. No more runs of a workflow are open at the same time than it may have, on all hosts together.
 *   P2. In no minute do more runs of it start than may: a start counts from when its place was given,
 *       or where it has none from when its run is there.
 *   P3. No place is lost: a while after all is over, as many runs are taken as may be, and no more.
 *   P4. A start is refused only where runs that are open, or starts of which nobody knows what has
 *       become of them, may have all the places.
 */
import type { AdmissionOptions } from "#engine/admission/operator-limits.ts";
import type { TurnCommit } from "#ports/journal.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { RunStatus } from "#workflow/statuses.ts";
import { work, workflow } from "../engine/engine-fixture.ts";

const OPEN_RUNS = 2;
const STARTS = 4;
const MINUTE_MS = 60_000;
/** A place is held for a minute; between a start and its place a host may be asleep, and then cut off. */
const UNCLEAR_MS = 2 * MINUTE_MS;
/** A refusal may be so late. */
const LATE_MS = 30_000;

const FEW: WorkflowDefinition = workflow("few", {
  steps: [
    work("a", "give"),
    { id: "nap", uses: "wait.for", needs: ["a"], with: { duration: "4s" } },
  ],
});
const OFTEN: WorkflowDefinition = workflow("often", { steps: [work("a", "give")] });

export const QUOTED: readonly WorkflowDefinition[] = [FEW, OFTEN];

export const QUOTAS: NonNullable<AdmissionOptions["quotas"]> = {
  workflows: { few: { openRuns: OPEN_RUNS }, often: { startsPerMinute: STARTS } },
};

/** What may be started when nothing else is there, and one more, which is refused. */
export const AT_THE_END: readonly {
  readonly definition: WorkflowDefinition;
  readonly max: number;
}[] = [
  { definition: FEW, max: OPEN_RUNS },
  { definition: OFTEN, max: STARTS },
];

interface Asked {
  readonly runId: string;
  readonly atMs: number;
  /** What it has come to is known: a run, or nothing. */
  isClear: boolean;
}

const ENDED: ReadonlySet<RunStatus> = new Set(["succeeded", "failed", "cancelled"]);

export class HostsStarts {
  readonly counts = { quotedRuns: 0, quotaFull: 0, quotaRefused: 0 };
  readonly #violate: (what: string) => void;
  /** When the place was given that the run has taken; null: it has none. */
  readonly #givenAtMs: (run: Pick<TurnCommit, "tenant" | "runId">) => number | null;
  readonly #open = new Set<string>();
  /** When runs ended that count among the open ones. */
  readonly #endedMs = new Map<string, number>();
  readonly #startsMs: number[] = [];
  readonly #asked: Asked[] = [];

  constructor(of: {
    readonly violate: (what: string) => void;
    readonly givenAtMs: (run: Pick<TurnCommit, "tenant" | "runId">) => number | null;
  }) {
    this.#violate = of.violate;
    this.#givenAtMs = of.givenAtMs;
  }

  /** P1 and P2. */
  durable(turn: TurnCommit, nowMs: number): void {
    const { runId, create, status } = turn;
    if (runId.startsWith("few-")) {
      if (create !== null) this.#opened(runId);
      if (ENDED.has(status) && this.#open.delete(runId)) this.#endedMs.set(runId, nowMs);
    } else if (create !== null && runId.startsWith("often-"))
      this.#begun(runId, this.#givenAtMs(turn) ?? nowMs);
  }

  /** A client starts a run; what it answers is called with the code of the error, or null. */
  ask(runId: string, nowMs: () => number): (code: string | null) => void {
    const asked: Asked = { runId, atMs: nowMs(), isClear: false };
    this.#asked.push(asked);
    return (code) => {
      asked.isClear = code === null || code === "quota_exceeded";
      if (code === "quota_exceeded") this.#refused(asked, nowMs());
    };
  }

  /** P4. */
  #refused(own: Asked, nowMs: number): void {
    const { runId, atMs } = own;
    this.counts.quotaRefused++;
    if (!runId.startsWith("few-")) return;
    const unclear = this.#asked.filter(
      (other) =>
        other.runId.startsWith("few-") &&
        other !== own &&
        !other.isClear &&
        !this.#open.has(other.runId) &&
        nowMs - other.atMs < UNCLEAR_MS,
    );
    const ended = [...this.#endedMs.values()].filter((endMs) => endMs > nowMs - LATE_MS);
    if (this.#open.size + ended.length + unclear.length < OPEN_RUNS)
      this.#violate(
        `P4: ${runId} (${atMs}) is refused, and ${[...this.#open].join(", ")} is open; ${OPEN_RUNS} may be`,
      );
  }

  #opened(runId: string): void {
    this.counts.quotedRuns++;
    this.#open.add(runId);
    if (this.#open.size === OPEN_RUNS) this.counts.quotaFull++;
    if (this.#open.size > OPEN_RUNS)
      this.#violate(`P1: ${[...this.#open].join(", ")} are open; ${OPEN_RUNS} may be`);
  }

  #begun(runId: string, atMs: number): void {
    this.counts.quotedRuns++;
    this.#startsMs.push(atMs);
    this.#startsMs.sort((a, b) => a - b);
    for (const [at, firstMs] of this.#startsMs.entries()) {
      const last = this.#startsMs[at + STARTS];
      if (last !== undefined && last < firstMs + MINUTE_MS)
        this.#violate(`P2: with ${runId}, ${STARTS + 1} have started from ${firstMs} to ${last}`);
    }
  }
}
