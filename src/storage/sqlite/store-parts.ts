/** What the three ports of one open store share. */
import type { Logger } from "#ports/logger.ts";
import type { Connection } from "./connection.ts";
import type { Reader } from "./reader-calls.ts";
import type { Writer } from "./writer-calls.ts";

export interface StoreParts {
  readonly writer: Writer;
  /** For reads of any length: they never hold up the calling thread. */
  readonly reader: Reader;
  /** A point read in the calling thread, some microseconds; failures come out as LockstitchError. */
  read<Result>(doing: string, query: (reader: Connection) => Result): Result;
  readonly epoch: number;
  nowMs(): number;
  /** Where damage is reported that a caller only sees as "not there". */
  readonly logger: Pick<Logger, "error"> | null;
}
