/** The areas that write with a commit, in the order in which their statements go out (see wave.ts, 4). */

import type { MemoLimits } from "../memo-limits.ts";
import { ADMISSION } from "./admission.ts";
import { blobArea } from "./blob-area.ts";
import { CHECKPOINTS } from "./checkpoints.ts";
import { LABELS } from "./labels.ts";
import { logArea } from "./log-area.ts";
import { memoArea } from "./memo-area.ts";
import type { MemoUses } from "./memo-uses.ts";
import { MESSAGES } from "./messages.ts";
import { sharedArea } from "./shared-area.ts";
import { slotArea } from "./slot-area.ts";
import { START_KEYS } from "./start-keys.ts";
import { START_PLACES } from "./start-places.ts";
import { USAGE } from "./usage-area.ts";
import type { WaveArea } from "./wave.ts";

/** What areas know of the store that they write to. */
export interface AreaParts {
  readonly memoLimits: MemoLimits;
  readonly memoUses: MemoUses;
  /** The host that commits; null: runs have no owners. */
  readonly owner: number | null;
}

export function waveAreas({ memoLimits, memoUses, owner }: AreaParts): readonly WaveArea[] {
  return [
    ...[START_PLACES, START_KEYS, sharedArea, LABELS, MESSAGES, CHECKPOINTS, ADMISSION, USAGE],
    ...[slotArea(owner), blobArea, logArea, memoArea(memoLimits, memoUses)],
  ];
}
