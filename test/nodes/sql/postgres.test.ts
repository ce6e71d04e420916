/** sql.query on a real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import type { ConnectionBook } from "#nodes/connections/connections.ts";
import { sqlQuery } from "#nodes/sql/sql-query.ts";
import { programOrSkip, type RealServer, startPostgres } from "../../support/real-server.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";

const program = programOrSkip("postgres");

describe.skipIf(program === null)("sql.query on PostgreSQL", () => {
  let server: RealServer;
  let book: ConnectionBook;

  beforeAll(async () => {
    server = await startPostgres(program ?? "");
    const base = { kind: "postgres", host: "127.0.0.1", port: server.port, user: "tester" };
    const password = { secret: "DB_PASSWORD" };
    book = connectionBook(
      {
        db: { ...base, database: "postgres", password, poolMax: 4, rowsMax: 500 },
        one: { ...base, database: "postgres", password, poolMax: 1 },
        reader: { ...base, database: "postgres", password, readOnly: true },
        wrong: { ...base, database: "postgres", password: { secret: "WRONG_PASSWORD" } },
        shop: { kind: "http", baseUrl: "https://shop.example" },
      },
      changingSecrets({ DB_PASSWORD: server.password, WRONG_PASSWORD: "quite-wrong-password" }),
    );
    await query("CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL)");
  });

  afterAll(async () => {
    await book.close();
    await server[Symbol.asyncDispose]();
  });

  function query(
    sql: string,
    parameters: readonly unknown[] = [],
    more: Record<string, unknown> = {},
    signal: AbortSignal = new AbortController().signal,
  ) {
    return runAttempt(
      sqlQuery,
      { connection: "db", sql, parameters, ...more },
      nodeContext({ connections: book, signal }),
    );
  }

  async function running(text: string): Promise<number> {
    const result = await query(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE $1 AND state = 'active' AND pid <> pg_backend_pid()",
      [`%${text}%`],
    );
    if (!result.ok) throw new Error(result.error.message);
    return (result.output as { rows: { n: number }[] }).rows[0]?.n ?? -1;
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 500; tries += 1) if (await condition()) return;
    throw new Error("it never came true");
  }

  it("gives values as JSON without loss", async () => {
    const sql = `SELECT 1::int AS i, 9007199254740993::bigint AS big, 5::bigint AS small, 1.10::numeric AS n,
      1.5::float8 AS f, 'NaN'::float8 AS nan, true AS b, NULL AS nothing, 'é€' AS t,
      '{"a":[1]}'::jsonb AS j, '\\x00ff'::bytea AS bytes, DATE '2026-02-03' AS d,
      TIMESTAMPTZ '2026-02-03 04:05:06.123456+02' AS at, TIMESTAMP '2026-02-03 04:05:06' AS naive,
      ARRAY[1,2]::bigint[] AS list, ARRAY['a','b,c'] AS texts, INTERVAL '1 day 2 hours' AS span`;
    expect(await query(sql)).toMatchObject({
      ok: true,
      output: {
        rowCount: 1,
        isCut: false,
        rows: [
          {
            ...{ i: 1, big: "9007199254740993", small: 5, n: "1.10", f: 1.5, nan: "NaN", b: true },
            ...{ nothing: null, t: "é€", j: { a: [1] }, bytes: "AP8=", d: "2026-02-03" },
            ...{ at: "2026-02-03T02:05:06.123456Z", naive: "2026-02-03T04:05:06" },
            ...{ list: [1, 2], texts: ["a", "b,c"], span: "P1DT2H" },
          },
        ],
      },
    });
  });

  it("takes values as parameters only, whatever they hold", async () => {
    const evil = "x'); DROP TABLE people; --";
    await query("INSERT INTO people VALUES ($1, $2)", [1, evil]);
    expect(await query("SELECT name FROM people WHERE name = $1", [evil])).toMatchObject({
      output: { rows: [{ name: evil }], columns: ["name"] },
    });
    expect(await query("SELECT $1::jsonb -> 'a' AS a", [{ a: [1, null] }])).toMatchObject({
      output: { rows: [{ a: [1, null] }] },
    });
    expect(await query("UPDATE people SET name = 'y' WHERE id = $1", [1])).toMatchObject({
      output: { rows: [], columns: [], rowCount: 1 },
    });
    expect(await query("INSERT INTO people VALUES (2, 'z') RETURNING id, name")).toMatchObject({
      output: { rows: [{ id: 2, name: "z" }], rowCount: 1 },
    });
  });

  it.each([
    ["two statements", "SELECT 1; SELECT 2", "42601"],
    ["a mistake", "SELEC 1", "42601"],
    ["a table that is not there", "SELECT * FROM nowhere", "42P01"],
    ["a constraint", "INSERT INTO people SELECT 900, 'a' UNION ALL SELECT 900, 'b'", "23505"],
    ["data for COPY, which nobody sends", "COPY people FROM STDIN", "57014"],
    ["a missing parameter", "SELECT $1::int", "08P01"],
  ])("fails with the database's own words: %s", async (_, sql, sqlState) => {
    const result = await query(sql);
    expect(result).toMatchObject({ error: { code: "sql_failed", details: { sqlState } } });
    expect(await query("SELECT 1 AS ok")).toMatchObject({ output: { rows: [{ ok: 1 }] } });
  });

  it("does not fall over what COPY sends", async () => {
    await query("COPY (SELECT 1) TO STDOUT");
    expect(await query("SELECT 1 AS ok")).toMatchObject({ output: { rows: [{ ok: 1 }] } });
  });

  it("stops at its limits, without reading the rest", async () => {
    // In the list of results it gives row after row; in FROM it would be made as a whole first.
    const million = "SELECT generate_series(1, 100000000) AS n";
    expect(await query(million, [], { rowsMax: 250 })).toMatchObject({
      error: { code: "limit_exceeded", details: { limit: "rows", max: 250 } },
    });
    expect(await query(million, [], { rowsMax: 9_999 })).toMatchObject({
      error: { details: { max: 500 } },
    });
    const cut = await query(million, [], { rowsMax: 250, overflow: "cut" });
    expect(cut).toMatchObject({ output: { rowCount: 250, isCut: true } });
    expect(cut.ok && (cut.output as { rows: unknown[] }).rows.at(-1)).toEqual({ n: 250 });
    expect(
      await query("SELECT repeat('x', 5000000) AS t FROM generate_series(1, 3)"),
    ).toMatchObject({ error: { code: "limit_exceeded", details: { limit: "rowsSize" } } });
    expect(await query("SELECT n FROM generate_series(1, 500) AS n")).toMatchObject({
      output: { rowCount: 500, isCut: false },
    });
  });

  it("refuses to write when it is told to read, by the step or by the connection", async () => {
    const insert = "INSERT INTO people VALUES (70, 'x')";
    const error = { code: "sql_failed", details: { sqlState: "25006" } };
    expect(await query(insert, [], { readOnly: true })).toMatchObject({ error });
    expect(await query(insert, [], { connection: "reader" })).toMatchObject({ error });
    expect(await query(insert, [], { connection: "reader", readOnly: false })).toMatchObject({
      error,
    });
    expect(await query("SELECT 1 AS one", [], { connection: "reader" })).toMatchObject({
      ok: true,
    });
    expect(await query("SELECT * FROM people WHERE id = 70")).toMatchObject({
      output: { rowCount: 0 },
    });
  });

  it("leaves nothing of a session to the next one", async () => {
    const one = { connection: "one" };
    await query("SET search_path TO nowhere", [], one);
    await query("BEGIN", [], one);
    await query("CREATE TEMP TABLE left_over (a int)", [], one);
    expect(await query("SELECT current_setting('search_path') AS path", [], one)).toMatchObject({
      output: { rows: [{ path: '"$user", public' }] },
    });
    expect(await query("SELECT * FROM left_over", [], one)).toMatchObject({
      error: { details: { sqlState: "42P01" } },
    });
    expect(await query("SELECT pg_current_xact_id_if_assigned() AS id", [], one)).toMatchObject({
      output: { rows: [{ id: null }] },
    });
  });

  it("cancels the statement in the database at an abort", async () => {
    const controller = new AbortController();
    const during = query("SELECT pg_sleep(600) AS abort_me", [], {}, controller.signal);
    await until(async () => (await running("abort_me")) === 1);
    controller.abort();
    expect(await during).toMatchObject({ error: { code: "aborted" } });
    await until(async () => (await running("abort_me")) === 0);
  });

  it("cancels the statement at its timeout, and gives the connection free", async () => {
    const one = { connection: "one", timeoutMs: 100 };
    expect(await query("SELECT pg_sleep(600) AS too_slow", [], one)).toMatchObject({
      error: { code: "timeout", retryable: true },
    });
    await until(async () => (await running("too_slow")) === 0);
    expect(await query("SELECT 1 AS ok", [], { connection: "one" })).toMatchObject({ ok: true });
  });

  it("does not wait for a turn once it is aborted", async () => {
    const holding = new AbortController();
    const waiting = new AbortController();
    const one = { connection: "one" };
    const first = query("SELECT pg_sleep(600) AS holds", [], one, holding.signal);
    await until(async () => (await running("holds")) === 1);
    const second = query("SELECT 1", [], one, waiting.signal);
    waiting.abort();
    expect(await second).toMatchObject({ error: { code: "aborted" } });
    holding.abort();
    expect(await first).toMatchObject({ error: { code: "aborted" } });
    expect(await query("SELECT 1 AS ok", [], one)).toMatchObject({ ok: true });
  });

  it("says that a deadlock may pass", async () => {
    await query("INSERT INTO people VALUES (101, 'a'), (102, 'b')");
    // Each has its first row, and sees that the other has its own, before it asks for the second.
    const swap = (first: number, second: number) =>
      query(
        `DO $$ BEGIN UPDATE people SET name = 'q' WHERE id = ${first};
         PERFORM pg_advisory_xact_lock(${first});
         WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${second})
         LOOP END LOOP;
         UPDATE people SET name = 'q' WHERE id = ${second}; END $$`,
      );
    const results = await Promise.all([swap(101, 102), swap(102, 101)]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.find(({ ok }) => !ok)).toMatchObject({
      error: { code: "sql_failed", retryable: true, details: { sqlState: "40P01" } },
    });
  });

  it("never shows the password", async () => {
    const results = [
      await query("SELECT 1", [], { connection: "wrong" }),
      await query("SELECT $1::text AS echo", [server.password]),
      await query("SELECT $1::text::int", [server.password]),
    ];
    const text = JSON.stringify(results);
    expect(text).not.toContain(server.password);
    expect(text).not.toContain("quite-wrong-password");
    expect(results[0]).toMatchObject({
      error: { details: { sqlState: "28P01" }, retryable: false },
    });
    expect(results[1]).toMatchObject({ output: { rows: [{ echo: "[secret DB_PASSWORD]" }] } });
  });

  it("fails clearly for a connection that is not there, or of another kind", async () => {
    expect(await query("SELECT 1", [], { connection: "nope" })).toMatchObject({
      error: {
        code: "connection_unknown",
        retryable: false,
        message: expect.stringContaining(
          'no connection "nope"; of kind postgres or sqlite there are: db',
        ),
      },
    });
    expect(await query("SELECT 1", [], { connection: "shop" })).toMatchObject({
      error: { code: "connection_unknown", message: expect.stringContaining("is of kind http") },
    });
    expect(await query("SELECT 1", [], { parameters: { a: 1 } })).toMatchObject({
      error: { code: "config_invalid" },
    });
  });

  it("works for many at once over a small pool", async () => {
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, n) => query("SELECT $1::int AS n", [n])),
    );
    expect(results.map((result) => result.ok && result.output)).toMatchObject(
      Array.from({ length: 60 }, (_, n) => ({ rows: [{ n }] })),
    );
  });

  it("says that the server is gone, and works again when it is there", async () => {
    await using other = await startPostgres(program ?? "");
    await using gone = connectionBook(
      {
        db: {
          ...{ kind: "postgres", host: "127.0.0.1", port: other.port, user: "tester" },
          ...{ database: "postgres", password: { secret: "P" } },
        },
      },
      changingSecrets({ P: other.password }),
    );
    const ask = () =>
      runAttempt(
        sqlQuery,
        { connection: "db", sql: "SELECT 1" },
        nodeContext({ connections: gone }),
      );
    expect(await ask()).toMatchObject({ ok: true });
    await other.stop();
    expect(await ask()).toMatchObject({ error: { retryable: true } });
    expect(await ask()).toMatchObject({ error: { code: "connection_failed", retryable: true } });
  });
});
