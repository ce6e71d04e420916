/** The promises U1 to U5 of src/ports/upkeep.ts, for every adapter that has it. */
import { hash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import type { MemoWrite } from "#ports/memo-store.ts";
import type { RetentionRule, Upkeep } from "#ports/upkeep.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  ALICE,
  BOB,
  creation,
  type OpenFixture,
  type StoreFixture,
  turn,
} from "./store-fixture.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function upkeepOf({ store }: StoreFixture): Upkeep {
  if (store.upkeep === undefined) throw new Error("the adapter has no upkeep");
  return store.upkeep;
}

function ended(runId: string, epoch: number, rest: Partial<TurnCommit> = {}): TurnCommit {
  const status = rest.status ?? "succeeded";
  return creation({ runId, epoch, rest: { status, endedAtMs: 2_000, ...rest } });
}

async function purged(upkeep: Upkeep, rowsMax: number): Promise<number> {
  for (let calls = 1; ; calls++) if ((await upkeep.purge(rowsMax)).isDone) return calls;
}

export function upkeepContract(adapter: string, open: OpenFixture): void {
  describe(`upkeep contract: ${adapter}`, () => {
    test("U1 an ended run goes at once for every reader, an open one stays", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      await fixture.store.catalogue.save(ALICE, {
        name: "report",
        hash: "h",
        definition: "{}",
        atMs: 1,
      });
      const checkpoint = { seq: 2, stateVersion: 1, state: "{}", isPinned: true };
      await journal.commit("c1", [
        ended("a", epoch, { checkpoint, startKey: { key: "id:a", bodyHash: "h" } }),
        ended("b", epoch),
        creation({ runId: "open", epoch, labels: { team: "x" } }),
      ]);
      expect(await upkeep.remove(ALICE, "open", null)).toBe("open");
      expect(await upkeep.remove(ALICE, "nobody", null)).toBe("missing");
      expect(await upkeep.remove(BOB, "a", null)).toBe("missing");
      expect(await upkeep.remove({ ...ALICE, principal: "ann" }, "a", "too old")).toBe("removed");
      expect(await upkeep.remove(ALICE, "a", "again")).toBe("missing");
      const look = async () => {
        const { journal } = fixture.store;
        expect(await journal.head(ALICE, "a")).toBeNull();
        expect(await journal.turns(ALICE, "a", 0, 10)).toEqual([]);
        expect(await journal.turnAt(ALICE, "a", 1)).toBeNull();
        expect(await journal.checkpoints(ALICE, "a", () => {})).toEqual([]);
        expect(await journal.checkpointMarks(ALICE, "a")).toEqual([]);
        const { items } = await journal.heads(ALICE, { limit: 10 });
        expect(items.map(({ runId }) => runId).sort()).toEqual(["b", "open"]);
        const byStatus = await journal.heads(ALICE, { status: ["succeeded"], limit: 10 });
        expect(byStatus.items.map(({ runId }) => runId)).toEqual(["b"]);
        expect((await journal.counts(ALICE)).succeeded).toBe(1);
        expect(await upkeepOf(fixture).tombstone(ALICE, "a")).toMatchObject({
          removedBy: "ann",
          reason: "too old",
        });
      };
      await look();
      await fixture.reopen();
      await look();
      await purged(upkeepOf(fixture), 1);
      await look();
    });

    test("U1 the id of a removed run stays reserved, before and after its rows are gone", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      await journal.commit("c1", [ended("a", epoch)]);
      await upkeep.remove(ALICE, "a", null);
      const again = [creation({ runId: "a", epoch })];
      expect(await journal.commit("c2", again)).toEqual({ fenced: ["alice/a"] });
      await purged(upkeep, 100);
      expect(await journal.commit("c3", again)).toEqual({ fenced: ["alice/a"] });
      expect(await journal.commit("c4", [creation({ runId: "a", epoch, tenant: "bob" })])).toEqual({
        fenced: [],
      });
      expect(await upkeep.tombstone(BOB, "a")).toBeNull();
    });

    test("U2 rows go in batches, also when the store is opened anew in between", async () => {
      await using fixture = await open();
      const { epoch } = fixture.store;
      const turns = Array.from({ length: 40 }, (_, at) =>
        turn({
          runId: "a",
          epoch,
          seqs: [at + 3, at + 3],
          status: at === 39 ? "failed" : "running",
        }),
      );
      const labels = { team: "x" };
      await fixture.store.journal.commit("c1", [creation({ runId: "a", epoch, labels }), ...turns]);
      await upkeepOf(fixture).remove(ALICE, "a", null);
      expect(await upkeepOf(fixture).purge(10)).toEqual({ rows: 10, isDone: false });
      await fixture.reopen();
      expect(await purged(upkeepOf(fixture), 10)).toBeGreaterThan(2);
      expect(await upkeepOf(fixture).purge(10)).toEqual({ rows: 0, isDone: true });
      // The next run gets a number of its own, and none of the old rows.
      const { journal, epoch: later } = fixture.store;
      await journal.commit("c2", [creation({ runId: "b", epoch: later })]);
      expect(await journal.turns(ALICE, "b", 0, 100)).toHaveLength(1);
    });

    test("U3 a blob stays while a journal refers to it, and a day after the last one has", async () => {
      await using fixture = await open();
      const { journal, blobs, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      let nowMs = Date.UTC(2026, 0, 1);
      const pass = (ms: number) => {
        nowMs += ms;
        fixture.advance(ms);
      };
      const sweep = async () => (await upkeep.sweepBlobs(nowMs - DAY_MS, 100)).swept;
      const bytes = randomBytes(1_000);
      const name = hash("sha256", bytes);
      const isThere = async () => (await blobs.get(ALICE, name)) !== null;
      await blobs.put(ALICE, name, bytes);
      await blobs.put(BOB, name, bytes);
      pass(23 * HOUR_MS);
      expect(await sweep()).toBe(0);
      await journal.commit("c1", [ended("a", epoch, { blobs: [name] })]);
      pass(2 * HOUR_MS);
      // Bob's own goes; of alice's a journal speaks.
      expect(await sweep()).toBe(1);
      expect(await blobs.get(BOB, name)).toBeNull();
      pass(100 * DAY_MS);
      expect(await sweep()).toBe(0);
      await upkeep.remove(ALICE, "a", null);
      await purged(upkeep, 100);
      pass(23 * HOUR_MS);
      expect(await sweep()).toBe(0);
      expect(await isThere()).toBe(true);
      pass(2 * HOUR_MS);
      expect(await sweep()).toBe(1);
      expect(await isThere()).toBe(false);
      const refers = creation({ runId: "late", epoch, rest: { blobs: [name] } });
      await expect(journal.commit("c2", [refers])).rejects.toMatchObject({
        code: "store_unavailable",
      });
      expect(await journal.head(ALICE, "late")).toBeNull();
      await blobs.put(ALICE, name, bytes);
      expect(await journal.commit("c3", [refers])).toEqual({ fenced: [] });
    });

    test("U3 a blob stays while a remembered result needs it, also without its run", async () => {
      await using fixture = await open();
      const { journal, blobs, memos, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      let nowMs = Date.UTC(2026, 0, 1);
      const sweepAfter = async (ms: number) => {
        nowMs += ms;
        fixture.advance(ms);
        return (await upkeep.sweepBlobs(nowMs - DAY_MS, 100)).swept;
      };
      const bytes = randomBytes(1_000);
      const name = hash("sha256", bytes);
      await blobs.put(ALICE, name, bytes);
      const memo: MemoWrite = {
        ...{ key: "k", scope: "tenant", label: null, uses: "u", workflow: "report", path: "p" },
        ...{ output: { blob: { hash: name, bytes: 1_000 } }, createdAtMs: 1, expiresAtMs: null },
      };
      await journal.commit("c1", [ended("a", epoch, { blobs: [name], memos: [memo] })]);
      await upkeep.remove(ALICE, "a", null);
      await purged(upkeep, 100);
      expect(await sweepAfter(10 * DAY_MS)).toBe(0);
      expect(await memos.find(ALICE, "k", nowMs)).not.toBeNull();
      expect(await memos.clear(ALICE, {})).toBe(1);
      expect(await sweepAfter(2 * DAY_MS)).toBe(1);
      expect(await blobs.get(ALICE, name)).toBeNull();
    });

    test("U3 a blob that was put again stays when a result that named it long ago goes", async () => {
      await using fixture = await open();
      const { journal, blobs, memos, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      const bytes = randomBytes(1_000);
      const name = hash("sha256", bytes);
      await blobs.put(ALICE, name, bytes);
      const memo: MemoWrite = {
        ...{ key: "k", scope: "tenant", label: null, uses: "u", workflow: "report", path: "p" },
        ...{ output: { blob: { hash: name, bytes: 1_000 } }, createdAtMs: 1, expiresAtMs: null },
      };
      await journal.commit("c1", [creation({ runId: "a", epoch, rest: { memos: [memo] } })]);
      fixture.advance(10 * DAY_MS);
      await blobs.put(ALICE, name, bytes);
      expect(await memos.clear(ALICE, {})).toBe(1);
      const nowMs = Date.UTC(2026, 0, 1) + 10 * DAY_MS;
      expect((await upkeep.sweepBlobs(nowMs - DAY_MS, 100)).swept).toBe(0);
      const refers = creation({ runId: "b", epoch, rest: { blobs: [name] } });
      expect(await journal.commit("c2", [refers])).toEqual({ fenced: [] });
    });

    test("U3 a blob that is put or referred to again while a sweep goes on survives it", async () => {
      await using fixture = await open();
      const { journal, blobs, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      const all = Array.from({ length: 60 }, () => {
        const bytes = randomBytes(500);
        return { bytes, name: hash("sha256", bytes) };
      });
      for (const { bytes, name } of all) await blobs.put(ALICE, name, bytes);
      fixture.advance(3 * DAY_MS);
      const looseBeforeMs = Date.UTC(2026, 0, 1) + 2 * DAY_MS;
      // Everything is old: whoever comes first decides, and a put that has been answered counts.
      const work = all.map(async ({ bytes, name }, at) => {
        if (at % 3 === 0) {
          await blobs.put(ALICE, name, bytes);
          const refers = ended(`run${at}`, epoch, { blobs: [name] });
          expect(await journal.commit(`c${at}`, [refers])).toEqual({ fenced: [] });
        }
        if (at % 3 === 1) await blobs.put(ALICE, name, bytes);
        await upkeep.sweepBlobs(looseBeforeMs, 3);
      });
      await Promise.all(work);
      while (!(await upkeep.sweepBlobs(looseBeforeMs, 3)).isDone);
      const there = await Promise.all(
        all.map(async ({ name }) => (await blobs.get(ALICE, name)) !== null),
      );
      expect(there).toEqual(all.map((_, at) => at % 3 !== 2));
    });

    test("due() names what the rules name, each workflow by its own", async () => {
      await using fixture = await open();
      const { journal, catalogue, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      for (const name of ["report", "other"])
        await catalogue.save(ALICE, { name, hash: name, definition: "{}", atMs: 1 });
      const run = (
        runId: string,
        workflow: string,
        rest: Partial<TurnCommit>,
        createdAtMs = 1_000,
      ) => creation({ runId, workflow, createdAtMs, epoch, rest });
      await journal.commit("c1", [
        run("old", "report", { status: "succeeded", endedAtMs: 2_000 }),
        run("long", "report", { status: "succeeded", endedAtMs: 9_000 }, 1_001),
        run("failed", "report", { status: "failed", endedAtMs: 2_000 }, 1_002),
        run("open", "report", { status: "running" }),
        run("kept", "other", { status: "succeeded", endedAtMs: 2_000 }, 900),
      ]);
      const rules: RetentionRule[] = [
        { workflow: null, status: "succeeded", endedBeforeMs: 5_000 },
        { workflow: "other", status: "succeeded", endedBeforeMs: 1 },
      ];
      const idsOf = (heads: readonly { readonly runId: string }[]) =>
        heads.map(({ runId }) => runId);
      expect(idsOf(await upkeep.due(rules, 10, 0))).toEqual(["old"]);
      const both = [...rules, { ...(rules[0] as RetentionRule), status: "failed" as const }];
      const all = idsOf(await upkeep.due(both, 10, 0));
      expect(all.toSorted()).toEqual(["failed", "old"]);
      expect(idsOf(await upkeep.due(both, 1, 0))).toEqual(all.slice(0, 1));
      expect(idsOf(await upkeep.due(both, 1, 1))).toEqual(all.slice(1));
      expect(await upkeep.due(both, 1, 2)).toEqual([]);
      expect(idsOf(await upkeep.oldest(2, 0))).toEqual(["kept", "old"]);
      expect(idsOf(await upkeep.oldest(2, 1))).toEqual(["old", "long"]);
      await upkeep.remove(ALICE, "kept", null);
      expect(idsOf(await upkeep.oldest(1, 0))).toEqual(["old"]);
    });

    test("U5 a copy is whole, held, and of one instant; the path must be free", async () => {
      await using fixture = await open();
      await using directory = await temporaryDirectory();
      const { journal, epoch } = fixture.store;
      const upkeep = upkeepOf(fixture);
      await journal.commit("c1", [ended("a", epoch), creation({ runId: "open", epoch })]);
      const path = join(directory.path, "copy.db");
      const facts = await upkeep.backup(path);
      expect(facts).toMatchObject({ runs: 2, openRuns: 1 });
      expect(facts.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(existsSync(`${path}.part`)).toBe(false);
      await expect(upkeep.backup(path)).rejects.toMatchObject({ code: "request_invalid" });
      expect(await upkeep.hold()).toBeNull();
      expect((await upkeep.size()).usedBytes).toBeGreaterThan(10_000);
    });
  });
}
