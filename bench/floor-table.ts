/** The least that a durable step can cost here: a record appended to node:sqlite in WAL mode with synchronous=FULL. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Bytes of one record: what a row of the journal takes in A and B (the bench prints it). */
export const RECORD_BYTES = 200;
/** Records of one batched commit. */
export const BATCH = 100;

export interface FloorTable {
  /** Appends so many records in one durable commit. */
  append(records: number): void;
  /** Copies the WAL, so that the next commits overwrite it: that takes half as long as making it longer. */
  tidy(): void;
}

export function openFloorTable(folder: string, file: string): FloorTable {
  const database = new DatabaseSync(join(folder, file));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("PRAGMA wal_autocheckpoint = 0");
  database.exec("CREATE TABLE records (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
  const insert = database.prepare("INSERT INTO records (body) VALUES (?)");
  const record = Buffer.alloc(RECORD_BYTES, 0x61);
  return {
    append(records) {
      if (records === 1) {
        insert.run(record);
        return;
      }
      database.exec("BEGIN IMMEDIATE");
      for (let index = 0; index < records; index += 1) insert.run(record);
      database.exec("COMMIT");
    },
    tidy: () => database.exec("PRAGMA wal_checkpoint(PASSIVE)"),
  };
}
