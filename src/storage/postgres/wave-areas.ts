/** The areas that write with a commit, in the order in which their statements go out (see wave.ts, 4). */
import type { WaveArea } from "./wave.ts";

export const WAVE_AREAS: readonly WaveArea[] = [];
