/** sql.query on real SQLite files. */
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { sqlQuery } from "#nodes/sql/sql-query.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { connectionBook, nodeContext } from "../node-context.ts";

async function database() {
  const directory = await temporaryDirectory();
  const file = `${directory.path}/shop.db`;
  const book = connectionBook({
    shop: { kind: "sqlite", file, rowsMax: 1000 },
    reader: { kind: "sqlite", file, readOnly: true },
  });
  const query = (
    sql: string,
    parameters: unknown = [],
    more: Record<string, unknown> = {},
    signal: AbortSignal = new AbortController().signal,
  ) =>
    runAttempt(
      sqlQuery,
      { connection: "shop", sql, parameters, ...more },
      nodeContext({ connections: book, signal }),
    );
  return {
    ...{ query, file, path: directory.path },
    async [Symbol.asyncDispose]() {
      await book.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const ENDLESS =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n";

it("writes and reads, by position and by name, with values as JSON", async () => {
  await using db = await database();
  await db.query("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB, price REAL)");
  const evil = "x'); DROP TABLE t; --";
  expect(await db.query("INSERT INTO t VALUES (?, ?, x'00ff', 1.5)", [1, evil])).toMatchObject({
    output: { rows: [], rowCount: 1, columns: [] },
  });
  expect(
    await db.query("INSERT INTO t (id, name) VALUES (:id, $name) RETURNING id", {
      id: 2,
      name: { a: [true] },
    }),
  ).toMatchObject({ output: { rows: [{ id: 2 }] } });
  expect(
    await db.query("SELECT *, 9007199254740993 AS big, ? AS yes FROM t ORDER BY id", [true]),
  ).toMatchObject({
    output: {
      columns: ["id", "name", "data", "price", "big", "yes"],
      rows: [
        { id: 1, name: evil, data: "AP8=", price: 1.5, big: "9007199254740993", yes: 1 },
        { id: 2, name: '{"a":[true]}', data: null, price: null },
      ],
    },
  });
});

it.each([
  ["a mistake", "SELEC 1", "sql_failed"],
  ["a table that is not there", "SELECT * FROM nowhere", "sql_failed"],
  ["two statements", "SELECT 1; DROP TABLE t", "config_invalid"],
  ["another file", "ATTACH DATABASE 'other.db' AS other", "sql_failed"],
  ["a copy elsewhere", "VACUUM INTO 'copy.db'", "sql_failed"],
  ["a setting", "PRAGMA journal_mode = DELETE", "sql_failed"],
  ["a setting that lets it write", "PRAGMA query_only = 0", "sql_failed"],
  ["a table that hides the file's own", "CREATE TEMP TABLE t AS SELECT 5 AS a", "sql_failed"],
  ["a view that hides it", "CREATE VIEW temp.t AS SELECT 5 AS a", "sql_failed"],
  [
    "a trigger that nobody else sees",
    "CREATE TEMP TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(IGNORE); END",
    "sql_failed",
  ],
  ["an extension", "SELECT load_extension('x')", "sql_failed"],
])("refuses %s, and goes on", async (_, sql, code) => {
  await using db = await database();
  await db.query("CREATE TABLE t (a)");
  expect(await db.query(sql)).toMatchObject({ error: { code, retryable: false } });
  expect(await db.query("SELECT count(*) AS n FROM t; -- a comment")).toMatchObject({
    output: { rows: [{ n: 0 }] },
  });
});

it("refuses to write when it is told to read", async () => {
  await using db = await database();
  await db.query("CREATE TABLE t (a)");
  for (const more of [{ readOnly: true }, { connection: "reader" }])
    expect(await db.query("INSERT INTO t VALUES (1)", [], more)).toMatchObject({
      error: { code: "sql_failed", message: expect.stringContaining("readonly") },
    });
  expect(await db.query("INSERT INTO t VALUES (1)")).toMatchObject({ ok: true });
  expect(await db.query("SELECT a FROM t", [], { connection: "reader" })).toMatchObject({
    output: { rows: [{ a: 1 }] },
  });
});

it("stops at its limits", async () => {
  await using db = await database();
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
  expect(await db.query(numbers)).toMatchObject({
    error: { code: "limit_exceeded", details: { limit: "rows", max: 1000 } },
  });
  expect(await db.query(numbers, [], { rowsMax: 7, overflow: "cut" })).toMatchObject({
    output: { rowCount: 7, isCut: true },
  });
  expect(
    await db.query("SELECT hex(zeroblob(3000000)) AS t UNION ALL SELECT hex(zeroblob(3000001))"),
  ).toMatchObject({ error: { details: { limit: "rowsSize" } } });
});

it("ends a statement that never ends, at its timeout and at an abort", async () => {
  await using db = await database();
  expect(await db.query(ENDLESS, [], { timeoutMs: 100 })).toMatchObject({
    error: { code: "timeout", retryable: true },
  });
  const controller = new AbortController();
  const during = db.query(ENDLESS, [], {}, controller.signal);
  controller.abort();
  expect(await during).toMatchObject({ error: { code: "aborted" } });
  expect(await db.query("SELECT 1 AS ok")).toMatchObject({ output: { rows: [{ ok: 1 }] } });
});

it("leaves no transaction open", async () => {
  await using db = await database();
  await db.query("CREATE TABLE t (a)");
  await db.query("BEGIN IMMEDIATE");
  const other = new DatabaseSync(db.file);
  other.exec("INSERT INTO t VALUES (5)");
  other.close();
  expect(await db.query("SELECT a FROM t")).toMatchObject({ output: { rows: [{ a: 5 }] } });
});

it("waits for a writer, then says that it may pass", async () => {
  await using db = await database();
  await db.query("CREATE TABLE t (a)");
  const other = new DatabaseSync(db.file);
  other.exec("BEGIN IMMEDIATE");
  expect(await db.query("INSERT INTO t VALUES (1)")).toMatchObject({
    error: { code: "sql_failed", retryable: true },
  });
  other.exec("ROLLBACK");
  other.close();
});

it("works for many at once over two processes", async () => {
  await using db = await database();
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, n) => db.query("SELECT ? AS n", [n])),
  );
  expect(results.map((result) => result.ok && result.output)).toMatchObject(
    Array.from({ length: 30 }, (_, n) => ({ rows: [{ n }] })),
  );
});
