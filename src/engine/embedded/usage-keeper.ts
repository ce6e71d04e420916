/**
 * Counts what runs use up, where the operator limits it: attempts that start, their time, processor
 * time of sandboxed code, bytes. A turn carries what it causes and what its attempts have taken until
 * then, so that it is durable with their outcome; what others commit is read once a second.
 *
 *   U1. What a turn carries is durable with it; of a refused turn what attempts took is carried by the
 *       next one, of a fenced one nothing is: the run is somebody else's. Here it counts as soon as the
 *       attempt has ended: the turn that says so is the one that starts what comes next.
 *   U2. Nothing waits for a reading: quotas are judged by the last one and what was committed here since.
 *   U3. Without a quota of these kinds there is no keeper, and nothing is counted.
 */
import { isCleaningUp } from "#kernel/cleaning-up.ts";
import type { RunState } from "#kernel/state.ts";
import type { Clock } from "#ports/clock.ts";
import type { Logger } from "#ports/logger.ts";
import type { Store } from "#ports/store.ts";
import { MINUTE_MS, type TurnUsage, USAGE_KEPT_MS, type Usage } from "#ports/usage.ts";
import type { UsageGate } from "../admission/claim.ts";
import type { QuotaRules } from "../admission/quota-limits.ts";
import { STORED, UsageBook } from "../admission/usage-book.ts";
import { WINDOW_KINDS } from "../admission/usage-window.ts";
import { slotName } from "./claims.ts";

import type { TurnOutcome } from "./committer.ts";
import type { AttemptRunner } from "./options.ts";
import type { RunFacts } from "./run-facts.ts";
import type { Turn } from "./turn.ts";

const READ_EVERY_MS = 1_000;
/** Reading the whole journal takes its time. */
const MEASURE_EVERY_MS = 3_600_000;
/** A commit may be this much later than its turn was decided, or as long as the store is away. */
const LATE_MS = 2 * MINUTE_MS;

interface Spent {
  attemptMs: number;
  cpuMs: number;
}

interface TakenUsage {
  readonly usage: TurnUsage;
  settle(outcome: TurnOutcome["kind"]): void;
}

interface KeeperParts {
  readonly store: Pick<Store, "usage" | "hosts">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class UsageKeeper {
  readonly book: UsageBook;
  readonly #parts: KeeperParts;
  /** What attempts have taken and no turn has carried, by run. */
  readonly #spent = new Map<string, Spent>();
  #readToMs: number;
  #isClosed = false;
  readonly #cancels = new Set<() => void>();

  constructor(parts: KeeperParts, rules: QuotaRules) {
    this.#parts = parts;
    this.book = new UsageBook(rules, () => parts.clock.nowMs());
    this.#readToMs = parts.clock.nowMs() - USAGE_KEPT_MS;
  }

  /** What an attempt must pass; null: nothing, as for one that cleans up, or may. */
  gatesOf(
    { tenant, workflow }: RunFacts,
    stateOf: () => RunState | null,
    path: string,
  ): readonly UsageGate[] | null {
    const gates = this.book.gatesOf(tenant, workflow);
    const state = gates === null ? null : stateOf();
    return state === null || isCleaningUp(state, path) ? null : gates;
  }

  /** What the turn is to carry; null: nothing. `bytes`: of its journal row and its blobs. */
  take(
    turn: Turn,
    { tenant, runId, workflow }: RunFacts,
    of: { readonly runKey: string; readonly bytes: () => number },
  ): TakenUsage | null {
    if (!this.book.counts(tenant, workflow)) return null;
    const { runKey } = of;
    const run = nameOf({ tenant, runId });
    const slots: string[] = [];
    for (const event of turn.events)
      if (event.type === "step.started") slots.push(slotName(runKey, event));
    const spent = this.#spent.get(run) ?? NOTHING_SPENT;
    this.#spent.delete(run);
    const stored = this.book.countsStorage && turn.events.length > 0 ? of.bytes() : 0;
    const usage = { workflow, atMs: turn.atMs, steps: slots.length, ...spent, bytes: stored };
    if (usage.steps + usage.attemptMs + usage.cpuMs + usage.bytes === 0) return null;
    return {
      usage,
      settle: (outcome) => {
        if (outcome === "committed") this.book.add(tenant, usage, slots);
        else if (outcome === "fenced") this.book.spend(usage, tenant, -1);
        else this.#keep(run, spent);
      },
    };
  }

  /** Measures what attempts take. */
  metered(runner: AttemptRunner): AttemptRunner {
    return {
      run: async (request) => {
        const { clock } = this.#parts;
        const { tenant, workflow, runId } = request;
        if (!this.book.counts(tenant, workflow)) return await runner.run(request);
        const beganMs = clock.monotonicMs();
        try {
          return await runner.run(request);
        } finally {
          const attemptMs = Math.max(0, Math.round(clock.monotonicMs() - beganMs));
          const cpuMs = Math.ceil(request.sandboxCpuMs ?? 0);
          this.#keep(nameOf({ tenant, runId }), { attemptMs, cpuMs });
          const atMs = clock.nowMs();
          this.book.spend({ workflow, atMs, attemptMs, cpuMs }, tenant);
        }
      },
    };
  }

  /** The run is over here. */
  ended(run: Pick<RunFacts, "tenant" | "runId">): void {
    this.#spent.delete(nameOf(run));
  }

  /** Reads what is counted so far, and goes on reading where others count too. Throws what the store throws. */
  async start(): Promise<void> {
    const { usage, hosts } = this.#parts.store;
    if (usage === undefined) return;
    await this.#read(usage);
    if (this.book.countsStorage) void this.#measure(usage);
    if (hosts !== undefined) this.#later(READ_EVERY_MS, () => this.#readAgain(usage));
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
  }

  #keep(run: string, { attemptMs, cpuMs }: Spent): void {
    if (attemptMs + cpuMs === 0) return;
    const known = this.#spent.get(run);
    if (known === undefined) this.#spent.set(run, { attemptMs, cpuMs });
    else {
      known.attemptMs += attemptMs;
      known.cpuMs += cpuMs;
    }
  }

  async #read(usage: Usage): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    this.book.read(await usage.read(this.#readToMs - LATE_MS));
    this.#readToMs = nowMs;
    if (this.book.countsStorage) this.book.readStored(await usage.stored());
  }

  async #readAgain(usage: Usage): Promise<void> {
    await this.#tried("what quotas count cannot be read", () => this.#read(usage));
    this.#later(READ_EVERY_MS, () => this.#readAgain(usage));
  }

  async #measure(usage: Usage): Promise<void> {
    await this.#tried("what is stored cannot be measured", async () => {
      await usage.measure();
      this.book.readStored(await usage.stored());
    });
    this.#later(MEASURE_EVERY_MS, () => this.#measure(usage));
  }

  /** The next time is soon: until then what is known stands. */
  async #tried(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#isClosed) this.#parts.logger.warn({ error: String(error) }, what);
    }
  }

  #later(afterMs: number, work: () => Promise<void>): void {
    if (this.#isClosed) return;
    const cancel = this.#parts.clock.after(afterMs, () => {
      this.#cancels.delete(cancel);
      void work();
    });
    this.#cancels.add(cancel);
  }
}

const NOTHING_SPENT: Readonly<Spent> = { attemptMs: 0, cpuMs: 0 };

function nameOf({ tenant, runId }: Pick<RunFacts, "tenant" | "runId">): string {
  return `${tenant}/${runId}`;
}

/** null: nothing is limited that it would count. */
export function usageKeeper(parts: KeeperParts, rules: QuotaRules): UsageKeeper | null {
  const kinds = [...WINDOW_KINDS.map(({ kind }) => kind), STORED] as const;
  return rules.limits(kinds) ? new UsageKeeper(parts, rules) : null;
}
