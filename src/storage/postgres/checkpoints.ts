/** Checkpoints that come with a wave's turns, checksummed; older ones go. */
import { checkpointChecksum } from "../checkpoint-checksum.ts";
import { bigints, booleans, byteas, ints } from "./columns.ts";
import { DROP_OLD_CHECKPOINTS } from "./sql/drop-old-checkpoints.ts";
import { SAVE_CHECKPOINTS } from "./sql/save-checkpoints.ts";
import type { WaveArea } from "./wave.ts";

export const CHECKPOINTS: WaveArea = {
  after({ turns }) {
    const saved = turns.flatMap(({ position, turn: { checkpoint } }) =>
      checkpoint === null
        ? []
        : [{ position, ...checkpoint, bytes: Buffer.from(checkpoint.state) }],
    );
    if (saved.length === 0) return [];
    const positions = ints(saved.map(({ position }) => position));
    const values = [
      positions,
      bigints(saved.map(({ seq }) => seq)),
      ints(saved.map(({ stateVersion }) => stateVersion)),
      booleans(saved.map(({ isPinned = false }) => isPinned)),
      byteas(saved.map(({ stateVersion, bytes }) => checkpointChecksum(stateVersion, bytes))),
      byteas(saved.map(({ bytes }) => bytes)),
    ];
    return [
      { sql: SAVE_CHECKPOINTS, values },
      { sql: DROP_OLD_CHECKPOINTS, values: [positions] },
    ];
  },
};
