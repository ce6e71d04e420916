/** J5 on PostgreSQL: connections cut before and behind COMMIT, and what arrives later than asked. */
import { describe, expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { startProxy } from "../../support/tcp-proxy.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

describe.skipIf(postgres === null)("answers of the database that are lost", () => {
  if (postgres === null) return;

  async function openThroughProxy() {
    const database = await postgres?.database();
    if (database === undefined) throw new Error("no PostgreSQL");
    const proxy = await startProxy(postgres?.server.port ?? 0);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const store = await openPostgresStore({ url: url.toString(), claim: "all", poolMax: 2 });
    const { journal, epoch } = store;
    await journal.commit("c0", [creation({ runId: "a", epoch }), creation({ runId: "b", epoch })]);
    return {
      ...{ proxy, store, journal, epoch, database },
      async [Symbol.asyncDispose]() {
        await store.close();
        await proxy[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  const admission = { starts: [{ name: "r", atMs: 5, perMs: 1_000 }], outcomes: [] };
  const sends = [{ id: "m", tenant: ALICE.tenant, toRunId: "b", kind: "k", body: "{}" }];
  /** One statement alone, and a transaction of several. */
  const groups: readonly (readonly [string, (epoch: number) => readonly TurnCommit[]])[] = [
    ["a plain group", (epoch) => [turn({ runId: "a", epoch, seqs: [3, 4] })]],
    [
      "a transaction",
      (epoch) => [
        turn({ runId: "a", epoch, seqs: [3, 4], rest: { sends, admission } }),
        creation({ runId: "c", epoch }),
      ],
    ],
  ];

  test.each(groups)("%s that the server never had is not committed", async (_, group) => {
    await using open = await openThroughProxy();
    const { proxy, journal, epoch } = open;
    const cut = proxy.cut("c-lost", "before");
    await expect(journal.commit("c-lost", group(epoch))).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await cut;
    expect(await journal.committed("c-lost")).toBe(false);
    expect(await journal.commit("c-again", group(epoch))).toEqual({ fenced: [] });
    expect(await journal.committed("c-again")).toBe(true);
    expect(await journal.turns(ALICE, "a", 2, 10)).toHaveLength(1);
  });

  test.each(groups)("%s whose answer was lost is committed", async (_, group) => {
    await using open = await openThroughProxy();
    const { proxy, journal, epoch } = open;
    const cut = proxy.cut("c-lost", "behind");
    await expect(journal.commit("c-lost", group(epoch))).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await cut;
    expect(await journal.committed("c-lost")).toBe(true);
    expect((await journal.head(ALICE, "a"))?.seq).toBe(4);
    // Whoever does not ask is fenced by what is there.
    expect((await journal.commit("c-again", group(epoch))).fenced).toContain("alice/a");
    expect(await journal.committed("c-lost")).toBe(true);
  });

  test.each(groups)("%s that arrives after it was asked for never commits", async (_, group) => {
    await using open = await openThroughProxy();
    const { proxy, journal, epoch } = open;
    const cut = proxy.cut("c-late", "late");
    await expect(journal.commit("c-late", group(epoch))).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await cut;
    expect(await journal.committed("c-late")).toBe(false);
    expect(await proxy.deliver()).toContain("commit_mark");
    expect((await journal.head(ALICE, "a"))?.seq).toBe(2);
    expect(await journal.commit("c-again", group(epoch))).toEqual({ fenced: [] });
    expect(await journal.committed("c-late")).toBe(false);
    expect((await journal.head(ALICE, "a"))?.seq).toBe(4);
  });

  test("nobody has to ask: the next commit settles what is in doubt", async () => {
    await using open = await openThroughProxy();
    const { proxy, journal, epoch } = open;
    const cut = proxy.cut("c-late", "late");
    const first = journal.commit("c-late", [turn({ runId: "a", epoch, seqs: [3, 3] })]);
    const second = journal.commit("c-next", [turn({ runId: "b", epoch, seqs: [3, 3] })]);
    await expect(first).rejects.toMatchObject({ code: "store_unavailable" });
    await cut;
    expect(await second).toEqual({ fenced: [] });
    expect(await proxy.deliver()).toContain("commit_mark");
    expect((await journal.head(ALICE, "a"))?.seq).toBe(2);
    expect((await journal.head(ALICE, "b"))?.seq).toBe(3);
  });

  test("while the server cannot be asked, doubt stays doubt", async () => {
    await using open = await openThroughProxy();
    const { proxy, journal, epoch } = open;
    const group = [turn({ runId: "a", epoch, seqs: [3, 3] })];
    const cut = proxy.cut("c-lost", "behind");
    await expect(journal.commit("c-lost", group)).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await cut;
    const unasked = proxy.cut("commit_marks", "before");
    await expect(journal.committed("c-lost")).rejects.toMatchObject({ code: "store_unavailable" });
    await unasked;
    expect(await journal.committed("c-lost")).toBe(true);
  });
});
