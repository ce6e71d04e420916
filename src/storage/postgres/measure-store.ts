/**
 * How large the store is. PostgreSQL keeps the files of what was deleted and fills them again, and
 * does not say how much of them is free; so what is in use is estimated: rows, as the server counts
 * them, times what a row takes on average. Good to a tenth or so, and it shrinks at once when rows go,
 * which is what a limit on the store's size needs.
 */
import type { StoreSize } from "#ports/upkeep.ts";
import type { Sessions } from "./connection.ts";
import { MEASURE_RELATIONS } from "./sql/measure-relations.ts";
import { SAMPLE_VALUES } from "./sql/sample-values.ts";

/** Header, line pointer, and the columns that are never large. */
const ROW_BYTES = 120;
/** Of one index, with the room its pages leave. */
const INDEX_ROW_BYTES = 50;
const SAMPLE_AGAIN_MS = 60_000;
/** What is read of each table for its average. */
const SAMPLE_BYTES = 4 * 1_048_576;

interface Relation {
  readonly table: string;
  readonly rows: number;
  readonly fileBytes: number;
  readonly indexes: number;
  readonly leastBytes: number;
}

interface Sample {
  readonly table: string;
  readonly bytes: number | null;
}

const MEASURING = "measuring the store";

export class StoreMeasure {
  readonly #sessions: Sessions;
  #values: ReadonlyMap<string, number> = new Map();
  #sampledAtMs: number | null = null;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async size(): Promise<StoreSize> {
    const relations = await this.#sessions.all<Relation>(MEASURING, MEASURE_RELATIONS);
    const largest = Math.max(1, ...relations.map(({ fileBytes }) => fileBytes));
    await this.#sample(Math.min(100, (100 * SAMPLE_BYTES) / largest));
    let usedBytes = 0;
    let fileBytes = 0;
    for (const relation of relations) {
      usedBytes += this.#usedBytes(relation);
      fileBytes += relation.fileBytes;
    }
    return { usedBytes, fileBytes };
  }

  #usedBytes({ table, rows, fileBytes, indexes, leastBytes }: Relation): number {
    const rowBytes = ROW_BYTES + (this.#values.get(table) ?? 0) + indexes * INDEX_ROW_BYTES;
    return Math.round(Math.min(fileBytes, Math.max(leastBytes, rows * rowBytes)));
  }

  async #sample(percent: number): Promise<void> {
    const nowMs = performance.now();
    if (this.#sampledAtMs !== null && nowMs - this.#sampledAtMs < SAMPLE_AGAIN_MS) return;
    const samples = await this.#sessions.all<Sample>(MEASURING, SAMPLE_VALUES, percent);
    // A table whose pages were all passed over keeps the average that it had.
    const found = samples.flatMap(({ table, bytes }) =>
      bytes === null ? [] : [[table, bytes] as const],
    );
    this.#values = new Map([...this.#values, ...found]);
    this.#sampledAtMs = nowMs;
  }
}
