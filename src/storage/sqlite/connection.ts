/**
 * One connection to the store's file: opened with the settings that its promises need, read back,
 * and a cache of prepared statements.
 *
 *   1. A writing connection runs in WAL mode with synchronous=FULL, or opening fails: a commit that
 *      returned has been fsynced.
 *   2. A reading connection cannot write.
 *   3. Each SQL text is prepared once per connection.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { LockstitchError } from "#errors/errors.ts";
import { toStoreError } from "./sqlite-error.ts";

/** "LsSt": a database file that carries another id is not ours. */
export const APPLICATION_ID = 0x4c735374;

/**
 * Only a foreign program (a backup, somebody's shell) can hold the write lock: wait a moment, then
 * say store_unavailable rather than hold up everything behind this commit.
 */
const BUSY_TIMEOUT_MS = 1_000;
const SYNCHRONOUS_FULL = 2;

export class Connection {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, access: "write" | "read" | "copy", busyTimeoutMs = BUSY_TIMEOUT_MS) {
    try {
      this.database = new DatabaseSync(path, {
        readOnly: access === "read",
        timeout: busyTimeoutMs,
        enableForeignKeyConstraints: true,
      });
    } catch (error) {
      throw toStoreError(error, `opening ${path}`);
    }
    try {
      if (access === "write") configureWriter(this);
      // A file that nobody else has: nothing may stay beside it.
      if (access === "copy") this.database.exec("PRAGMA journal_mode = DELETE");
    } catch (error) {
      this.close();
      throw toStoreError(error, `opening ${path}`);
    }
  }

  /** Rows as the statement names its columns; `Row` is what the SQL text promises. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as unknown as Row[];
  }

  allNamed<Row>(sql: string, values: Record<string, SQLInputValue>): Row[] {
    return this.#statement(sql).all(values) as unknown as Row[];
  }

  /** Rows one by one, for a caller that may have enough; use it in a `for` loop, which ends it. */
  each<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values) as unknown as Iterable<Row>;
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as unknown as Row | undefined;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  /** The rowid of the row that `sql` inserted. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  /** As run(); answers how many rows it changed. */
  change(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** All that `work` reads is of one moment. Not inside another transaction. */
  snapshot<Result>(work: () => Result): Result {
    this.run("BEGIN");
    try {
      return work();
    } finally {
      this.run("COMMIT");
    }
  }

  /** The one value of a PRAGMA. */
  pragma(name: string): string | number {
    const row = this.database.prepare(`PRAGMA ${name}`).get();
    const value = row === undefined ? undefined : Object.values(row)[0];
    return typeof value === "number" || typeof value === "string" ? value : "";
  }

  close(): void {
    if (this.database.isOpen) this.database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      // Some list statements share one set of names and use a part of it.
      statement.setAllowUnknownNamedParameters(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function configureWriter(connection: Connection): void {
  const { database } = connection;
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  // Checkpoints are the writer's own decision (idle time, or a large WAL), never a commit's latency.
  database.exec("PRAGMA wal_autocheckpoint = 0");
  database.exec("PRAGMA journal_size_limit = 67108864");
  const journalMode = connection.pragma("journal_mode");
  const synchronous = connection.pragma("synchronous");
  if (journalMode !== "wal" || synchronous !== SYNCHRONOUS_FULL) {
    throw new LockstitchError(
      "store_unavailable",
      `the store needs journal_mode=wal and synchronous=full, this file system gives ${journalMode} and ${synchronous}: move the data directory to a local disk`,
    );
  }
}
