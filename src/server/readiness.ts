/**
 * What /readyz asks of the parts that every server stands on. A part answers `ok`, or says in a few
 * words why requests should go elsewhere for now.
 */
import type { Engine } from "#engine/engine.ts";
import type { Store } from "#ports/store.ts";
import type { ReadinessPart } from "./routes/engine.ts";

/** A store that cannot tell what it is cannot keep anything either. */
export function storageReadiness(store: Pick<Store, "describe">): ReadinessPart {
  return {
    name: "storage",
    async check() {
      await store.describe();
      return "ok";
    },
  };
}

/** `isClosing`: whether the process has been told to stop; a closing engine refuses starts. */
export function engineReadiness(
  engine: Pick<Engine, "stats">,
  isClosing: () => boolean,
): ReadinessPart {
  return {
    name: "engine",
    async check() {
      if (isClosing()) return "closing: no new work is taken";
      const { recovering, continuedRuns, storeAway, upkeep, hosts } = engine.stats();
      if (upkeep?.isHeld) return "held: a restored copy, paused until `lockstitch release`";
      if (upkeep?.isDiskLow) return "the disk is nearly full: new runs are refused";
      if (hosts?.isSuspended)
        return "the lease of this host has run out: nothing begins until the database takes a renewal";
      // Once nothing waits for it, nobody tries any more: then the next request finds out.
      if (typeof storeAway === "string") return `nothing is kept: ${storeAway}`;
      return recovering ? `recovering: ${continuedRuns} run(s) are still being loaded` : "ok";
    },
  };
}
