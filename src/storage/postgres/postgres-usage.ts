/** The Usage port: sums of what all openings have committed. */
import { type MinuteUsage, minuteOf, type StoredUsage, type Usage } from "#ports/usage.ts";
import { MEASURE_STORED } from "./sql/measure-stored.ts";
import { READ_STORED } from "./sql/read-stored.ts";
import { READ_USAGE } from "./sql/read-usage.ts";
import type { StoreParts } from "./store-parts.ts";

const READING = "reading what quotas count";

export class PostgresUsage implements Usage {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  read(fromMs: number): Promise<readonly MinuteUsage[]> {
    const { sessions, epoch } = this.#parts;
    return sessions.all<MinuteUsage>(READING, READ_USAGE, minuteOf(fromMs), epoch);
  }

  stored(): Promise<readonly StoredUsage[]> {
    return this.#parts.sessions.all<StoredUsage>(READING, READ_STORED);
  }

  async measure(): Promise<void> {
    const { sessions, epoch } = this.#parts;
    await sessions.change("measuring what is stored", MEASURE_STORED, epoch);
  }
}
