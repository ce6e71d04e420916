/** What was open when the engine started, in the order in which it is loaded again. */
import type { Journal, RunHead } from "#ports/journal.ts";
import type { Logger } from "#ports/logger.ts";
import { READER } from "./options.ts";

export type OpenRun = Pick<RunHead, "tenant" | "runId" | "status">;

const RUNS_PER_READ = 500;
/** What runs by itself comes before what waits for time, people or a slot. */
const LOADED_AS: Readonly<Record<RunHead["status"], number>> = {
  ...{ running: 0, queued: 1, waiting: 2, paused: 3 },
  ...{ succeeded: 4, failed: 4, cancelled: 4 },
};

/**
 * Every open run that this reader may load, the oldest first among equals; `came` is told of the
 * others too. Throws what the store throws.
 */
export async function findOpenRuns(
  journal: Journal,
  logger: Logger,
  came: (run: RunHead) => void,
): Promise<OpenRun[]> {
  const found: OpenRun[] = [];
  let after: RunHead | null = null;
  for (;;) {
    const heads: readonly RunHead[] = await journal.openRuns(after, RUNS_PER_READ);
    for (const head of heads) {
      after = head;
      came(head);
      const { tenant, runId, status } = head;
      if (readable(head, logger)) found.push({ tenant, runId, status });
    }
    if (heads.length < RUNS_PER_READ) break;
  }
  return inLoadingOrder(found);
}

export function inLoadingOrder<Run extends OpenRun>(runs: readonly Run[]): Run[] {
  return runs.toSorted((a, b) => LOADED_AS[a.status] - LOADED_AS[b.status]);
}

/** Whether this reader may load it. */
export function readable({ runId, minReader }: RunHead, logger: Logger): boolean {
  if (minReader <= READER) return true;
  logger.warn({ run: runId, minReader }, "the run needs a newer reader");
  return false;
}
