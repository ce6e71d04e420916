/** Entry point of the thread that writes a copy row by row: a store file of this release, see store-copies.ts. */
import { rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { CopyRow, CopyTable } from "#ports/store-copy.ts";
import { finishCopy, refuseTaken } from "./backup-file.ts";
import { Connection } from "./connection.ts";
import type { CopyRequest } from "./copy-requests.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/all.ts";
import { COUNT_COPIED_RUNS } from "./sql/count-copied-runs.ts";
import { LIST_COPIED_RUNS } from "./sql/list-copied-runs.ts";
import { toStoreError } from "./sqlite-error.ts";

const port = parentPort;
if (port === null) throw new Error("copy-worker.ts runs as a worker thread only");
const to = workerData as string;
const draft = `${to}.part`;
let connection: Connection | null = null;

port.on("message", ({ id, request }: { readonly id: number; readonly request: CopyRequest }) => {
  try {
    port.postMessage({ id, output: handle(request) });
  } catch (error) {
    const { code, message, details } = toStoreError(error, "writing a copy");
    port.postMessage({ id, error: { code, message, details } });
  }
});

function handle(request: CopyRequest): unknown {
  switch (request.kind) {
    case "begin":
      return begin();
    case "add":
      return add(request.table, request.rows);
    case "finish": {
      const { database } = opened();
      database
        .prepare("UPDATE meta SET value = ?1 WHERE name = 'store_id'")
        .run(request.from.storeId);
      opened().run(COUNT_COPIED_RUNS);
      opened().run(LIST_COPIED_RUNS);
      database.exec("COMMIT");
      close();
      return finishCopy({ draft, to, nowMs: request.from.atMs });
    }
    case "discard":
      close();
      rmSync(draft, { force: true });
      return null;
  }
}

function begin(): null {
  refuseTaken(to);
  rmSync(draft, { force: true });
  connection = new Connection(draft, "copy");
  // Nothing of a draft has to survive anything: it is fsynced as a whole when it is done.
  connection.database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
  migrate(connection, MIGRATIONS, Date.now());
  connection.database.exec("PRAGMA foreign_keys = OFF; BEGIN");
  return null;
}

function add({ name, columns }: CopyTable, rows: readonly CopyRow[]): null {
  const names = Object.keys(columns).map((column) => `"${column}"`);
  const values = names.map(() => "?").join(", ");
  const sql = `INSERT INTO "${name}" (${names.join(", ")}) VALUES (${values})`;
  for (const row of rows) opened().run(sql, ...row);
  return null;
}

function opened(): Connection {
  if (connection === null) throw new TypeError("the copy has not begun, or has ended");
  return connection;
}

function close(): void {
  connection?.close();
  connection = null;
}
