/**
 * What a host lets go of once it is back after its lease had run out: the runs that others have taken, or
 * ended, meanwhile.
 *
 *   1. Those in memory go before anything begins again: nothing of them may be done here.
 *   2. The others are only counted here. They are looked at afterwards, however many they are.
 */
import type { EngineCore } from "../embedded/engine-core.ts";
import { idOfRunKey } from "../embedded/host-services.ts";
import { runElsewhere } from "../embedded/run-errors.ts";
import { engineContext, isOthers, isTerminal } from "../embedded/run-facts.ts";

/** Reads at once, which the store answers together. */
const AT_ONCE = 32;

/** Rejects while the store is away: then it is to be done again. */
export async function dropOthers(core: EngineCore): Promise<void> {
  const { store } = core.options;
  for (const host of core.loaded) {
    const head = await store.journal.head(engineContext(host.tenant), host.runId);
    if (head === null) continue;
    if (isTerminal(head.status)) {
      // Of this host's own end its commit tells.
      if (head.epoch !== host.epoch) host.end();
    } else if (isOthers(store, head)) host.end({ kind: "failed", error: runElsewhere(head) });
  }
}

/** Counts what is open here anew. Never rejects: a count that could not be made stays as it was. */
export async function countOpenAnew(core: EngineCore): Promise<void> {
  const { store, logger } = core.options;
  const { open } = core.quotas;
  const isLost = async (runKey: string, tenant: string): Promise<boolean> => {
    const head = await store.journal.head(engineContext(tenant), idOfRunKey(runKey));
    return head !== null && (isTerminal(head.status) || isOthers(store, head));
  };
  const resting = open.runs.filter(([runKey]) => core.host(runKey) === undefined);
  try {
    for (let from = 0; from < resting.length; from += AT_ONCE)
      await Promise.all(
        resting.slice(from, from + AT_ONCE).map(async ([runKey, tenant]) => {
          // It may have come back meanwhile.
          if ((await isLost(runKey, tenant)) && core.host(runKey) === undefined) open.lost(runKey);
        }),
      );
  } catch (error) {
    logger.warn({ error: String(error) }, "open runs could not be counted anew");
  }
}
