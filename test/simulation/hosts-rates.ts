/**
 * Rate limits that several hosts count together, in the world of hosts-world.ts: its workflow with a
 * rate, and whether the rate holds, judged by the attempts alone, by the world's own time.
 *
 *   T1. In no window of the rate, wherever it begins, do more attempts begin than its limit on all
 *       hosts together, whatever is cut off, asleep, slow or dead between a token and its attempt.
 *   T2. Nobody waits for what is free: when all is calm, and somebody waits, a start that is free is
 *       made within STILL_MS.
 */
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { work, workflow } from "../engine/engine-fixture.ts";

const LIMIT = 2;
const PER_MS = 2_000;
/** A token that nobody speaks of, its window, and a host that has to be looked for. */
const STILL_MS = 40_000;

const rateLimit = { key: "'paced'", limit: LIMIT, per: "2s" };

export const PACED: WorkflowDefinition = workflow("paced", {
  steps: ["x", "y", "z"].map((id) => work(id, "give", { rateLimit })),
});

export class HostsRates {
  readonly counts = { paced: 0, windowsFull: 0 };
  readonly #violate: (what: string) => void;
  readonly #begunMs: number[] = [];
  #underWay = 0;
  /** Since when nothing begins; null: something is under way. */
  #stillSinceMs: number | null = null;

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** T1. An attempt begins; what it answers is called when it has ended. */
  begin(runId: string, path: string, nowMs: number): () => void {
    if (!runId.startsWith("paced-")) return NOTHING;
    this.counts.paced++;
    const first = this.#begunMs.findLastIndex((atMs) => atMs <= nowMs - PER_MS) + 1;
    const recent = this.#begunMs.slice(first);
    if (recent.length === LIMIT - 1) this.counts.windowsFull++;
    if (recent.length >= LIMIT)
      this.#violate(
        `T1: ${runId} ${path} begins at ${nowMs}, after others at ${recent.join(", ")}: ${LIMIT} may within ${PER_MS} ms`,
      );
    this.#begunMs.push(nowMs);
    this.#stillSinceMs = null;
    this.#underWay++;
    return () => void this.#underWay--;
  }

  /** T2. Everything can be reached; `waiting`: runs with the rate that are open and may go on. */
  calm(waiting: readonly string[], nowMs: number): void {
    if (waiting.length === 0 || this.#underWay > 0) this.#stillSinceMs = null;
    else this.#stillSinceMs ??= nowMs;
    if (this.#stillSinceMs !== null && nowMs - this.#stillSinceMs > STILL_MS)
      this.#violate(`T2: ${waiting.join(", ")} wait, and for ${STILL_MS} ms nothing begins`);
  }
}

const NOTHING = () => {};
