/** What the ports of one open store share. */
import type { Logger } from "#ports/logger.ts";
import type { Sessions } from "./connection.ts";
import type { WaveArea } from "./wave.ts";

export interface StoreParts {
  readonly sessions: Sessions;
  /** Of this opening. */
  readonly epoch: number;
  /** What writes with a commit. */
  readonly areas: readonly WaveArea[];
  /** The host that owns what it creates: `epoch`; null: runs have no owners. */
  readonly owner: number | null;
  nowMs(): number;
  /** Where damage is reported that a caller only sees as "not there". */
  readonly logger: Pick<Logger, "error"> | null;
}
