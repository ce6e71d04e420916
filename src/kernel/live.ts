/** What an unsettled step that became ready carries: made, and the inner scopes that it holds. */
import type { Live, ScopeInstance } from "./state.ts";
import { NULL_REF } from "./value-ref.ts";

/** Of nearly every step: one empty set for all of them. */
const NO_SCOPES: ReadonlySet<ScopeInstance> = new Set();

/** `scope` opened below the step. */
export function holdScope(live: Live, scope: ScopeInstance): void {
  if (live.scopes === NO_SCOPES) live.scopes = new Set();
  (live.scopes as Set<ScopeInstance>).add(scope);
}

/** `scope` closed. */
export function dropScope(live: Live, scope: ScopeInstance): void {
  if (live.scopes !== NO_SCOPES) (live.scopes as Set<ScopeInstance>).delete(scope);
}

export function newLive(readyAtMs: number): Live {
  return {
    readyAtMs,
    input: NULL_REF,
    secrets: null,
    lent: null,
    deadlineAtMs: null,
    timeoutAtMs: null,
    retryAtMs: null,
    failures: 0,
    lostInARow: 0,
    inDoubt: false,
    isRemembered: false,
    cleanupAtMs: null,
    gates: null,
    memo: null,
    priority: 5,
    scheduledAtMs: readyAtMs,
    wait: null,
    fired: false,
    cancelling: null,
    control: null,
    scopes: NO_SCOPES,
    untold: null,
    beat: null,
    computing: false,
    scratch: undefined,
  };
}
