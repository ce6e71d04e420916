/**
 * Whether admission keeps its limits, at every instant and across restarts: judged by when attempts
 * are really at work, and by outcomes as they become durable.
 *
 *   L1. In no window of a rate limit do more attempts begin than it allows.
 *   L2. No more attempts than a concurrency key or a bulkhead allows are at work in one process.
 *   L3. While a breaker is open nothing begins, and no two probes are at work beside each other.
 *   L4. No more runs than a workflow's concurrency key allows are under way; a run that continues
 *       hands its place to its successor.
 */
import type { RunEvent } from "#kernel/events.ts";
import { RANDOM_BREAKER, RANDOM_RATE } from "../kernel/random-definition.ts";

export const BULKHEAD_LIMIT = 3;

/** One process; a dead one's attempts are gone. */
type Process = object;

interface AtWork {
  readonly step: string;
  readonly process: Process;
  readonly startMs: number;
  readonly isExclusive: boolean;
  readonly isGuarded: boolean;
}

/** An attempt that was decided on before a breaker opened may begin so much later: commits are slow, and fail. */
const DECIDED_BEFORE_MS = 1_500;

/** A turn has its instant before it is durable. */
const COMMIT_MS = 500;

export class LimitWitness {
  readonly counts = { rated: 0, exclusive: 0, probes: 0, opened: 0, runsKeyed: 0 };
  readonly #rated: number[] = [];
  readonly #atWork = new Set<AtWork>();
  readonly #violate: (what: string) => void;
  /** Attempts with a breaker, by run, path and attempt: when they began. */
  readonly #guarded = new Map<string, number>();
  #openedMs: number | null = null;
  /** By how much the wall clock went forward since: a restart knows the opening by that clock. */
  #leapMs = 0;
  /** Runs that hold a key, by key. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #keys = new Map<string, { readonly key: string; readonly limit: number }>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** An attempt begins; what it answers is called when it ends, or is told to (its slot is free then). */
  begin(
    process: Process,
    request: { readonly runId: string; readonly path: string; readonly attempt: number },
    flags: { readonly limited?: boolean; readonly exclusive?: boolean; readonly guarded?: boolean },
    nowMs: number,
  ): () => void {
    const { runId, path, attempt } = request;
    const step = `${runId} ${path}`;
    const own: AtWork = {
      ...{ step, process, startMs: nowMs },
      ...{ isExclusive: flags.exclusive === true, isGuarded: flags.guarded === true },
    };
    if (flags.limited === true) this.#rate(`${step} #${attempt}`, nowMs);
    const beside = [...this.#atWork].filter((other) => other.process === process);
    if (beside.length >= BULKHEAD_LIMIT)
      this.#violate(
        `L2: ${step} is attempt ${beside.length + 1} of a bulkhead of ${BULKHEAD_LIMIT}`,
      );
    if (own.isExclusive) {
      this.counts.exclusive++;
      const other = beside.find(({ isExclusive }) => isExclusive);
      if (other !== undefined) this.#violate(`L2: ${step} overlaps ${other.step}`);
    }
    if (own.isGuarded) {
      this.#guarded.set(`${step} ${attempt}`, nowMs);
      this.#probe(own, beside);
    }
    this.#atWork.add(own);
    return () => void this.#atWork.delete(own);
  }

  #rate(attempt: string, nowMs: number): void {
    this.counts.rated++;
    this.#rated.push(nowMs);
    const recent = this.#rated.filter((startMs) => startMs > nowMs - RANDOM_RATE.per);
    if (recent.length > RANDOM_RATE.limit)
      this.#violate(`L1: ${attempt} is start ${recent.length} within ${RANDOM_RATE.per} ms`);
  }

  /** L3. */
  #probe(own: AtWork, beside: readonly AtWork[]): void {
    const openedMs = this.#openedMs;
    if (openedMs === null || own.startMs < openedMs + DECIDED_BEFORE_MS) return;
    this.counts.probes++;
    if (own.startMs < openedMs + RANDOM_BREAKER.resetAfterMs - COMMIT_MS - this.#leapMs)
      this.#violate(
        `L3: ${own.step} began ${own.startMs - openedMs} ms after its breaker had opened`,
      );
    const other = beside.find(
      ({ isGuarded, startMs }) => isGuarded && startMs >= openedMs + DECIDED_BEFORE_MS,
    );
    if (other !== undefined) this.#violate(`L3: ${own.step} is a probe beside ${other.step}`);
  }

  /** A turn has become durable. */
  durable(runId: string, events: readonly RunEvent[], nowMs: number): void {
    for (const event of events) {
      this.#breaker(runId, event, nowMs);
      this.#runKey(runId, event);
    }
  }

  #breaker(runId: string, event: RunEvent, nowMs: number): void {
    const ended = endOf(event);
    if (ended === null) return;
    const startMs = this.#guarded.get(`${runId} ${ended.path} ${ended.attempt}`);
    if (startMs === undefined) return;
    this.#guarded.delete(`${runId} ${ended.path} ${ended.attempt}`);
    if (this.#isUnclear(startMs)) {
      this.#openedMs = null;
      return;
    }
    const isProbe = this.#openedMs !== null && startMs >= this.#openedMs + DECIDED_BEFORE_MS;
    if (this.#openedMs !== null && !isProbe) return;
    if (ended.isFailed === null) return;
    if (ended.isFailed) this.counts.opened++;
    this.#openedMs = ended.isFailed ? nowMs : null;
    this.#leapMs = 0;
  }

  /**
   * A wall clock that went forward lets a probe begin as early as what was decided on before its
   * breaker opened: what such an attempt says may have closed the breaker or not.
   */
  #isUnclear(startMs: number): boolean {
    if (this.#openedMs === null) return false;
    const afterMs = startMs - this.#openedMs;
    const probesAfterMs = RANDOM_BREAKER.resetAfterMs - COMMIT_MS - this.#leapMs;
    return afterMs >= probesAfterMs && afterMs < DECIDED_BEFORE_MS;
  }

  leap(byMs: number): void {
    this.#leapMs += Math.max(0, byMs);
  }

  /** L4. */
  #runKey(runId: string, event: RunEvent): void {
    if (event.type === "run.queued" && event.concurrency !== undefined)
      // Every workflow has keys of its own.
      this.#keys.set(runId, {
        key: `${event.workflow} ${event.concurrency.key}`,
        limit: event.concurrency.limit,
      });
    const held = this.#keys.get(runId);
    if (held === undefined) return;
    const holders = this.#holders.get(held.key) ?? new Set<string>();
    this.#holders.set(held.key, holders);
    if (event.type === "run.started") {
      this.counts.runsKeyed++;
      holders.add(runId);
      if (holders.size > held.limit)
        this.#violate(`L4: ${runId} runs beside ${[...holders]}, of key ${held.key}`);
    }
    if (RUN_ENDS.has(event.type)) holders.delete(runId);
  }
}

const RUN_ENDS: ReadonlySet<string> = new Set([
  "run.succeeded",
  "run.failed",
  "run.cancelled",
  "run.continued",
]);

/** The attempt that the event ends; `isFailed` null: that says nothing of the other side. */
function endOf(
  event: RunEvent,
): { readonly path: string; readonly attempt: number; readonly isFailed: boolean | null } | null {
  switch (event.type) {
    case "step.succeeded":
      return event.attempt === undefined
        ? null
        : { path: event.path, attempt: event.attempt, isFailed: false };
    case "step.failed":
      return event.attempt === undefined
        ? null
        : {
            path: event.path,
            attempt: event.attempt,
            isFailed: event.error.retryable ? true : null,
          };
    case "step.retry_scheduled":
      return {
        path: event.path,
        attempt: event.attempt - 1,
        isFailed: event.error.retryable ? true : null,
      };
    default:
      return null;
  }
}
