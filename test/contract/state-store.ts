/** The promises V1 to V5 of src/ports/state-store.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { SharedKey, SharedUse } from "#ports/state-store.ts";
import type { Store } from "#ports/store.ts";
import { ALICE, BOB, creation, type OpenFixture, turn } from "./store-fixture.ts";

const KEY: SharedKey = { scope: "tenant", workflow: "", name: "n" };

function use(revision: number, change: SharedUse["change"], key: SharedKey = KEY): SharedUse {
  return { ...key, revision, change, path: "add", atMs: 5_000 };
}

const set = (revision: number, value: unknown) => ({ revision, value: JSON.stringify(value) });

/** Commits one turn for each run, in one group; each run is made when it is not there. */
async function commit(
  store: Store,
  turns: readonly (readonly [runId: string, shared: readonly SharedUse[]])[],
  tenant = ALICE.tenant,
) {
  const { epoch } = store;
  const commits = [];
  for (const [runId, shared] of turns) {
    const head = await store.journal.head({ ...ALICE, tenant }, runId);
    const seq = (head?.seq ?? 0) + 1;
    commits.push(
      head === null
        ? creation({ tenant, runId, epoch, rest: { shared } })
        : turn({ tenant, runId, epoch, seqs: [seq, seq], rest: { shared } }),
    );
  }
  return store.journal.commit(`c-${JSON.stringify(turns)}-${tenant}`, commits);
}

export function stateStoreContract(adapter: string, open: OpenFixture): void {
  describe(`state store contract: ${adapter}`, () => {
    test("V1 a change is there with its turn; one that saw another revision is left out whole", async () => {
      await using fixture = await open();
      const { store } = fixture;
      expect(await commit(store, [["a", [use(0, set(7, "one"))]]])).toEqual({ fenced: [] });
      expect(await store.state.find(ALICE, KEY)).toEqual({
        ...{ ...KEY, revision: 7, value: '"one"', changedAtMs: 5_000, changedBy: "run:a/add" },
      });
      for (const [run, seen] of [
        ["b", use(0, set(9, "two"))],
        ["c", use(6, set(9, "two"))],
        ["d", use(6, null)],
        ["e", use(0, { revision: 0, value: null })],
      ] as const)
        expect(await commit(store, [[run, [seen]]])).toEqual({
          ...{ fenced: [`alice/${run}`], stale: [`alice/${run}`] },
        });
      expect(await store.journal.head(ALICE, "b")).toBe(null);
      expect(await commit(store, [["f", [use(7, null)]]])).toEqual({ fenced: [] });
      expect((await store.state.find(ALICE, KEY))?.value).toBe('"one"');
      const again = await fixture.reopen();
      expect((await again.state.find(ALICE, KEY))?.revision).toBe(7);
    });

    test("V1 two hosts gave one number to two values: what was decided on the refused one is left out", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const saw = (seen: string, revision: number, change: SharedUse["change"]): SharedUse => ({
        ...use(revision, change),
        seen: JSON.stringify(seen),
      });
      await commit(store, [["a", [use(0, set(7, "stored"))]]]);
      for (const [run, seen] of [
        ["b", saw("refused", 7, set(8, "two"))],
        ["c", saw("refused", 7, null)],
      ] as const)
        expect(await commit(store, [[run, [seen]]])).toEqual({
          ...{ fenced: [`alice/${run}`], stale: [`alice/${run}`] },
        });
      const group = await commit(store, [
        ["d", [saw("stored", 7, set(8, "é")), use(8, set(9, "ü"))]],
        ["e", [saw("ü", 9, set(10, "z"))]],
        ["f", [saw("y", 10, null)]],
        ["g", [saw("z", 10, null)]],
      ]);
      expect(group).toEqual({ fenced: ["alice/f"], stale: ["alice/f"] });
      expect((await store.state.find(ALICE, KEY))?.value).toBe('"z"');
    });

    test("V1 a turn that fits in one value and not in another changes neither", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const other = { ...KEY, name: "other" };
      const uses = [use(0, set(1, 1)), use(5, set(6, 1), other)];
      expect(await commit(store, [["a", uses]])).toMatchObject({ stale: ["alice/a"] });
      expect(await store.state.find(ALICE, KEY)).toBe(null);
      expect(await store.journal.head(ALICE, "a")).toBe(null);
    });

    test("V2 uses of a group follow from each other; what built on a turn left out is left out", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const first = await commit(store, [
        ["a", [use(0, set(1, 1)), use(1, set(2, 2))]],
        ["b", [use(2, set(3, 3))]],
        ["c", [use(9, set(10, 0))]],
        ["d", [use(10, set(11, 0))]],
        ["e", [use(3, { revision: 0, value: null }), use(0, set(4, 4))]],
      ]);
      expect(first).toEqual({ fenced: ["alice/c", "alice/d"], stale: ["alice/c", "alice/d"] });
      expect(await store.state.find(ALICE, KEY)).toMatchObject({ revision: 4, value: "4" });
    });

    test("V3 tenants, scopes and workflows do not see each other; names are listed and counted", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const of = (workflow: string, name: string): SharedKey => ({
        ...{ scope: "workflow", workflow, name },
      });
      const keys = [KEY, of("a", "n"), of("a", "na"), of("b", "n"), of("b", "x_")];
      const uses = keys.map((key, index) => use(0, set(1, index), key));
      await commit(store, [["a", uses]]);
      await commit(store, [["a", [use(0, set(1, "bob"))]]], BOB.tenant);
      expect((await store.state.find(BOB, KEY))?.value).toBe('"bob"');
      expect(await store.state.find(BOB, of("a", "n"))).toBe(null);
      expect((await store.state.find(ALICE, of("b", "n")))?.value).toBe("3");
      const usage = (scope: SharedKey["scope"], workflow: string) =>
        store.state.usage(ALICE, { scope, workflow });
      expect(await usage("workflow", "a")).toEqual({ names: 2, bytes: 2 });
      expect(await usage("tenant", "")).toEqual({ names: 1, bytes: 1 });
      expect(await usage("workflow", "nobody")).toEqual({ names: 0, bytes: 0 });
      // Bob's "bob" has five bytes as JSON.
      expect(await store.state.totals()).toEqual({
        ...{ workflow: { names: 4, bytes: 4 }, tenant: { names: 2, bytes: 6 } },
      });
      await commit(store, [["later", [use(1, { revision: 0, value: null }, of("b", "n"))]]]);
      const change = { ...of("b", "x_"), value: '"larger"', reason: null };
      await store.state.change(ALICE, change);
      expect(await usage("workflow", "b")).toEqual({ names: 1, bytes: 8 });
      await store.state.change(ALICE, { ...change, value: null });
      expect(await usage("workflow", "b")).toEqual({ names: 0, bytes: 0 });
      await store.state.change(ALICE, { ...change, value: "4" });
      await commit(store, [["late", [use(0, set(1, 3), of("b", "n"))]]]);
      const listed: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await store.state.list(ALICE, { limit: 2, cursor: cursor ?? undefined });
        for (const { scope, workflow, name } of page.items)
          listed.push(`${scope}/${workflow}/${name}`);
        cursor = page.cursor;
      } while (cursor !== null);
      expect(listed).toEqual([
        ...["tenant//n", "workflow/a/n", "workflow/a/na", "workflow/b/n", "workflow/b/x_"],
      ]);
      const some = await store.state.list(ALICE, {
        ...{ scope: "workflow", prefix: "n", workflow: "a", limit: 10 },
      });
      expect(some.items.map(({ name }) => name)).toEqual(["n", "na"]);
      await expect(store.state.list(ALICE, { limit: 1, cursor: "?" })).rejects.toMatchObject({
        code: "request_invalid",
      });
    });

    test("V4 V5 an operator's change is durable, grows the revision, and says who made it", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const change = (value: string | null, reason: string | null = null) =>
        store.state.change({ ...ALICE, principal: "ada" }, { ...KEY, value, reason });
      expect(await change("1", "begin")).toBe(null);
      const made = await store.state.find(ALICE, KEY);
      expect(made).toMatchObject({ value: "1", changedBy: "ada" });
      expect((await change("2"))?.value).toBe("1");
      const grown = await store.state.find(ALICE, KEY);
      expect(grown?.revision).toBeGreaterThan(made?.revision ?? 0);
      expect(await commit(store, [["a", [use(made?.revision ?? 0, set(1, 9))]]])).toMatchObject({
        stale: ["alice/a"],
      });
      expect((await change(null, "over"))?.value).toBe("2");
      const { state } = await fixture.reopen();
      expect(await state.find(ALICE, KEY)).toBe(null);
      const facts = { ...KEY, by: "ada", atMs: expect.any(Number) as number };
      expect(await state.changes(ALICE, KEY, 10)).toEqual([
        { ...facts, reason: "over", before: "2", after: null },
        { ...facts, reason: null, before: "1", after: "2" },
        { ...facts, reason: "begin", before: null, after: "1" },
      ]);
      expect(await state.changes(BOB, KEY, 10)).toEqual([]);
      expect(await state.changes(ALICE, KEY, 1)).toHaveLength(1);
    });

    test("a commit forgets results by key, after those that it remembers", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const memo = (key: string) => ({
        ...{ key, scope: "tenant" as const, label: null, uses: "state.cache", workflow: "w" },
        ...{ path: "p", output: { text: "1" }, createdAtMs: 1, expiresAtMs: null },
      });
      const { epoch } = store;
      const rest = { memos: [memo("k1"), memo("k2")] };
      await store.journal.commit("c1", [creation({ runId: "a", epoch, rest })]);
      const forget = { memos: [memo("k3")], forgets: ["k1", "k3", "none"] };
      const seq = ((await store.journal.head(ALICE, "a"))?.seq ?? 0) + 1;
      const second = turn({ runId: "a", epoch, seqs: [seq, seq], rest: forget });
      expect(await store.journal.commit("c2", [second])).toEqual({ fenced: [] });
      const found = await Promise.all(
        ["k1", "k2", "k3"].map((key) => store.memos.find(ALICE, key, 5)),
      );
      expect(found.map((entry) => entry?.key ?? null)).toEqual([null, "k2", null]);
    });
  });
}
