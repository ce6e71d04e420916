/** The simulated store keeps every port's promises, and fails as it is told to. */
import { expect, test } from "vitest";
import { blobStoreContract } from "../contract/blob-store.ts";
import { catalogueContract } from "../contract/catalogue.ts";
import { journalContract } from "../contract/journal.ts";
import { memoStoreContract } from "../contract/memo-store.ts";
import { stateStoreContract } from "../contract/state-store.ts";
import { stepLogsContract } from "../contract/step-logs.ts";
import { ALICE, creation, type StoreFixture, turn } from "../contract/store-fixture.ts";
import { triggersContract } from "../contract/triggers.ts";
import { usageContract } from "../contract/usage.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedMemoLimits } from "./simulated-memos.ts";
import { type CommitFault, SimulatedDisk, type StoreFaults } from "./simulated-store.ts";

async function openFixture(memoLimits?: SimulatedMemoLimits): Promise<StoreFixture> {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock);
  if (memoLimits !== undefined) disk.data.memos.limits = memoLimits;
  let store = disk.open();
  return {
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = disk.open();
      return store;
    },
    advance: (byMs) => clock.jumpWallClock(byMs),
    async [Symbol.asyncDispose]() {
      await store.close();
    },
  };
}

journalContract("simulated", () => openFixture());
catalogueContract("simulated", () => openFixture());
blobStoreContract("simulated", () => openFixture());
memoStoreContract("simulated", openFixture);
stepLogsContract("simulated", () => openFixture());
stateStoreContract("simulated", () => openFixture());
triggersContract("simulated", () => openFixture());
usageContract("simulated", () => openFixture());

/** A store with run `a` at seq 2, whose commits from then on meet `fault`. */
async function openFaulty(fault: CommitFault, more: StoreFaults = {}) {
  const clock = new SimulatedClock();
  const disk = new SimulatedDisk(clock, {
    ...more,
    onCommit: ({ commitId }) => (commitId === "c0" ? { kind: "none" } : fault),
  });
  const store = disk.open();
  await store.journal.commit("c0", [creation({ runId: "a", epoch: store.epoch })]);
  return { clock, disk, store, next: turn({ runId: "a", epoch: store.epoch, seqs: [3, 4] }) };
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error) => error.code,
  );
}

test("an unsynced batch is invisible, and a crash loses it whole", async () => {
  const { clock, disk, store, next } = await openFaulty({ kind: "none", delayMs: 10 });
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  void store.journal.commit("c1", [next]).then(settled, settled);
  await clock.advanceBy(9);
  expect(disk.unsyncedBatches).toBe(1);
  expect((await store.journal.head(ALICE, "a"))?.seq).toBe(2);
  disk.crash();
  const reopened = disk.open();
  await clock.runUntilIdle();
  expect(isSettled).toBe(false);
  expect((await reopened.journal.head(ALICE, "a"))?.seq).toBe(2);
  expect(await reopened.journal.committed("c1")).toBe(false);
});

test("a crash can keep a batch that nobody was told of", async () => {
  const { clock, disk, store, next } = await openFaulty({ kind: "none", delayMs: 10 });
  void store.journal.commit("c1", [next]);
  await clock.settle();
  disk.crash(1);
  const reopened = disk.open();
  await clock.runUntilIdle();
  expect((await reopened.journal.head(ALICE, "a"))?.seq).toBe(4);
  expect(await reopened.journal.turns(ALICE, "a", 0, 9)).toHaveLength(2);
  expect(await reopened.journal.committed("c1")).toBe(true);
});

test.each([
  [{ kind: "unavailable" }, "store_unavailable", 2],
  [{ kind: "refused", runId: null }, "journal_refused", 2],
  [{ kind: "unknown", isCommitted: false }, "store_unavailable", 2],
  [{ kind: "unknown", isCommitted: true }, "store_unavailable", 4],
  [{ kind: "fenced", runIds: ["a"] }, "resolved", 2],
] as const)("fault %j answers %s and leaves seq %i", async (fault, outcome, seq) => {
  const { store, next } = await openFaulty(fault);
  expect(await outcomeOf(store.journal.commit("c1", [next]))).toBe(outcome);
  expect((await store.journal.head(ALICE, "a"))?.seq).toBe(seq);
  expect(await store.journal.committed("c1")).toBe(seq === 4 || fault.kind === "fenced");
});

test("slow reads answer what was true when they began", async () => {
  const { clock, store, next } = await openFaulty(
    { kind: "none" },
    { onRead: (operation) => (operation === "head" ? 50 : 0) },
  );
  const reading = store.journal.head(ALICE, "a");
  await store.journal.commit("c1", [next]);
  await clock.advanceBy(50);
  expect((await reading)?.seq).toBe(2);
});

test("damaged checkpoints and blobs are left out and reported", async () => {
  const { disk, store, next } = await openFaulty({ kind: "none" });
  const checkpoint = { seq: 4, stateVersion: 1, state: "{}" };
  await store.journal.commit("c1", [{ ...next, checkpoint }]);
  disk.data.corruptCheckpoint(ALICE.tenant, "a", 4);
  const corrupt: number[] = [];
  expect(await store.journal.checkpoints(ALICE, "a", (seq) => corrupt.push(seq))).toEqual([]);
  expect(corrupt).toEqual([4]);
});

test("a store opened without a crash fences the one before it", async () => {
  const disk = new SimulatedDisk(new SimulatedClock());
  const first = disk.open();
  const second = disk.open();
  const late = creation({ runId: "a", epoch: first.epoch });
  expect(await first.journal.commit("late", [late])).toEqual({ fenced: ["alice/a"] });
  expect(await second.journal.committed("late")).toBe(false);
  expect(await second.journal.head(ALICE, "a")).toBeNull();
});
