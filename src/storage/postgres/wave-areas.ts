/** The areas that write with a commit, in the order in which their statements go out (see wave.ts, 4). */
import { blobArea } from "./blob-area.ts";
import { logArea } from "./log-area.ts";
import { memoArea } from "./memo-area.ts";
import type { MemoLimits } from "./memo-limits.ts";
import type { MemoUses } from "./memo-uses.ts";
import { sharedArea } from "./shared-area.ts";
import type { WaveArea } from "./wave.ts";

/** What areas know of the store that they write to. */
export interface AreaParts {
  readonly memoLimits: MemoLimits;
  readonly memoUses: MemoUses;
}

export function waveAreas({ memoLimits, memoUses }: AreaParts): readonly WaveArea[] {
  return [sharedArea, blobArea, logArea, memoArea(memoLimits, memoUses)];
}
