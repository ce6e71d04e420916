/**
 * `sql.query` runs one statement on a connection of the operator's: PostgreSQL or SQLite.
 *
 * Q1. Values go in as parameters only: `sql` cannot hold an expression, and a statement is one.
 * Q2. Rows are read a few at a time; beyond `rowsMax` or the size of an output it fails, or is cut.
 * Q3. A timeout or abort cancels the statement in the database itself, not only the wait for it.
 * Q4. Nothing of a session is left to the next user of the connection: no transaction, no setting.
 */
import { z } from "zod";
import { ConnectionName } from "../connections/connection-schema.ts";
import { CONNECTION_ERRORS, withConnection } from "../connections/connections.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import { defineNode, type NodeContext } from "../define-node.ts";
import { TimeoutMs, withinTime } from "../within-time.ts";
import { queryPostgres } from "./postgres-query.ts";
import type { Query, QueryAnswer } from "./query.ts";
import { querySqlite } from "./sqlite-query.ts";

/** Characters of JSON of all rows; the rest of an output has room beside them. */
const ROWS_SIZE_MAX = 9 * 1024 * 1024;

const Config = z.strictObject({
  connection: ConnectionName,
  sql: z
    .string()
    .min(1)
    .max(200_000)
    .describe("One statement; values stand in it as $1 (PostgreSQL), ? or :name (SQLite)")
    .meta({ constant: true }),
  parameters: z
    .union([z.array(z.unknown()).max(10_000), z.record(z.string(), z.unknown())])
    .default([])
    .describe("Values in order; with SQLite also by name. Objects go in as JSON"),
  readOnly: z.boolean().default(false).describe("The database refuses whatever would write"),
  rowsMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("Rows to give at most; default and upper bound: the connection's"),
  overflow: z
    .enum(["fail", "cut"])
    .default("fail")
    .describe("What happens beyond rowsMax or the size of an output"),
  timeoutMs: TimeoutMs.describe(
    "Time for the statement; default and upper bound: the connection's",
  ),
});

type Config = z.output<typeof Config>;

export const sqlQuery = defineNode({
  type: "sql.query",
  title: "SQL query",
  description:
    "Runs one SQL statement with parameters on a PostgreSQL or SQLite connection and gives its rows.",
  category: "io",
  icon: "database",
  pure: false,
  config: Config,
  output: z.strictObject({
    rows: z.array(z.record(z.string(), z.unknown())).describe("Rows by column name"),
    columns: z.array(z.string()).describe("Column names in order"),
    rowCount: z.int().describe("Rows given, or changed by a statement without rows"),
    isCut: z.boolean().describe("Whether there were more (overflow: cut)"),
  }),
  errors: [...CONNECTION_ERRORS, "sql_failed", "timeout"],
  examples: [
    {
      title: "Read rows",
      with: {
        connection: "orders",
        sql: "SELECT id, total FROM orders WHERE total > ?",
        parameters: [5],
        readOnly: true,
      },
      output: { rows: [{ id: 7, total: 9 }], columns: ["id", "total"], rowCount: 1, isCut: false },
    },
    {
      title: "Write what may be written again",
      with: {
        connection: "orders",
        sql: "INSERT INTO orders (id, total) VALUES (:id, :total) ON CONFLICT DO NOTHING",
        parameters: { id: 8, total: 3 },
      },
      output: { rows: [], columns: [], rowCount: 1, isCut: false },
    },
    {
      title: "A connection that nobody has set up",
      with: { connection: "nowhere", sql: "SELECT 1" },
      error: "connection_unknown",
    },
  ],
  run: (config, context) =>
    withConnection(context, config.connection, ["postgres", "sqlite"], (connection) =>
      runQuery(config, context, connection),
    ),
});

async function runQuery(
  config: Config,
  context: NodeContext,
  connection: LentConnection<"postgres" | "sqlite">,
): Promise<QueryAnswer> {
  const { settings } = connection;
  const timeoutMs = Math.min(config.timeoutMs ?? settings.timeoutMs, settings.timeoutMs);
  const query: Query = {
    sql: config.sql,
    parameters: config.parameters,
    isReadOnly: config.readOnly || settings.readOnly,
    rowsMax: Math.min(config.rowsMax ?? settings.rowsMax, settings.rowsMax),
    sizeMax: ROWS_SIZE_MAX,
    isCutting: config.overflow === "cut",
  };
  return await withinTime("The statement", timeoutMs, context.signal, (signal) =>
    settings.kind === "postgres"
      ? queryPostgres(connection as LentConnection<"postgres">, query, signal)
      : querySqlite(connection as LentConnection<"sqlite">, query, signal),
  );
}
