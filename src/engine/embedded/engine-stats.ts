/** What an engine over one store in this process says of itself: Engine.stats(). */
import { admissionStats } from "../admission/admission-stats.ts";
import { bulkheadStats } from "../admission/bulkhead-stats.ts";
import type { EngineStats } from "../engine.ts";
import type { Caretaker } from "./caretaker.ts";
import type { EngineCore } from "./engine-core.ts";

export function engineStats(core: EngineCore, care: Caretaker): EngineStats {
  const { committer, attempts, attemptSlots, attemptLimit, memos, shared, usage } = core.services;
  const bulkheads = bulkheadStats(core.admission, attemptSlots);
  return {
    openRuns: core.openRuns,
    runningAttempts: attempts.underWay,
    queuedAttempts: attemptSlots.waiting,
    attemptLimit: attemptLimit.view,
    ...(bulkheads.length === 0 ? {} : { bulkheads }),
    admission: {
      ...admissionStats(attemptSlots),
      quotas: { refused: core.quotas.refusals, usedUp: usage?.book.usedUp() ?? {} },
    },
    memo: { hits: memos.hits, misses: memos.misses },
    values: shared.stats,
    commits: committer.commits,
    turns: committer.turns,
    events: committer.events,
    continuedRuns: core.recovery.continuedRuns,
    recovering: core.recovery.isUnderWay && !care.isHeld,
    storeAway: committer.isStoreAway ? committer.refusal : null,
    upkeep: care.stats(),
    ...(core.elsewhere === null ? {} : { hosts: core.elsewhere.stats }),
  };
}
