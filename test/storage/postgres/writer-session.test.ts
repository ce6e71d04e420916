/** The writer's session and a server that takes its time. */
import { describe, expect, test } from "vitest";
import { WriterSession } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { isSessionLost } from "#storage/postgres/postgres-error.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

function sleep(seconds: number) {
  return [{ sql: "SELECT pg_sleep($1::float8) IS NULL AS woke", values: [seconds] }];
}

describe.skipIf(postgres === null)("a session that waits for answers", () => {
  if (postgres === null) return;

  async function openSession(answerMs: number) {
    const database = await postgres?.database();
    const address = databaseAddress(database?.url ?? "");
    const config = { ...address.config, query_timeout: answerMs };
    const prepared: number[] = [];
    const session = new WriterSession({ ...address, config }, async (ask) => {
      const { rows } = await ask<{ readonly pid: number }>("SELECT pg_backend_pid() AS pid");
      prepared.push(rows[0]?.pid ?? 0);
    });
    return {
      session,
      prepared,
      async [Symbol.asyncDispose]() {
        await session.close();
        await database?.[Symbol.asyncDispose]();
      },
    };
  }

  test("one that gets none in time is given up, and the next statement has another", async () => {
    await using opened = await openSession(300);
    const { session, prepared } = opened;
    const error = await session.run(sleep(9)).catch((thrown: unknown) => thrown);
    expect(isSessionLost(error)).toBe(true);
    expect(session.isOpen).toBe(false);
    expect(await session.run(sleep(0))).toMatchObject([{ count: 1 }]);
    expect(new Set(prepared).size).toBe(2);
    // And this one is watched as the first was.
    expect(isSessionLost(await session.run(sleep(9)).catch((thrown: unknown) => thrown))).toBe(
      true,
    );
  });

  test("several in one transaction are given up, too", async () => {
    await using opened = await openSession(300);
    const statements = [...sleep(0), ...sleep(9)];
    const error = await opened.session.run(statements).catch((thrown: unknown) => thrown);
    expect(isSessionLost(error)).toBe(true);
    expect(opened.session.isOpen).toBe(false);
  });

  test("answers in time, one after the other, are never too late together", async () => {
    await using opened = await openSession(600);
    for (let time = 0; time < 6; time++) await opened.session.run(sleep(0.2));
    expect(opened.prepared).toHaveLength(1);
  });
});
