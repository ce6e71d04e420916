/**
 * One statement on PostgreSQL, over a pool for each connection. A cursor (a portal of the extended
 * protocol) reads rows in parts; that protocol takes one statement and never parameters in its text.
 *
 * G1. A client whose statement was aborted is cancelled on the server, then thrown away: a cancel
 *     that comes late could hit the next user's statement.
 * G2. A client goes back to the pool only after DISCARD ALL; one that cannot is thrown away.
 */
import type { Client, ClientConfig, Pool, PoolClient, QueryResult } from "pg";
import type Cursor from "pg-cursor";
import { NodeError } from "#errors/step-error.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import { postgresTypes } from "./postgres-types.ts";
import type { Query, QueryAnswer } from "./query.ts";
import { overLimit, type PassedLimit, RowLimits } from "./row-limits.ts";

const CONNECT_MS_MAX = 10_000;
const IDLE_MS = 10_000;
const ROWS_PER_READ = 100;
const CANCEL_MS_MAX = 5_000;

type PostgresConnection = LentConnection<"postgres">;

export async function queryPostgres(
  connection: PostgresConnection,
  query: Query,
  signal: AbortSignal,
): Promise<QueryAnswer> {
  if (!Array.isArray(query.parameters))
    throw new NodeError(
      "config_invalid",
      "parameters: must be a list for PostgreSQL, whose statements name them $1, $2.",
      { details: { field: "parameters" } },
    );
  const { pool } = await poolOf(connection);
  const client = await connected(pool, connection, signal);
  const cancel = new Cancelling(client, connection, signal);
  let isClean = false;
  try {
    const answer = await answerOf(client, query);
    await cancel.settled();
    await client.query("DISCARD ALL");
    isClean = !signal.aborted;
    return answer;
  } catch (error) {
    isClean = !signal.aborted && (await isReset(client));
    throw signal.aborted ? signal.reason : queryError(connection.name, error);
  } finally {
    await cancel.settled();
    client.release(!isClean);
  }
}

async function poolOf(connection: PostgresConnection): Promise<{ readonly pool: Pool }> {
  return await connection.shared(
    async () => {
      const { default: pg } = await import("pg");
      const pool = new pg.Pool({
        ...clientConfig(connection),
        max: connection.settings.poolMax,
        idleTimeoutMillis: IDLE_MS,
        allowExitOnIdle: true,
      });
      // An idle client that loses its server is dropped by the pool; nobody else needs to know.
      pool.on("error", () => {});
      return { pool };
    },
    async (made) => {
      // It must not reject: one that could not be made was told to who asked, and is not there to end.
      await made.then(({ pool }) => pool.end()).catch(() => {});
    },
  );
}

function clientConfig({ settings }: PostgresConnection): ClientConfig {
  const { host, port, database, user, password, tls } = settings;
  return {
    ...{ host, port, database, user, ...(password === undefined ? {} : { password }) },
    ssl: tls === "off" ? false : { rejectUnauthorized: tls === "verify" },
    connectionTimeoutMillis: CONNECT_MS_MAX,
    application_name: "lockstitch",
    options: "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601",
  };
}

/** A client of the pool; one that comes after the abort goes back at once. */
function connected(
  pool: Pool,
  connection: PostgresConnection,
  signal: AbortSignal,
): Promise<PoolClient> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    pool.connect().then(
      (client) => {
        signal.removeEventListener("abort", onAbort);
        if (signal.aborted) client.release();
        else resolve(client);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", onAbort);
        reject(queryError(connection.name, error) as Error);
      },
    );
  });
}

/** Watches the signal while a client works, and stops its statement on the server. */
class Cancelling {
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  #cancelled: Promise<void> | null = null;

  constructor(client: PoolClient, connection: PostgresConnection, signal: AbortSignal) {
    this.#signal = signal;
    this.#onAbort = () => {
      const { processID } = client as unknown as { readonly processID: number };
      this.#cancelled = cancelOnServer(connection, processID)
        // No way to the server: then the socket at least is closed, and the server will notice.
        .catch(() => {
          (client as unknown as { readonly connection: Closable }).connection.stream.destroy();
        });
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Resolves when no cancel is under way any more; none begins afterwards. */
  async settled(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    await this.#cancelled;
  }
}

interface Closable {
  readonly stream: { destroy(): void };
}

async function cancelOnServer(connection: PostgresConnection, processId: number): Promise<void> {
  const { default: pg } = await import("pg");
  const client: Client = new pg.Client({
    ...clientConfig(connection),
    connectionTimeoutMillis: CANCEL_MS_MAX,
    query_timeout: CANCEL_MS_MAX,
  });
  // An error event without a listener ends the process; what fails rejects connect() or query().
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT pg_cancel_backend($1)", [processId]);
  } finally {
    // Its only work is done, or has failed with an error of its own that must not be hidden.
    await client.end().catch(() => {});
  }
}

async function answerOf(client: PoolClient, query: Query): Promise<QueryAnswer> {
  if (!query.isReadOnly) return await readRows(client, query);
  await client.query("BEGIN READ ONLY");
  const answer = await readRows(client, query);
  await client.query("COMMIT");
  return answer;
}

async function readRows(client: PoolClient, query: Query): Promise<QueryAnswer> {
  const cursor = await newCursor(client, query);
  const limits = new RowLimits(query);
  const rows: Record<string, unknown>[] = [];
  const perRead = Math.min(ROWS_PER_READ, query.rowsMax + 1);
  for (;;) {
    const { read, result } = await nextRows(cursor, perRead);
    const columns = (result?.fields ?? []).map(({ name }) => name);
    const passed = addRows(rows, read, limits);
    if (passed !== null) {
      await cursor.close();
      if (!query.isCutting) throw overLimit(passed, query);
      return { rows, columns, rowCount: rows.length, isCut: true };
    }
    if (read.length < perRead) {
      const changed = columns.length > 0 ? rows.length : (result?.rowCount ?? 0);
      return { rows, columns, rowCount: changed, isCut: false };
    }
  }
}

function addRows(
  rows: Record<string, unknown>[],
  read: readonly Record<string, unknown>[],
  limits: RowLimits,
): PassedLimit {
  for (const row of read) {
    const passed = limits.add(row);
    if (passed !== null) return passed;
    rows.push(row);
  }
  return null;
}

async function newCursor(client: PoolClient, { sql, parameters }: Query): Promise<Cursor> {
  const [{ default: CursorClass }, types] = await Promise.all([
    import("pg-cursor"),
    postgresTypes(),
  ]);
  const cursor = new CursorClass<Record<string, unknown>>(sql, [...(parameters as unknown[])], {
    types,
  });
  // COPY asks the client for data or sends some; a cursor knows neither, and must not end the process.
  const copying = {
    handleCopyInResponse: (line: { sendCopyFail(reason: string): void }) =>
      line.sendCopyFail("COPY FROM STDIN is not possible here"),
    handleCopyData: () => {},
  };
  return client.query(Object.assign(cursor, copying));
}

interface Rows {
  readonly read: readonly Record<string, unknown>[];
  readonly result: QueryResult | undefined;
}

function nextRows(cursor: Cursor<Record<string, unknown>>, count: number): Promise<Rows> {
  return new Promise((resolve, reject) => {
    cursor.read(count, (error, read, result) => {
      if (error) reject(error);
      else resolve({ read, result });
    });
  });
}

/** After a failed statement: whether the client is as good as new. */
async function isReset(client: PoolClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK");
    await client.query("DISCARD ALL");
    return true;
  } catch {
    // It is thrown away then; the statement's own error is what the step fails with.
    return false;
  }
}

/** Classes and codes of SQLSTATE after which the same statement may succeed. */
const TRANSIENT = /^(40|53|55P03|57P0[123]|57014|08)/;

function queryError(name: string, error: unknown): unknown {
  if (error instanceof NodeError || !(error instanceof Error)) return error;
  const {
    code = "",
    position,
    constraint,
    table,
    column,
  } = error as Error &
    Readonly<Record<"code" | "position" | "constraint" | "table" | "column", string | undefined>>;
  const isFromServer = /^[0-9A-Z]{5}$/.test(code) && "severity" in error;
  if (!isFromServer)
    return new NodeError("connection_failed", `connection ${name}: ${error.message || code}.`, {
      retryable: true,
      details: { connection: name, reason: code === "" ? error.name : code },
      cause: error,
    });
  const at = position === undefined ? "" : ` (at character ${position})`;
  return new NodeError("sql_failed", `connection ${name}: ${error.message}${at}.`, {
    retryable: TRANSIENT.test(code),
    details: {
      ...{ connection: name, sqlState: code },
      ...(constraint === undefined ? {} : { constraint }),
      ...(table === undefined ? {} : { table }),
      ...(column === undefined ? {} : { column }),
    },
    cause: error,
  });
}
