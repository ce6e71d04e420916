/** What the store's statements rely on: plans that stay right, columns that arrive as sent, data that is refused. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bigints, booleans, byteas, ints, smallints, texts } from "#storage/postgres/columns.ts";
import { Sessions } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { APPEND_FIRST_WAVE } from "#storage/postgres/sql/append-first-wave.ts";
import { APPEND_NEW_RUN } from "#storage/postgres/sql/append-new-run.ts";
import { APPEND_NEXT_WAVE } from "#storage/postgres/sql/append-next-wave.ts";
import { APPEND_PLAIN_TURN } from "#storage/postgres/sql/append-plain-turn.ts";
import { APPEND_PLAIN_TURNS } from "#storage/postgres/sql/append-plain-turns.ts";
import { DROP_SLOT_SHARES } from "#storage/postgres/sql/drop-slot-shares.ts";
import { FIND_TURN } from "#storage/postgres/sql/find-turn.ts";
import { HOLD_RUN_SLOTS } from "#storage/postgres/sql/hold-run-slots.ts";
import { LEAVE_OUT_SLOTLESS } from "#storage/postgres/sql/leave-out-slotless.ts";
import { LIST_CHECKPOINTS_OF_RUNS } from "#storage/postgres/sql/list-checkpoints-of-runs.ts";
import { LIST_CONTENDED_GATES } from "#storage/postgres/sql/list-contended-gates.ts";
import { LIST_TURNS } from "#storage/postgres/sql/list-turns.ts";
import { LIST_TURNS_OF_RUNS } from "#storage/postgres/sql/list-turns-of-runs.ts";
import { LOCK_RUNS } from "#storage/postgres/sql/lock-runs.ts";
import { READ_HEAD } from "#storage/postgres/sql/read-head.ts";
import { READ_HEADS } from "#storage/postgres/sql/read-heads.ts";
import { READ_RUN_SLOTS } from "#storage/postgres/sql/read-run-slots.ts";
import { READ_SLOT_SHARES } from "#storage/postgres/sql/read-slot-shares.ts";
import { SETTLE_WRITER } from "#storage/postgres/sql/settle-writer.ts";
import { WAITING_MESSAGES_OF_OWNER } from "#storage/postgres/sql/waiting-messages-of-owner.ts";
import { WRITE_RUN_SLOTS } from "#storage/postgres/sql/write-run-slots.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

/** As the writer's session plans it, once for all values. */
async function planOf(sessions: Sessions, sql: string, count: number): Promise<string> {
  const plan = await sessions.transaction("planning", async (ask) => {
    await ask(SETTLE_WRITER);
    await ask(`PREPARE planned AS ${sql}`);
    const nothing = Array.from({ length: count }, () => "NULL").join(", ");
    const { rows } = await ask<Record<string, string>>(`EXPLAIN EXECUTE planned (${nothing})`);
    await ask("DEALLOCATE planned");
    return rows;
  });
  return plan.map((row) => row["QUERY PLAN"]).join("\n");
}

describe.skipIf(postgres === null)("statements on PostgreSQL", () => {
  if (postgres === null) return;

  test.each([
    ["append-plain-turns", APPEND_PLAIN_TURNS, 15],
    ["append-plain-turn", APPEND_PLAIN_TURN, 14],
    ["append-new-run", APPEND_NEW_RUN, 20],
    ["append-first-wave", APPEND_FIRST_WAVE, 23],
    ["append-next-wave", APPEND_NEXT_WAVE, 21],
    ["lock-runs", LOCK_RUNS, 2],
    ["read-head", READ_HEAD, 2],
    ["list-turns", LIST_TURNS, 4],
    ["find-turn", FIND_TURN, 3],
    ["read-heads", READ_HEADS, 3],
    ["list-turns-of-runs", LIST_TURNS_OF_RUNS, 5],
    ["list-checkpoints-of-runs", LIST_CHECKPOINTS_OF_RUNS, 3],
    ["waiting-messages-of-owner", WAITING_MESSAGES_OF_OWNER, 4],
  ])(
    "%s finds runs by their key, also when it was planned on an empty table",
    async (_, sql, count) => {
      await using database = await postgres.database();
      const sessions = new Sessions(databaseAddress(database.url), 1);
      const lines = await planOf(sessions, sql, count);
      await sessions.close();
      expect(lines).toMatch(/runs_by_id|runs_pkey/);
      expect(lines).not.toMatch(
        /Seq Scan|runs_by_(time|status|workflow|parent|owner)|Hash Join|Merge Join/,
      );
    },
  );

  test("slots are found by their keys, also by statements that were planned on empty tables", async () => {
    await using database = await postgres.database();
    const sessions = new Sessions(databaseAddress(database.url), 1);
    for (const [sql, count, ...indexes] of [
      [READ_SLOT_SHARES, 3, "slot_shares_pkey", "hosts_pkey"],
      [READ_RUN_SLOTS, 2, "run_slots_by_gate", "run_slots_pkey", "runs_by_id"],
      [HOLD_RUN_SLOTS, 3, "runs_by_id"],
      [LIST_CONTENDED_GATES, 1, "slot_shares_by_host", "slot_shares_pkey"],
      [LEAVE_OUT_SLOTLESS, 6, "run_slots_pkey", "slot_shares_pkey"],
      [WRITE_RUN_SLOTS, 6, "run_slots_pkey", "slot_shares_pkey"],
      [DROP_SLOT_SHARES, 2, "slot_shares_pkey"],
    ] as const) {
      const lines = await planOf(sessions, sql, count);
      for (const index of indexes) expect(lines).toContain(index);
      expect(lines).not.toMatch(/Seq Scan on (slot_shares|run_slots|runs|hosts|messages)/);
      if (sql !== LIST_CONTENDED_GATES) expect(lines).not.toContain("slot_shares_by_host");
      expect(lines).not.toMatch(/run_slots_pkey[^\n]*\n\s+Index Cond: \(tenant/);
    }
    await sessions.close();
  });

  test("columns arrive as they were sent", async () => {
    await using database = await postgres.database();
    const sessions = new Sessions(databaseAddress(database.url), 1);
    const text = fc.string({ unit: "binary" }).filter((value) => value.isWellFormed());
    const row = fc.record({
      bigint: fc.option(fc.maxSafeInteger()),
      int: fc.option(fc.integer()),
      smallint: fc.option(fc.integer({ min: -32_768, max: 32_767 })),
      boolean: fc.option(fc.boolean()),
      text: fc.option(text),
      bytea: fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
        const column = <Name extends keyof (typeof rows)[number]>(name: Name) =>
          rows.map((one) => one[name]);
        const found = await sessions.all(
          "reading columns",
          `SELECT * FROM unnest($1::bigint[], $2::int[], $3::smallint[], $4::boolean[], $5::text[], $6::bytea[])
           AS g ("bigint", "int", "smallint", "boolean", "text", "bytea")`,
          ...[bigints(column("bigint")), ints(column("int")), smallints(column("smallint"))],
          ...[booleans(column("boolean")), texts(column("text")), byteas(column("bytea"))],
        );
        expect(found).toEqual(rows);
      }),
      { numRuns: 60 },
    );
    await sessions.close();
  });

  test("data that the server can never keep refuses its group, and names its run when it is alone", async () => {
    await using fixture = await postgres.openStore();
    const { journal, epoch } = fixture.store;
    await journal.commit("c1", [creation({ runId: "a", epoch })]);
    const good = turn({ runId: "a", epoch, seqs: [3, 3] });
    // An entry of an index takes a third of a page, and this one cannot be compressed.
    const labels = { odd: randomBytes(20_000).toString("hex") };
    const poison = creation({ runId: "p", epoch, labels });
    await expect(journal.commit("c2", [good, poison])).rejects.toMatchObject({
      code: "journal_refused",
    });
    await expect(journal.commit("c3", [poison])).rejects.toMatchObject({
      code: "journal_refused",
      details: { runId: "p" },
    });
    expect(await journal.commit("c4", [good])).toEqual({ fenced: [] });
    expect(await journal.head(ALICE, "p")).toBeNull();
    expect((await journal.counts(ALICE)).running).toBe(1);
  });
});
