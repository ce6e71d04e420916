/**
 * Slots of runs in commits (SharedSlots L5). The gates of a group are locked first, as settling locks them;
 * turns that take a slot which their host does not have are left out as stale before the append, and
 * behind it the runs of the accepted ones hold theirs, taken from the host's share.
 */
import type { TurnCommit } from "#ports/journal.ts";
import { refuseSlot } from "../storable-turn.ts";
import { ints, texts } from "./columns.ts";
import { lockOfGates } from "./shared-names.ts";
import { LEAVE_OUT_SLOTLESS } from "./sql/leave-out-slotless.ts";
import { WRITE_RUN_SLOTS } from "./sql/write-run-slots.ts";
import type { Wave, WaveArea } from "./wave.ts";

/** `owner`: the host that commits; null: there are none, and nobody to share slots with. */
export function slotArea(owner: number | null): WaveArea {
  return {
    begin(turns) {
      const gates = new Set<string>();
      for (const turn of turns) {
        if (turn.slot === undefined) continue;
        if (owner === null) refuseSlot(turn);
        if (turn.slot.gate !== null) gates.add(turn.slot.gate);
      }
      return gates.size === 0 ? [] : [lockOfGates(gates)];
    },

    before(wave) {
      const values = slotColumns(wave, ({ slot }) => slot !== undefined && slot.gate !== null);
      if (values === null) return [];
      return [{ sql: LEAVE_OUT_SLOTLESS, values: [...values, owner], leavesOut: "stale" }];
    },

    after(wave) {
      const values = slotColumns(wave, ({ slot }) => slot !== undefined);
      return values === null ? [] : [{ sql: WRITE_RUN_SLOTS, values: [...values, owner] }];
    },
  };
}

/** null: no turn of the wave is meant. */
function slotColumns(
  { turns }: Wave,
  isMeant: (turn: TurnCommit) => boolean,
): readonly Buffer[] | null {
  const meant = turns.filter(({ turn }) => isMeant(turn));
  if (meant.length === 0) return null;
  return [
    ints(meant.map(({ position }) => position)),
    texts(meant.map(({ turn }) => turn.tenant)),
    texts(meant.map(({ turn }) => turn.runId)),
    texts(meant.map(({ turn }) => turn.slot?.runId ?? "")),
    texts(meant.map(({ turn }) => turn.slot?.gate ?? null)),
  ];
}
