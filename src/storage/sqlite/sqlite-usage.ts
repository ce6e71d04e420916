/** The Usage port: read in the reader's thread, measured there too, and written by the writer. */
import { type MinuteUsage, minuteOf, type StoredUsage, type Usage } from "#ports/usage.ts";
import type { StoreParts } from "./store-parts.ts";

export class SqliteUsage implements Usage {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async read(fromMs: number): Promise<readonly MinuteUsage[]> {
    const { reader, epoch } = this.#parts;
    return await reader.call("usage", { fromMs: minuteOf(fromMs), epoch });
  }

  async stored(): Promise<readonly StoredUsage[]> {
    return await this.#parts.reader.call("stored", { measuredBy: null });
  }

  async measure(): Promise<void> {
    const { reader, writer, epoch } = this.#parts;
    await writer.call("setStored", await reader.call("stored", { measuredBy: epoch }));
  }
}
