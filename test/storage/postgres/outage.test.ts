/** A database that goes and comes back under load, and hosts that write the same runs. */
import { describe, expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import type { Journal, TurnCommit } from "#ports/journal.ts";
import { openPostgresStore } from "#storage/postgres/open-postgres-store.ts";
import { ALICE, creation, turn } from "../../contract/store-fixture.ts";
import { postgresForTests } from "./postgres-fixture.ts";

const postgres = postgresForTests();

function isPassing(error: unknown): boolean {
  return error instanceof LockstitchError && error.code === "store_unavailable";
}

/** As the engine does it: a group whose outcome is unknown is asked for before it is sent again. */
async function commitSurely(
  journal: Journal,
  id: string,
  turns: readonly TurnCommit[],
): Promise<number> {
  const again = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const deadlineMs = Date.now() + 30_000;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error) || Date.now() > deadlineMs) throw error;
      }
    }
  };
  for (let attempt = 0; ; attempt++) {
    const commitId = `${id}.${attempt}`;
    try {
      const { fenced } = await journal.commit(commitId, turns);
      if (fenced.length > 0) throw new Error(`fenced: ${fenced.join(", ")}`);
      return attempt;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (await again(() => journal.committed(commitId))) return attempt + 1;
    }
  }
}

describe.skipIf(postgres === null)("outages and several writers", () => {
  if (postgres === null) return;

  test("the server stops and starts under load: errors pass, nothing is lost or doubled", async () => {
    await using fixture = await postgres.openStore();
    const { journal, epoch } = fixture.store;
    const runs = Array.from({ length: 8 }, (_, index) => `r${index}`);
    await journal.commit(
      "c0",
      runs.map((runId) => creation({ runId, epoch })),
    );
    const halfway = Promise.withResolvers<void>();
    const rounds = 60;
    const load = (async () => {
      let repeats = 0;
      for (let round = 0; round < rounds; round++) {
        if (round === rounds / 2) halfway.resolve();
        const seq = round + 3;
        const turns = runs.map((runId) => turn({ runId, epoch, seqs: [seq, seq] }));
        repeats += await commitSurely(journal, `c${seq}`, turns);
      }
      return repeats;
    })();
    await halfway.promise;
    await postgres.server.stop();
    await expect(journal.head(ALICE, "r0")).rejects.toMatchObject({ code: "store_unavailable" });
    await postgres.server.start();
    expect(await load).toBeGreaterThan(0);
    for (const runId of runs) {
      const turns = await journal.turns(ALICE, runId, 0, 1_000);
      expect(turns.map(({ lastSeq }) => lastSeq)).toEqual(
        Array.from({ length: rounds + 1 }, (_, index) => index + 2),
      );
    }
  });

  test("while the server is away, what was not even sent is known not to be there", async () => {
    await using fixture = await postgres.openStore();
    const { journal, epoch } = fixture.store;
    await journal.commit("c1", [creation({ runId: "r", epoch })]);
    await postgres.server.stop();
    // The first may have been on its way when the session broke.
    await journal.commit("c2", [turn({ runId: "r", epoch, seqs: [3, 3] })]).catch(() => null);
    for (const id of ["c3", "c4"]) {
      const commit = journal.commit(id, [turn({ runId: "r", epoch, seqs: [3, 3] })]);
      await expect(commit).rejects.toMatchObject({ code: "store_unavailable" });
      expect(await journal.committed(id)).toBe(false);
    }
    await expect(journal.committed("c2")).rejects.toMatchObject({ code: "store_unavailable" });
    await postgres.server.start();
    expect(await journal.committed("c2")).toBe(false);
    await journal.commit("c5", [turn({ runId: "r", epoch, seqs: [3, 3] })]);
    expect(await journal.committed("c5")).toBe(true);
    expect((await journal.head(ALICE, "r"))?.seq).toBe(3);
  });

  test("a host that lost one of its runs goes on with the others", async () => {
    await using fixture = await postgres.openStore();
    const { store: first, database } = fixture;
    const options = { url: database.url, claim: "none", poolMax: 2 } as const;
    const second = await openPostgresStore(options);
    const [mine, taken] = ["mine", "taken"].map((runId) =>
      creation({ runId, epoch: first.epoch }),
    ) as [TurnCommit, TurnCommit];
    await first.journal.commit("c1", [mine, taken]);
    await database.query(
      `UPDATE runs SET owner_epoch = ${second.epoch} WHERE run_id = 'taken' AND tenant = 'alice'`,
    );
    const next = (runId: string, epoch: number, seq: number) =>
      turn({ runId, epoch, seqs: [seq, seq] });
    const group = [next("taken", first.epoch, 3), next("mine", first.epoch, 3)];
    expect(await first.journal.commit("c2", group)).toEqual({ fenced: ["alice/taken"] });
    const theirs = [next("taken", second.epoch, 3), next("mine", second.epoch, 4)];
    expect(await second.journal.commit("c3", theirs)).toEqual({ fenced: ["alice/mine"] });
    // Runs under another's epoch are nobody's to make.
    const foreign = creation({ runId: "new", epoch: second.epoch });
    expect(await first.journal.commit("c4", [foreign])).toEqual({ fenced: ["alice/new"] });
    await second.close();
  });

  test("two that race for runs append each place once, whoever wins", async () => {
    await using fixture = await postgres.openStore();
    const { store, database } = fixture;
    const other = await openPostgresStore({ url: database.url, claim: "none", poolMax: 2 });
    const { epoch } = store;
    const runs = Array.from({ length: 20 }, (_, index) => `r${index}`);
    await store.journal.commit(
      "c0",
      runs.map((runId) => creation({ runId, epoch })),
    );
    // Both have the epoch, as a host has that was claimed from while its commit was on its way.
    let both = 0;
    for (let seq = 3; seq < 23; seq++) {
      const turns = (order: readonly string[]) =>
        order.map((runId) => turn({ runId, epoch, seqs: [seq, seq] }));
      const answers = await Promise.all([
        store.journal.commit(`a${seq}`, turns(runs)),
        other.journal.commit(`b${seq}`, turns(runs.toReversed())),
      ]);
      const fenced = answers.flatMap((answer) => answer.fenced);
      expect(fenced.toSorted()).toEqual(runs.map((runId) => `alice/${runId}`).toSorted());
      if (answers.every((answer) => answer.fenced.length > 0)) both++;
    }
    for (const runId of runs)
      expect((await store.journal.turns(ALICE, runId, 0, 100)).length).toBe(21);
    // They are locked in one order: whoever has the first one has all.
    expect(both).toBe(0);
    await other.close();
  });

  test("groups with the same runs, receivers and breakers in opposite orders never deadlock", async () => {
    await using fixture = await postgres.openStore();
    const { store, database } = fixture;
    const other = await openPostgresStore({ url: database.url, claim: "none", poolMax: 2 });
    const names = Array.from({ length: 12 }, (_, index) => `x${index}`);
    const stores = [store, other];
    for (const [index, { journal, epoch }] of stores.entries())
      await journal.commit(
        "c0",
        names.map((name) => creation({ runId: `${index}${name}`, epoch })),
      );
    const groupOf = (index: number, round: number): readonly TurnCommit[] => {
      const epoch = stores[index]?.epoch ?? 0;
      const order = index === 0 ? names : names.toReversed();
      const outcome = { failureThreshold: 1_000, resetAfterMs: 1, hasFailed: true, isProbe: false };
      return order.flatMap((name) => {
        const seq = round + 3;
        const sends = [0, 1].map((to) => ({
          ...{ id: `${index}.${round}.${name}.${to}`, tenant: ALICE.tenant },
          ...{ toRunId: `${to}${name}`, kind: "k", body: "{}" },
        }));
        const outcomes = [{ ...outcome, name, atMs: 5, untilMs: 1_000_000 }];
        const own = turn({
          ...{ runId: `${index}${name}`, epoch, seqs: [seq, seq] },
          rest: { sends, admission: { starts: [], outcomes } },
        });
        // Of runs that the other one has: both lock them, and leave them out.
        const foreign = turn({ runId: `${1 - index}${name}`, epoch });
        return [own, foreign];
      });
    };
    const rounds = 25;
    await Promise.all(
      stores.map(async ({ journal }, index) => {
        for (let round = 0; round < rounds; round++) {
          const { fenced } = await journal.commit(`${index}.${round}`, groupOf(index, round));
          expect(fenced).toHaveLength(names.length);
        }
      }),
    );
    const breakers = await database.query("SELECT DISTINCT failures::int FROM circuit_breakers");
    expect(breakers).toEqual([{ failures: 2 * rounds }]);
    await other.close();
    await store.close();
    const deadlocks = await database.query(
      "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
    );
    expect(deadlocks).toEqual([{ deadlocks: 0 }]);
  });
});
