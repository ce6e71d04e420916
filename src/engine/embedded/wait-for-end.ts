/** Waits until a run has ended without asking again and again: its commits call back. */
import type { CallContext } from "#ports/call-context.ts";
import type { EngineCore } from "./engine-core.ts";
import { type CommittedTurn, runKeyOf } from "./host-services.ts";
import { isTerminal, type RunFacts } from "./run-facts.ts";

/** The clock is armed at most this far ahead; longer waits are armed again. */
const ARM_MS_MAX = 3_600_000;

/** What is known of the run; `turn` is the one in which it ended, where it did so meanwhile. */
interface Waited {
  readonly facts: RunFacts;
  readonly turn?: CommittedTurn;
}

/** null: `timeoutMs` has passed, `signal` aborts or the engine closes. Throws run_not_found. */
export async function waitForEnd(
  core: EngineCore,
  run: {
    readonly context: CallContext;
    readonly runId: string;
    /** What is committed of the run. */
    facts(): Promise<RunFacts>;
  },
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Waited | null> {
  const { observers, options } = core;
  const ended = Promise.withResolvers<CommittedTurn | null>();
  const unwatch = observers.watchRun(runKeyOf(run.context.tenant, run.runId), (turn) => {
    if (turn === null || isTerminal(turn.facts.status)) ended.resolve(turn);
  });
  const onAbort = () => ended.resolve(null);
  signal?.addEventListener("abort", onAbort);
  let cancel = () => {};
  try {
    const facts = await run.facts();
    if (isTerminal(facts.status) || timeoutMs <= 0 || signal?.aborted || core.isClosing)
      return { facts };
    const untilMs = options.clock.monotonicMs() + timeoutMs;
    const arm = (): void => {
      const leftMs = untilMs - options.clock.monotonicMs();
      if (leftMs <= 0) ended.resolve(null);
      else cancel = options.clock.after(Math.min(leftMs, ARM_MS_MAX), arm);
    };
    arm();
    const turn = await ended.promise;
    if (turn === null) return null;
    // Of what happened elsewhere only the journal knows.
    return turn.events.length === 0 ? { facts: turn.facts } : { facts: turn.facts, turn };
  } finally {
    cancel();
    unwatch();
    signal?.removeEventListener("abort", onAbort);
  }
}
