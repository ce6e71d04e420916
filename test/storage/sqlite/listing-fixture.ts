/** A store's ports right over one writer whose bounds a test chooses, and over its file as it lies. */
import { join } from "node:path";
import { Connection } from "#storage/sqlite/connection.ts";
import { GroupWriter } from "#storage/sqlite/group-writer.ts";
import { migrate } from "#storage/sqlite/migrate.ts";
import { MIGRATIONS } from "#storage/sqlite/migrations/all.ts";
import { READER_QUERIES } from "#storage/sqlite/reader-queries.ts";
import { SqliteJournal } from "#storage/sqlite/sqlite-journal.ts";
import { SqliteUpkeep } from "#storage/sqlite/sqlite-upkeep.ts";
import { STORE_FILE } from "#storage/sqlite/store-file.ts";
import type { StoreParts } from "#storage/sqlite/store-parts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

export interface ListingStore extends AsyncDisposable {
  readonly path: string;
  /** Another one after reopen(). */
  readonly writer: GroupWriter;
  readonly connection: Connection;
  readonly journal: SqliteJournal;
  readonly upkeep: SqliteUpkeep;
  /** What one query says as numbers, in order. */
  numbers(sql: string): readonly number[];
  reopen(): void;
}

/** The store's epoch stays 0. */
export async function openListingStore(freshRunsMax?: number): Promise<ListingStore> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, STORE_FILE);
  const connection = new Connection(path, "write");
  migrate(connection, MIGRATIONS, 0);
  let writer = new GroupWriter(path, 0, { freshRunsMax });
  const parts: StoreParts = {
    writer: { call: async (kind, input) => writer.handle(kind, input), close: async () => {} },
    reader: {
      call: async (kind, input) => READER_QUERIES[kind](connection, input),
      close: async () => {},
    },
    ...{ epoch: 0, nowMs: () => 1, logger: null },
    read: (_doing, query) => query(connection),
  };
  return {
    path,
    connection,
    get writer() {
      return writer;
    },
    journal: new SqliteJournal(parts),
    upkeep: new SqliteUpkeep(parts, path),
    numbers: (sql) =>
      connection.all<Record<string, number>>(sql).flatMap((row) => Object.values(row)),
    reopen() {
      writer.close();
      writer = new GroupWriter(path, 0, { freshRunsMax });
    },
    async [Symbol.asyncDispose]() {
      writer.close();
      connection.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
