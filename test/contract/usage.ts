/** The promises N1 to N4 of src/ports/usage.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { TurnCommit } from "#ports/journal.ts";
import { MINUTE_MS, type MinuteUsage, type TurnUsage, type Usage } from "#ports/usage.ts";
import { creation, type OpenFixture, type StoreFixture, turn } from "./store-fixture.ts";

const NOON_MS = Date.UTC(2026, 0, 1, 12);

function usageOf({ store }: StoreFixture): Usage {
  if (store.usage === undefined) throw new Error("the adapter counts nothing");
  return store.usage;
}

export function used(rest: Partial<TurnUsage> = {}): TurnUsage {
  return { workflow: "report", atMs: NOON_MS, steps: 1, attemptMs: 0, cpuMs: 0, bytes: 0, ...rest };
}

/** What this opening has counted is told to the next one. */
async function counted(fixture: StoreFixture, fromMs = 0): Promise<readonly MinuteUsage[]> {
  await fixture.reopen();
  const rows = await usageOf(fixture).read(fromMs);
  return [...rows]
    .map((row) => ({ ...row }))
    .sort((a, b) => a.minuteMs - b.minuteMs || (a.tenant < b.tenant ? -1 : 1));
}

const bytesOf = ({ record }: TurnCommit) => Buffer.byteLength(record?.events ?? "");

export function usageContract(adapter: string, open: OpenFixture): void {
  describe(`usage contract: ${adapter}`, () => {
    test("N1 N3 turns are summed by minute, tenant and workflow, and told to other openings", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c1", [
        creation({ runId: "a", epoch, rest: { usage: used({ attemptMs: 5 }) } }),
        creation({
          runId: "b",
          epoch,
          rest: { usage: used({ cpuMs: 7, atMs: NOON_MS + 59_999 }) },
        }),
        creation({ runId: "c", epoch, tenant: "bob", rest: { usage: used({ steps: 3 }) } }),
        creation({ runId: "d", epoch }),
      ]);
      const later = { usage: used({ atMs: NOON_MS + MINUTE_MS, steps: 0, attemptMs: 9 }) };
      await journal.commit("c2", [turn({ runId: "a", epoch, seqs: [3, 3], rest: later })]);
      expect(await usageOf(fixture).read(0)).toEqual([]);
      const alice = { tenant: "alice", workflow: "report" };
      const noon = { minuteMs: NOON_MS, attemptMs: 0, cpuMs: 0 };
      expect(await counted(fixture)).toEqual([
        { ...alice, ...noon, steps: 2, attemptMs: 5, cpuMs: 7 },
        { ...noon, tenant: "bob", workflow: "report", steps: 3 },
        { ...alice, minuteMs: NOON_MS + MINUTE_MS, steps: 0, attemptMs: 9, cpuMs: 0 },
      ]);
      expect(await counted(fixture, NOON_MS + MINUTE_MS + 1)).toHaveLength(1);
    });

    test("N1 a fenced turn counts nothing, nor does a refused group", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const usage = used({ bytes: 10 });
      await journal.commit("c1", [creation({ runId: "a", epoch, rest: { usage } })]);
      const { fenced } = await journal.commit("c2", [
        creation({ runId: "a", epoch, rest: { usage } }),
        turn({ runId: "nobody", epoch, seqs: [3, 3], rest: { usage } }),
        creation({ runId: "b", epoch, rest: { usage } }),
      ]);
      expect(fenced).toHaveLength(2);
      const broken = turn({ runId: "b", epoch, seqs: [3, 3], events: "\ud800", rest: { usage } });
      const refused = [turn({ runId: "a", epoch, seqs: [3, 3], rest: { usage } }), broken];
      await expect(journal.commit("c3", refused)).rejects.toMatchObject({
        code: "journal_refused",
      });
      expect(await counted(fixture)).toMatchObject([{ steps: 2 }]);
      expect(await usageOf(fixture).stored()).toMatchObject([{ bytes: 20 }]);
    });

    test("N4 what is stored is what was measured and what was counted since", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const first = creation({ runId: "a", epoch });
      await journal.commit("c1", [first]);
      expect(await usageOf(fixture).stored()).toEqual([]);
      const second = turn({ runId: "a", epoch, seqs: [3, 3] });
      const counted = (of: TurnCommit) => ({ ...of, usage: used({ bytes: bytesOf(of) }) });
      await journal.commit("c2", [counted(second)]);
      await usageOf(fixture).measure();
      const both = bytesOf(first) + bytesOf(second);
      const stored = async () => (await usageOf(fixture).stored()).map((row) => ({ ...row }));
      const alice = { tenant: "alice", workflow: "report" };
      expect(await stored()).toEqual([{ ...alice, bytes: both }]);
      const third = turn({ runId: "a", epoch, seqs: [4, 4], events: '["ü"]' });
      await journal.commit("c3", [counted(third)]);
      expect(await stored()).toEqual([{ ...alice, bytes: both + 6 }]);
      await fixture.reopen();
      await usageOf(fixture).measure();
      await usageOf(fixture).measure();
      expect(await stored()).toEqual([{ ...alice, bytes: both + 6 }]);
    });
  });
}
