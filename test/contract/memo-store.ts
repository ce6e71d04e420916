/** The promises M1 to M5 of src/ports/memo-store.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { Store } from "#ports/store.ts";
import { ALICE, BOB, creation, type StoreFixture, turn } from "./store-fixture.ts";

/** `limits` of the store's memos; the adapter's own when missing. */
export type OpenMemoFixture = (limits?: {
  readonly entriesMax: number;
  readonly bytesMax: number;
}) => Promise<StoreFixture>;

function memo(key: string, rest: Partial<MemoWrite> = {}): MemoWrite {
  return {
    key,
    scope: "tenant",
    label: null,
    uses: "http.request",
    workflow: "report",
    path: "fetch",
    output: { text: `{"of":"${key}"}` },
    createdAtMs: 1_000,
    expiresAtMs: null,
    ...rest,
  };
}

/** Commits one turn that remembers `memos`; the run is made when it is not there. */
async function remember(
  store: Store,
  runId: string,
  memos: readonly MemoWrite[],
  tenant = ALICE.tenant,
): Promise<void> {
  const head = await store.journal.head({ ...ALICE, tenant }, runId);
  const { epoch } = store;
  const rest = { memos };
  const seq = head === null ? 0 : head.seq + 1;
  const commit =
    head === null
      ? creation({ tenant, runId, epoch, rest })
      : turn({ tenant, runId, epoch, seqs: [seq, seq], rest });
  expect(await store.journal.commit(`c-${runId}-${seq}`, [commit])).toEqual({ fenced: [] });
}

export function memoStoreContract(adapter: string, open: OpenMemoFixture): void {
  describe(`memo store contract: ${adapter}`, () => {
    test("M1 a committed result is found, with everything that was said of it", async () => {
      await using fixture = await open();
      const written = memo("k1", { label: "ü", expiresAtMs: 5_000, path: "m[1].fetch" });
      await remember(fixture.store, "a", [written]);
      const found = await fixture.store.memos.find(ALICE, "k1", 4_999);
      expect(found).toEqual({
        ...written,
        runId: "a",
        bytes: 11,
        usedAtMs: expect.any(Number) as number,
      });
      const { memos } = await fixture.reopen();
      expect((await memos.find(ALICE, "k1", 4_999))?.output).toEqual({ text: '{"of":"k1"}' });
    });

    test("M1 the result that was committed last counts, expired ones and others' never", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await remember(store, "a", [
        memo("k"),
        memo("blob", { output: BLOB }),
        memo("old", { expiresAtMs: 2_000 }),
      ]);
      await remember(store, "b", [memo("k", { output: { text: "2" } })]);
      await remember(store, "a", [memo("k", { output: { text: '"bob"' } })], BOB.tenant);
      expect((await store.memos.find(ALICE, "k", 3_000))?.output).toEqual({ text: "2" });
      expect((await store.memos.find(ALICE, "k", 3_000))?.runId).toBe("b");
      expect((await store.memos.find(ALICE, "blob", 3_000))?.output).toEqual(BLOB);
      expect((await store.memos.find(BOB, "k", 3_000))?.output).toEqual({ text: '"bob"' });
      expect(await store.memos.find(BOB, "blob", 3_000)).toBeNull();
      expect(await store.memos.find(ALICE, "old", 1_999)).not.toBeNull();
      expect(await store.memos.find(ALICE, "old", 2_000)).toBeNull();
      expect(await store.memos.find(ALICE, "none", 0)).toBeNull();
    });

    test("M1 a fenced turn and a refused group leave no result behind", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await remember(store, "a", []);
      const { epoch } = store;
      const fenced = turn({ runId: "a", epoch, seqs: [9, 9], rest: { memos: [memo("k")] } });
      expect(await store.journal.commit("f", [fenced])).toEqual({ fenced: ["alice/a"] });
      const good = turn({ runId: "a", epoch, seqs: [3, 3], rest: { memos: [memo("k")] } });
      const poison = creation({ runId: "p", epoch, events: '["\ud800"]' });
      await expect(store.journal.commit("r", [good, poison])).rejects.toMatchObject({
        code: "journal_refused",
      });
      expect(await store.memos.find(ALICE, "k", 0)).toBeNull();
      expect(await store.journal.commit("g", [good])).toEqual({ fenced: [] });
      expect(await store.memos.find(ALICE, "k", 0)).not.toBeNull();
    });

    test("M2 M4 beyond a bound what was used longest ago goes", async () => {
      await using fixture = await open({ entriesMax: 3, bytesMax: 1_000_000 });
      const { store } = fixture;
      for (const key of ["k1", "k2", "k3"]) {
        await remember(store, `run-${key}`, [memo(key)]);
        fixture.advance(1_000);
      }
      fixture.advance(120_000);
      expect(await store.memos.find(ALICE, "k1", 200_000)).not.toBeNull();
      await remember(store, "run-4", [memo("k4")]);
      const kept = async () => {
        const { items } = await store.memos.list(ALICE, { limit: 10 }, 0);
        return items.map(({ key }) => key).sort();
      };
      expect(await kept()).toEqual(["k1", "k3", "k4"]);
      await remember(store, "run-5", [memo("k5"), memo("k6")]);
      expect(await kept()).toEqual(["k4", "k5", "k6"]);
    });

    test("M2 bytes are bounded too, and one result that is larger than the bound is not kept", async () => {
      await using fixture = await open({ entriesMax: 100, bytesMax: 10_000 });
      const { store } = fixture;
      const large = { text: JSON.stringify("x".repeat(4_000)) };
      for (const key of ["k1", "k2", "k3"]) {
        await remember(store, key, [memo(key, { output: large })]);
        fixture.advance(1_000);
      }
      expect(await store.memos.find(ALICE, "k1", 0)).toBeNull();
      expect(await store.memos.find(ALICE, "k3", 0)).not.toBeNull();
      const blob = { blob: { hash: "ab".repeat(32), bytes: 20_000 } };
      await remember(store, "k4", [memo("k4", { output: blob })]);
      expect(await store.memos.find(ALICE, "k4", 0)).toBeNull();
      expect(await store.memos.find(ALICE, "k3", 0)).not.toBeNull();
    });

    test("lists newest first, in pages, and clears what matches", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await remember(store, "a", [
        memo("k1", { label: "ada", workflow: "greet" }),
        memo("k2", { label: "bob", workflow: "greet" }),
        memo("k3", { label: "ada" }),
        memo("k4", { expiresAtMs: 10 }),
      ]);
      await remember(store, "a", [memo("k1")], BOB.tenant);
      const first = await store.memos.list(ALICE, { limit: 2 }, 100);
      expect(first.items.map(({ key }) => key)).toEqual(["k3", "k2"]);
      expect(first.items[0]).not.toHaveProperty("output");
      const cursor = first.cursor ?? "";
      const rest = await store.memos.list(ALICE, { limit: 2, cursor }, 100);
      expect(rest.items.map(({ key }) => key)).toEqual(["k1"]);
      expect(rest.cursor).toBeNull();
      const greeting = await store.memos.list(
        ALICE,
        { workflow: "greet", key: "ada", limit: 9 },
        0,
      );
      expect(greeting.items.map(({ key }) => key)).toEqual(["k1"]);
      expect((await store.memos.list(ALICE, { key: "k2", limit: 9 }, 0)).items).toHaveLength(1);
      expect(await store.memos.clear(ALICE, { workflow: "greet", key: "ada" })).toBe(1);
      expect(await store.memos.clear(ALICE, { key: "ada" })).toBe(1);
      expect(await store.memos.clear(ALICE, {})).toBe(2);
      expect(await store.memos.find(BOB, "k1", 0)).not.toBeNull();
      await expect(store.memos.list(ALICE, { limit: 2, cursor: "what" }, 0)).rejects.toMatchObject({
        code: "request_invalid",
      });
    });
  });
}

const BLOB = { blob: { hash: "cd".repeat(32), bytes: 70_000 } };
