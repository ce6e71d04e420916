/** What two openings of one database do at once, beside the commits' own tests; and what is forgotten. */
import { hash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { SharedUse } from "#ports/state-store.ts";
import type { Store } from "#ports/store.ts";
import { Sessions } from "#storage/postgres/connection.ts";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { MemoUses } from "#storage/postgres/memo-uses.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { StoreTidying } from "#storage/postgres/store-tidying.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { type PostgresStoreFixture, postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

/** Another host on the same database, which owns the runs that it makes. */
async function another({ database }: PostgresStoreFixture): Promise<Store & AsyncDisposable> {
  const clock = { nowMs: () => Date.UTC(2026, 0, 1) };
  const store = await openPostgresStore({ url: database.url, claim: "none", clock, poolMax: 3 });
  return { ...store, [Symbol.asyncDispose]: () => store.close() };
}

function memo(key: string, rest: Partial<MemoWrite> = {}): MemoWrite {
  return {
    ...{ key, scope: "tenant", label: null, uses: "u", workflow: "report", path: "p" },
    ...{ output: { text: "1" }, createdAtMs: 1, expiresAtMs: null, ...rest },
  };
}

const times = (count: number) => Array.from({ length: count }, (_, at) => at);

describe.skipIf(postgres === null)("two hosts on one database", () => {
  if (postgres === null) return;

  test("versions of a workflow that both save at once have no gap and no double", async () => {
    await using fixture = await postgres.openStore();
    await using other = await another(fixture);
    const saved = await Promise.all(
      times(30).map((at) => {
        const { catalogue } = at % 2 === 0 ? fixture.store : other;
        return catalogue.save(ALICE, { name: "w", hash: `h${at}`, definition: "{}", atMs: at });
      }),
    );
    const versions = saved.map(({ version }) => version).sort((a, b) => a - b);
    expect(versions).toEqual(times(30).map((at) => at + 1));
    expect(await other.catalogue.versions(ALICE, "w")).toHaveLength(30);
  });

  test("of changes that have seen the same revision exactly one is made", async () => {
    await using fixture = await postgres.openStore();
    await using other = await another(fixture);
    const key = { scope: "tenant", workflow: "", name: "n" } as const;
    const stale: (readonly string[])[] = [];
    for (let round = 0; round < 10; round++) {
      const revision = (await other.state.find(ALICE, key))?.revision ?? 0;
      const change = { revision: revision + 1, value: String(round) };
      const shared: SharedUse[] = [{ ...key, revision, change, path: "p", atMs: 1 }];
      const answers = await Promise.all(
        [fixture.store, other].map(({ journal, epoch }, host) =>
          journal.commit(`c${round}-${host}`, [
            creation({ runId: `r${round}-${host}`, epoch, rest: { shared } }),
          ]),
        ),
      );
      stale.push(answers.flatMap((answer) => answer.stale ?? []));
    }
    expect(stale.map((names) => names.length)).toEqual(times(10).map(() => 1));
    expect((await other.state.find(ALICE, key))?.revision).toBe(10);
    expect((await fixture.store.state.totals()).tenant).toEqual({ names: 1, bytes: 1 });
  });

  test("groups that name the same values in other orders never wait in a ring", async () => {
    await using fixture = await postgres.openStore();
    await using other = await another(fixture);
    const look = (name: string): SharedUse => ({
      ...{ scope: "tenant", workflow: "", name, revision: 0, path: "p", atMs: 1 },
      change: { revision: 0, value: null },
    });
    const names = times(20).map((at) => `n${at}`);
    const began = performance.now();
    await Promise.all(
      [fixture.store, other].map(async ({ journal, epoch }, host) => {
        const order = host === 0 ? names : names.toReversed();
        for (let round = 0; round < 10; round++) {
          const turns = order.map((name) =>
            creation({
              ...{ runId: `r${round}-${host}-${name}`, epoch, rest: { shared: [look(name)] } },
            }),
          );
          expect(await journal.commit(`c${round}-${host}`, turns)).toEqual({ fenced: [] });
        }
      }),
    );
    // The server looks for a deadlock after a second.
    const deadlocks = await fixture.database.query(
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    );
    expect(Number(deadlocks[0]?.["deadlocks"])).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(0);
  });

  test("U3 a blob that a commit under way refers to is passed over, and stays", async () => {
    await using fixture = await postgres.openStore();
    const { blobs, upkeep } = fixture.store;
    const bytes = randomBytes(200);
    const name = hash("sha256", bytes);
    await blobs.put(ALICE, name, bytes);
    const sessions = new Sessions(databaseAddress(fixture.database.url), 1);
    const sweep = () => upkeep?.sweepBlobs(Date.UTC(2027, 0, 1), 10);
    let swept: Promise<unknown> = Promise.resolve();
    await sessions.transaction("referring", async (ask) => {
      await ask("SELECT 1 FROM blobs FOR KEY SHARE");
      await ask("INSERT INTO blob_refs (run, hash, tenant) VALUES (1, $1, $2)", name, "alice");
      let isOver = false;
      swept = Promise.resolve(sweep()).finally(() => {
        isOver = true;
      });
      // It is over, or it waits for this transaction: only then may that one end.
      const waits = async () =>
        (await fixture.database.query("SELECT 1 FROM pg_locks WHERE NOT granted")).length > 0;
      while (!isOver && !(await waits()));
    });
    await sessions.close();
    expect(await swept).toMatchObject({ swept: 0 });
    expect(await sweep()).toMatchObject({ swept: 0 });
    expect(await blobs.get(ALICE, name)).not.toBeNull();
  });

  test("the bound of memos holds for what both remember together", async () => {
    const memoLimits = { entriesMax: 10, bytesMax: 1_000_000 };
    await using fixture = await postgres.openStore({ memoLimits });
    await using other = await another(fixture);
    await Promise.all(
      [fixture.store, other].flatMap(({ journal, epoch }, host) =>
        times(20).map((at) => {
          const memos = [memo(`k${host}-${at}`)];
          const runId = `r${host}-${at}`;
          return journal.commit(`c${host}-${at}`, [creation({ runId, epoch, rest: { memos } })]);
        }),
      ),
    );
    const { journal, epoch, memos } = fixture.store;
    await journal.commit("last", [
      creation({ runId: "last", epoch, rest: { memos: [memo("last")] } }),
    ]);
    expect((await memos.list(ALICE, { limit: 100 }, 0)).items).toHaveLength(10);
    const totals = await fixture.database.query(
      "SELECT sum(entries)::int AS entries, sum(bytes)::int AS bytes FROM memo_totals",
    );
    const rows = await fixture.database.query(
      "SELECT count(*)::int AS entries, sum(size)::int AS bytes FROM memos",
    );
    expect(totals).toEqual(rows);
  });
});

describe.skipIf(postgres === null)("what is over is forgotten", () => {
  if (postgres === null) return;

  test("messages, keys, starts, breakers and memos, and nothing that counts", async () => {
    await using fixture = await postgres.openStore();
    const { journal, epoch } = fixture.store;
    const breaker = { hasFailed: true, isProbe: false, failureThreshold: 9, resetAfterMs: 1 };
    const atMs = Date.UTC(2026, 0, 1);
    const untilMs = (kept: boolean) => atMs + (kept ? 30 : 1) * 86_400_000;
    await journal.commit("c1", [
      creation({
        ...{ runId: "a", epoch },
        rest: {
          ...{ startKey: { key: "k", bodyHash: "h" }, status: "succeeded", endedAtMs: 5 },
          consumes: ["m1"],
          memos: [
            ...[memo("kept"), memo("of-run", { scope: "run" })],
            memo("expired", { expiresAtMs: untilMs(false) }),
          ],
          admission: {
            starts: [false, true].map((kept) => ({ name: "l", atMs, perMs: untilMs(kept) - atMs })),
            outcomes: [false, true].map((kept) => ({
              ...{ ...breaker, name: String(kept), atMs, untilMs: untilMs(kept) },
            })),
          },
        },
      }),
    ]);
    const counted = async () =>
      (
        await fixture.database.query(
          `SELECT (SELECT count(*)::int FROM messages) AS messages,
            (SELECT count(*)::int FROM start_keys) AS keys,
            (SELECT count(*)::int FROM rate_starts) AS starts,
            (SELECT count(*)::int FROM circuit_breakers) AS breakers,
            (SELECT count(*)::int FROM memos) AS memos`,
        )
      )[0];
    const tidy = async (nowMs: number) => {
      const sessions = new Sessions(databaseAddress(fixture.database.url), 1);
      const parts = { sessions, epoch, areas: [], owner: null, nowMs: () => nowMs, logger: null };
      const limits = { entriesMax: 10, bytesMax: 1_000_000 };
      const tidying = new StoreTidying(parts, limits, new MemoUses());
      await tidying.round();
      await tidying.close();
      await sessions.close();
    };
    await tidy(atMs);
    expect(await counted()).toEqual({ messages: 1, keys: 1, starts: 2, breakers: 2, memos: 2 });
    await tidy(atMs + 8 * 86_400_000);
    expect(await counted()).toEqual({ messages: 0, keys: 0, starts: 1, breakers: 1, memos: 1 });
    await journal.commit("c2", [turn({ runId: "a", epoch, seqs: [3, 3] })]);
  });

  test("what cannot be forgotten is told, and tried again with the next round", async () => {
    await using fixture = await postgres.openStore();
    const sessions = new Sessions(databaseAddress(fixture.database.url), 1);
    const told: string[] = [];
    const logger = {
      error: (fields: Readonly<Record<string, unknown>>, message: string) =>
        void told.push(`${message}: ${fields["error"]}`),
    };
    const parts = { sessions, epoch: 1, areas: [], owner: null, nowMs: () => 0, logger };
    const tidying = new StoreTidying(
      ...([parts, { entriesMax: 10, bytesMax: 1_000 }, new MemoUses()] as const),
    );
    await fixture.database.query("ALTER TABLE messages RENAME TO hidden");
    await tidying.round();
    expect(told).toEqual([expect.stringMatching(/^what is over cannot be forgotten: .*messages/)]);
    await fixture.database.query("ALTER TABLE hidden RENAME TO messages");
    await tidying.round();
    expect(told.length).toBe(1);
    await tidying.close();
    await sessions.close();
  });
});
