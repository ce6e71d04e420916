/**
 * The process in which SQLite statements run, one at a time: node:sqlite works on the thread that
 * calls it, and a long statement can only be stopped by ending its process (which SQLite survives;
 * an open transaction is rolled back by the next reader). Started by sqlite-query.ts.
 *
 * L1. The file that the operator named and no other: ATTACH, VACUUM INTO and extensions are refused.
 * L2. A statement leaves no transaction, no setting and no temporary table behind.
 */
import { constants, DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Query } from "./query.ts";
import { RowLimits } from "./row-limits.ts";

export interface SqliteRequest extends Query {
  readonly file: string;
}

export type SqliteAnswer =
  | {
      readonly kind: "done";
      readonly rows: Record<string, unknown>[];
      readonly columns: string[];
      readonly rowCount: number;
      readonly isCut: boolean;
    }
  | { readonly kind: "limit"; readonly limit: "rows" | "rowsSize" }
  | { readonly kind: "invalid"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string; readonly code: number | null };

const BUSY_MS_MAX = 5_000;

/** What may be asked about a database; other pragmas change it or the connection. */
const PRAGMAS: ReadonlySet<string> = new Set([
  "table_info",
  "table_xinfo",
  "table_list",
  "index_list",
  "index_info",
  "index_xinfo",
  "foreign_key_list",
  "foreign_key_check",
  "integrity_check",
  "quick_check",
  "database_list",
  "data_version",
  "page_count",
  "freelist_count",
]);

let open: { readonly file: string; readonly database: DatabaseSync } | null = null;

process.on("message", (request: SqliteRequest) => process.send?.(answerOf(request)));
// The host is gone: nobody waits for anything.
process.on("disconnect", () => process.exit(0));

function answerOf(request: SqliteRequest): SqliteAnswer {
  try {
    return run(databaseOf(request), request);
  } catch (error) {
    if (error instanceof Invalid) return { kind: "invalid", message: error.message };
    const { message, errcode } = error as Error & { readonly errcode?: number };
    return { kind: "failed", message, code: errcode ?? null };
  }
}

class Invalid extends Error {}

function databaseOf({ file, isReadOnly }: SqliteRequest): DatabaseSync {
  if (open?.file !== file) {
    open?.database.close();
    open = { file, database: new DatabaseSync(file, { timeout: BUSY_MS_MAX }) };
  }
  const { database } = open;
  database.setAuthorizer(null);
  database.exec(`PRAGMA query_only = ${isReadOnly ? 1 : 0}; PRAGMA foreign_keys = 1`);
  database.setAuthorizer((action, name, _, schema) => {
    if (action === constants.SQLITE_ATTACH || action === constants.SQLITE_DETACH)
      return constants.SQLITE_DENY;
    // It would stay in this connection, and stand before the file's own tables of that name.
    if (schema === "temp") return constants.SQLITE_DENY;
    if (action === constants.SQLITE_PRAGMA && !PRAGMAS.has(String(name).toLowerCase()))
      return constants.SQLITE_DENY;
    return constants.SQLITE_OK;
  });
  return database;
}

function run(database: DatabaseSync, request: SqliteRequest): SqliteAnswer {
  const { sql, parameters } = request;
  const statement = database.prepare(sql);
  refuseMore(sql, (statement as unknown as { readonly sourceSQL: string }).sourceSQL);
  statement.setReadBigInts(true);
  const values = Array.isArray(parameters) ? parameters.map(inputOf) : [];
  const named = Array.isArray(parameters)
    ? []
    : [
        Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [name, inputOf(value)]),
        ),
      ];
  const columns = statement.columns().map(({ name }) => name);
  try {
    if (columns.length === 0) {
      const { changes } = statement.run(...(named as [never]), ...values);
      return { kind: "done", rows: [], columns, rowCount: Number(changes), isCut: false };
    }
    const limits = new RowLimits(request);
    const rows: Record<string, unknown>[] = [];
    for (const found of statement.iterate(...(named as [never]), ...values)) {
      const row = rowOf(found as Record<string, unknown>);
      const passed = limits.add(row);
      if (passed !== null)
        return request.isCutting
          ? { kind: "done", rows, columns, rowCount: rows.length, isCut: true }
          : { kind: "limit", limit: passed };
      rows.push(row);
    }
    return { kind: "done", rows, columns, rowCount: rows.length, isCut: false };
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}

/** The library runs the first statement of a text and passes over the others. */
function refuseMore(sql: string, first: string): void {
  const rest = sql.slice(first.length).replace(/--[^\n]*|\/\*[\s\S]*?\*\/|[;\s]/g, "");
  if (rest !== "") throw new Invalid("sql: holds more than one statement; use a step for each.");
}

function inputOf(value: unknown): SQLInputValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return value;
  // An integer is bound as one, not as 1.0.
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  return JSON.stringify(value);
}

function rowOf(found: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
