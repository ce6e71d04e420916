/** The promises J1 to J7 of src/ports/journal.ts, for every adapter. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message, RunFilter, RunHead, TurnCommit } from "#ports/journal.ts";
import { ALICE, BOB, creation, type OpenFixture, turn } from "./store-fixture.ts";

const DAY_MS = 86_400_000;

function message(id: string, toRunId: string): Message {
  return { id, tenant: ALICE.tenant, toRunId, kind: "child.finished", body: `{"of":"${id}"}` };
}

export function journalContract(adapter: string, open: OpenFixture): void {
  describe(`journal contract: ${adapter}`, () => {
    test("J1 a group appends all its turns, and heads follow", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const text = '[{"note":"ü 漢 😀 \\u0000"}]';
      const group = [
        creation({ runId: "a", epoch, labels: { team: "x" }, events: text }),
        creation({ runId: "b", epoch, parentRunId: "a" }),
        turn({
          runId: "a",
          epoch,
          seqs: [3, 7],
          status: "failed",
          rest: { startedAtMs: 5, endedAtMs: 9, errorCode: "timeout" },
        }),
      ];
      expect(await journal.commit("c1", group)).toEqual({ fenced: [] });
      expect(await journal.head(ALICE, "a")).toEqual({
        tenant: "alice",
        runId: "a",
        workflow: "report",
        version: 1,
        status: "failed",
        seq: 7,
        epoch,
        createdAtMs: 1_000,
        startedAtMs: 5,
        endedAtMs: 9,
        labels: { team: "x" },
        parentRunId: null,
        errorCode: "timeout",
        minReader: 1,
      });
      expect((await journal.head(ALICE, "b"))?.parentRunId).toBe("a");
      expect(await journal.turns(ALICE, "a", 0, 10)).toEqual([
        { runId: "a", firstSeq: 1, lastSeq: 2, atMs: 1_002, events: text },
        { runId: "a", firstSeq: 3, lastSeq: 7, atMs: 1_007, events: group[2]?.record?.events },
      ]);
    });

    test("J1 labels that a turn changes are the run's, in its head and in lists", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c1", [
        creation({ runId: "a", epoch, labels: { team: "red", size: "xl" } }),
        creation({ runId: "b", epoch, labels: { team: "red" } }),
      ]);
      const labels = { team: "blue", "odd 'name": "ü" };
      await journal.commit("c2", [turn({ runId: "a", epoch, seqs: [3, 3], rest: { labels } })]);
      const found = async (wanted: Readonly<Record<string, string>>) =>
        (await journal.heads(ALICE, { labels: wanted, limit: 10 })).items.map(({ runId }) => runId);
      expect((await journal.head(ALICE, "a"))?.labels).toEqual(labels);
      expect(await found({ team: "red" })).toEqual(["b"]);
      expect(await found({ size: "xl" })).toEqual([]);
      expect(await found(labels)).toEqual(["a"]);
      await journal.commit("c3", [turn({ runId: "a", epoch, seqs: [4, 4], rest: { labels: {} } })]);
      expect(await found({ team: "blue" })).toEqual([]);
      expect((await journal.head(ALICE, "a"))?.labels).toEqual({});
    });

    test("J1 a turn that cannot be stored refuses the whole group and names its run", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c1", [creation({ runId: "a", epoch })]);
      const good = turn({ runId: "a", epoch, seqs: [3, 3] });
      const poison = creation({ runId: "p", epoch, events: '["\ud800"]' });
      await expect(journal.commit("c2", [good, poison])).rejects.toMatchObject({
        code: "journal_refused",
        details: { runId: "p" },
      });
      expect(await journal.committed("c2")).toBe(false);
      expect((await journal.head(ALICE, "a"))?.seq).toBe(2);
      expect(await journal.head(ALICE, "p")).toBeNull();
      expect(await journal.commit("c3", [good])).toEqual({ fenced: [] });
    });

    test("J1 a slot that hosts share is refused where one owner has all runs", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const slot = { gate: "concurrency:alice/k", runId: "r" };
      const group = [
        creation({ runId: "q", epoch }),
        creation({ runId: "r", epoch, rest: { slot } }),
      ];
      await expect(journal.commit("c", group)).rejects.toMatchObject({
        code: "journal_refused",
        message: expect.stringContaining("run r"),
      });
      expect(await journal.head(ALICE, "q")).toBeNull();
    });

    test("J1 admission remembers starts that count and breakers with failures, fenced turns left out", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const limits = { name: "b", failureThreshold: 2, resetAfterMs: 500 };
      const outcome = (atMs: number, hasFailed: boolean, isProbe = false) => ({
        starts: [],
        outcomes: [{ ...limits, atMs, hasFailed, isProbe, untilMs: atMs + 2_000 }],
      });
      const commit = async (seq: number, admission: NonNullable<TurnCommit["admission"]>) =>
        journal.commit(`a${seq}`, [
          turn({ runId: "a", epoch, seqs: [seq, seq], rest: { admission } }),
        ]);
      await journal.commit("c1", [creation({ runId: "a", epoch })]);
      await commit(3, {
        starts: [
          { name: "r", atMs: 100, perMs: 50 },
          { name: "r", atMs: 120, perMs: 50 },
        ],
        outcomes: [],
      });
      // Fenced: that sequence number is taken.
      await commit(3, { starts: [{ name: "x", atMs: 900, perMs: 50 }], outcomes: [] });
      expect(await journal.admission(150)).toEqual({
        starts: [{ name: "r", atMs: 120, perMs: 50 }],
        breakers: [],
      });
      const breakers = async () => (await journal.admission(1_000)).breakers;
      await commit(4, outcome(1, true));
      expect(await breakers()).toEqual([
        { name: "b", failures: 1, openedAtMs: null, resetAfterMs: 500, untilMs: 2_001 },
      ]);
      await commit(5, outcome(2, false));
      expect(await breakers()).toEqual([]);
      await commit(6, outcome(3, true));
      await commit(7, outcome(4, true));
      const opened = { name: "b", failures: 2, openedAtMs: 4, resetAfterMs: 500, untilMs: 2_004 };
      expect(await breakers()).toEqual([opened]);
      // While it is open only the probe says anything.
      await commit(8, outcome(5, true));
      await commit(9, outcome(6, false));
      expect(await breakers()).toEqual([opened]);
      await commit(10, outcome(7, true, true));
      expect(await breakers()).toEqual([{ ...opened, failures: 3, openedAtMs: 7, untilMs: 2_007 }]);
      await commit(11, outcome(8, false, true));
      expect(await breakers()).toEqual([]);
      // After a quiet time failures count for nothing: neither in a row, nor after a restart.
      await commit(12, outcome(10, true));
      await commit(13, outcome(2_010, true));
      const alone = { name: "b", failures: 1, openedAtMs: null, resetAfterMs: 500, untilMs: 4_010 };
      expect(await breakers()).toEqual([alone]);
      expect((await journal.admission(4_009)).breakers).toEqual([alone]);
      expect((await journal.admission(4_010)).breakers).toEqual([]);
    });

    test("J2 what was committed is there after a restart, under a greater epoch", async () => {
      await using fixture = await open();
      const first = fixture.store;
      await first.journal.commit("c1", [
        creation({
          runId: "a",
          epoch: first.epoch,
          rest: {
            sends: [message("m1", "a")],
            startKey: { key: "k", bodyHash: "h" },
            checkpoint: { seq: 2, stateVersion: 3, state: '{"s":1}' },
          },
        }),
      ]);
      const { journal, epoch } = await fixture.reopen();
      expect(epoch).toBeGreaterThan(first.epoch);
      expect((await journal.head(ALICE, "a"))?.seq).toBe(2);
      expect((await journal.head(ALICE, "a"))?.epoch).toBe(epoch);
      expect(await journal.turns(ALICE, "a", 0, 10)).toHaveLength(1);
      expect(await journal.messages(10)).toEqual([message("m1", "a")]);
      expect(await journal.startKey(ALICE, "k")).toEqual({ runId: "a", bodyHash: "h" });
      expect(await journal.checkpoints(ALICE, "a", () => {})).toHaveLength(1);
      expect(await journal.committed("c1")).toBe(true);
    });

    test("J3 a turn of another epoch or place is fenced alone", async () => {
      await using fixture = await open();
      const { epoch: oldEpoch } = fixture.store;
      await fixture.store.journal.commit(
        "c1",
        ["a", "b", "c", "d"].map((runId) => creation({ runId, epoch: oldEpoch })),
      );
      const { journal, epoch } = await fixture.reopen();
      const leavesNothing = {
        sends: [message("m1", "d")],
        checkpoint: { seq: 2, stateVersion: 1, state: "{}" },
      };
      const answer = await journal.commit("c2", [
        turn({ runId: "a", epoch: oldEpoch, seqs: [3, 3], rest: leavesNothing }),
        turn({ runId: "b", epoch, seqs: [4, 4], rest: leavesNothing }),
        turn({ runId: "c", epoch, seqs: [2, 3], rest: leavesNothing }),
        turn({ runId: "nobody", epoch, seqs: [1, 1], rest: leavesNothing }),
        turn({ runId: "d", epoch, seqs: [3, 3] }),
        // A fenced run stays out for the rest of its group.
        turn({ runId: "b", epoch, seqs: [3, 3] }),
      ]);
      expect([...answer.fenced].sort()).toEqual(["alice/a", "alice/b", "alice/c", "alice/nobody"]);
      for (const runId of ["a", "b", "c"]) {
        expect((await journal.head(ALICE, runId))?.seq).toBe(2);
        expect(await journal.checkpoints(ALICE, runId, () => {})).toEqual([]);
      }
      expect((await journal.head(ALICE, "d"))?.seq).toBe(3);
      expect(await journal.messages(10)).toEqual([]);
      expect(await journal.committed("c2")).toBe(true);
    });

    test("J3 each run goes on behind its last turn, however its head is read, also after a restart", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const runs = ["a", "b", "c", "d"];
      await journal.commit(
        "c1",
        runs.map((runId) => creation({ runId, epoch })),
      );
      // Run number i gets i more turns, side by side with the others'.
      for (let round = 1; round < runs.length; round++)
        await journal.commit(
          `c1.${round}`,
          runs
            .slice(round)
            .map((runId) =>
              turn({ runId, epoch, seqs: [round + 2, round + 2], status: "running" }),
            ),
        );
      const seqs = [2, 3, 4, 5];
      const see = async (seen: typeof journal) => {
        const heads = await Promise.all(runs.map((runId) => seen.head(ALICE, runId)));
        expect(heads.map((head) => head?.seq)).toEqual(seqs);
        const listed = (await seen.heads(ALICE, { limit: 10 })).items;
        expect(new Map(listed.map(({ runId, seq }) => [runId, seq]))).toEqual(
          new Map(runs.map((runId, index) => [runId, seqs[index]])),
        );
        expect((await seen.openRuns(null, 10)).map(({ seq }) => seq)).toEqual(seqs);
      };
      await see(journal);
      const next = await fixture.reopen();
      await see(next.journal);
      const early = runs.map((runId) => turn({ runId, epoch: next.epoch, seqs: [2, 2] }));
      expect([...(await next.journal.commit("c2", early)).fenced].sort()).toEqual(
        runs.map((runId) => `alice/${runId}`),
      );
      const due = runs.map((runId, index) =>
        turn({ runId, epoch: next.epoch, seqs: [index + 3, index + 3] }),
      );
      expect(await next.journal.commit("c3", due)).toEqual({ fenced: [] });
    });

    test("J4 a message is applied once, however often it is sent", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const sends = [message("m1", "a"), message("m2", "a")];
      await journal.commit("c1", [creation({ runId: "a", epoch, rest: { sends } })]);
      await journal.commit("c2", [
        turn({ runId: "a", epoch, rest: { sends: [{ ...message("m1", "a"), body: "{}" }] } }),
      ]);
      expect(await journal.messages(10)).toEqual(sends);
      expect(await journal.messages(1)).toEqual(sends.slice(0, 1));
      await journal.commit("c3", [turn({ runId: "a", epoch, rest: { consumes: ["m1", "x"] } })]);
      expect((await journal.messages(10)).map(({ id }) => id)).toEqual(["m2"]);
      const again = [...sends, message("x", "a")];
      await journal.commit("c4", [turn({ runId: "a", epoch, rest: { sends: again } })]);
      expect((await journal.messages(10)).map(({ id }) => id)).toEqual(["m2"]);
      const bobs = { ...message("m1", "b"), tenant: BOB.tenant };
      await journal.commit("c5", [
        creation({ tenant: BOB.tenant, runId: "b", epoch, rest: { sends: [bobs] } }),
      ]);
      expect((await journal.messages(10)).map(({ id }) => id)).toEqual(["m2", "m1"]);
      expect(await journal.messages(10, message("m2", "a"))).toEqual([bobs]);
      // A page goes on after its last message, also when that has been consumed meanwhile.
      expect(await journal.messages(10, message("m1", "a"))).toHaveLength(2);
      expect(await journal.messages(10, bobs)).toEqual([]);
    });

    test("J4 a turn without a record consumes, and leaves the head as it is", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const sends = [message("m1", "a")];
      await journal.commit("c1", [creation({ runId: "a", epoch, rest: { sends } })]);
      const before = await journal.head(ALICE, "a");
      const late = { record: null, consumes: ["m1"], status: "failed", endedAtMs: 9 } as const;
      await journal.commit("c2", [turn({ runId: "a", epoch, rest: late })]);
      expect(await journal.messages(10)).toEqual([]);
      expect(await journal.head(ALICE, "a")).toEqual(before);
      expect((await journal.counts(ALICE)).failed).toBe(0);
    });

    test("J5 committed() tells of groups that did and did not commit", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const underWay = journal.commit("c1", [creation({ runId: "a", epoch })]);
      expect(await journal.committed("c1")).toBe(true);
      await underWay;
      expect(await journal.committed("c0")).toBe(false);
    });

    test("J6 turns come in order and whole, from any place, in pages of any size", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      let cases = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
          fc.nat(60),
          fc.integer({ min: 1, max: 5 }),
          async (lengths, afterSeq, limit) => {
            const runId = `run${cases++}`;
            await journal.commit(`create ${runId}`, [creation({ runId, epoch })]);
            const ranges: [number, number][] = [[1, 2]];
            for (const length of lengths) {
              const first = (ranges.at(-1)?.[1] ?? 0) + 1;
              ranges.push([first, first + length - 1]);
            }
            await journal.commit(
              `advance ${runId}`,
              ranges.slice(1).map((seqs) => turn({ runId, epoch, seqs })),
            );
            const expected = ranges.filter(([, last]) => last > afterSeq);
            const page = await journal.turns(ALICE, runId, afterSeq, limit);
            expect(page.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual(
              expected.slice(0, limit),
            );
            const holder = ranges.find(([first, last]) => first <= afterSeq && afterSeq <= last);
            const found = await journal.turnAt(ALICE, runId, afterSeq);
            expect(found && [found.firstSeq, found.lastSeq]).toEqual(holder ?? null);
          },
        ),
        { numRuns: 50 },
      );
    });

    test("reads of many runs at once each get their own: heads, pages of turns, checkpoints", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const ids = Array.from({ length: 70 }, (_, at) => `many${at}`);
      await journal.commit("create", [
        ...ids.map((runId) => creation({ runId, epoch })),
        creation({ ...BOB, runId: "many1", epoch, labels: { of: "bob" } }),
      ]);
      for (const [at, seq] of [3, 4, 5].entries())
        await journal.commit(
          `turn ${seq}`,
          ids.slice(at * 10).map((runId, of) => {
            const checkpoint = { seq, stateVersion: 1, state: JSON.stringify({ runId, of }) };
            return turn({ runId, epoch, seqs: [seq - at, seq - at], rest: { checkpoint } });
          }),
        );
      const asked = [...ids, "nobody", "many1"];
      const read = async (context: typeof ALICE, runId: string, at: number) => [
        await journal.head(context, runId),
        await journal.turns(context, runId, at % 4, 1 + (at % 3)),
        await journal.checkpoints(context, runId, () => undefined),
      ];
      const alone: unknown[] = [];
      for (const [at, runId] of asked.entries()) alone.push(await read(ALICE, runId, at));
      alone.push(await read(BOB, "many1", 0));
      const together = [...asked.map((runId, at) => read(ALICE, runId, at)), read(BOB, "many1", 0)];
      expect(await Promise.all(together)).toEqual(alone);
      expect(alone.at(-3)).toEqual([null, [], []]);
      expect(alone.at(-1)).not.toEqual(alone.at(-2));
    });

    test("J7 creating a run that exists fences that turn; another tenant's is another run", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c1", [creation({ runId: "a", epoch })]);
      const answer = await journal.commit("c2", [
        creation({ runId: "a", epoch, workflow: "other" }),
        creation({ runId: "b", epoch }),
        // Another tenant's run of the same id is another run, also in the answer.
        creation({ tenant: BOB.tenant, runId: "a", epoch }),
      ]);
      expect(answer).toEqual({ fenced: ["alice/a"] });
      expect((await journal.head(ALICE, "a"))?.workflow).toBe("report");
      expect(await journal.head(ALICE, "b")).not.toBeNull();
      expect((await journal.head(BOB, "a"))?.tenant).toBe("bob");
      expect(await journal.head(BOB, "b")).toBeNull();
      expect(await journal.turns(BOB, "b", 0, 10)).toEqual([]);
    });

    test("J3, J7 a turn that is committed alone is judged, kept and counted as one among many", async () => {
      await using fixture = await open();
      const { journal: first, epoch: oldEpoch } = fixture.store;
      await first.commit("old", [creation({ runId: "old", epoch: oldEpoch })]);
      const { journal, epoch } = await fixture.reopen();
      const over = { startedAtMs: 1_003, endedAtMs: 1_004, errorCode: "no\0way" };
      const lives = (runId: string) => [
        creation({ runId, epoch, status: "queued", parentRunId: "old", createdAtMs: 7 }),
        turn({ runId, epoch, seqs: [3, 3], status: "running", rest: { startedAtMs: 1_003 } }),
        turn({ runId, epoch, seqs: [4, 5], status: "failed", rest: over }),
      ];
      const born = (runId: string) => [creation({ runId, epoch, status: "failed", rest: over })];
      const alone = [...lives("alone"), ...born("born-alone")];
      for (const [index, one] of alone.entries())
        expect(await journal.commit(`alone ${index}`, [one])).toEqual({ fenced: [] });
      const late = [
        creation({ runId: "alone", epoch, workflow: "other" }),
        turn({ runId: "alone", epoch, seqs: [5, 6], status: "running" }),
        turn({ runId: "alone", epoch, seqs: [7, 7], status: "running" }),
        turn({ runId: "old", epoch: oldEpoch, seqs: [3, 3], status: "waiting" }),
        turn({ runId: "nobody", epoch, seqs: [1, 1] }),
        turn({ tenant: BOB.tenant, runId: "alone", epoch, seqs: [6, 6] }),
      ];
      for (const [index, one] of late.entries()) {
        const fenced = [`${one.tenant}/${one.runId}`];
        expect(await journal.commit(`late ${index}`, [one]), `${index}`).toEqual({ fenced });
        expect(await journal.committed(`late ${index}`)).toBe(true);
      }
      const counted = await journal.counts(ALICE);
      expect(counted).toMatchObject({ queued: 0, running: 1, waiting: 0, failed: 2 });
      // The same lives again, each turn beside another one.
      const groups = [lives("among"), lives("other")];
      for (const [index, one] of (groups[0] ?? []).entries())
        await journal.commit(`group ${index}`, [one, groups[1]?.[index] ?? one]);
      await journal.commit("group born", [...born("born-among"), ...born("born-other")]);
      for (const [one, many] of [
        ["alone", "among"],
        ["born-alone", "born-among"],
      ] as const) {
        const head = await journal.head(ALICE, one);
        expect(head).toEqual({ ...(await journal.head(ALICE, many)), runId: one });
        expect(head).toMatchObject({ errorCode: over.errorCode, endedAtMs: 1_004 });
        const [mine, theirs] = [one, many].map((runId) => journal.turns(ALICE, runId, 0, 9));
        expect(await mine).toEqual(
          (await theirs)?.map(({ events, ...rest }) => ({
            ...rest,
            ...{ runId: one, events: events.replaceAll(many, one) },
          })),
        );
      }
      expect(await journal.counts(ALICE)).toEqual({ ...counted, failed: 6 });
    });

    test("a start key belongs to the first start that takes it, for seven days", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const rest = { startKey: { key: "k", bodyHash: "h" } };
      await journal.commit("c1", [creation({ runId: "a", epoch, rest })]);
      expect(await journal.commit("c2", [creation({ runId: "b", epoch, rest })])).toEqual({
        fenced: ["alice/b"],
      });
      expect(await journal.head(ALICE, "b")).toBeNull();
      expect(await journal.startKey(BOB, "k")).toBeNull();
      fixture.advance(7 * DAY_MS);
      expect(await journal.startKey(ALICE, "k")).toBeNull();
      await journal.commit("c3", [creation({ runId: "b", epoch, rest })]);
      expect(await journal.startKey(ALICE, "k")).toEqual({ runId: "b", bodyHash: "h" });
    });

    test("the last two checkpoints are kept, newest first; a turn may bring nothing else", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c0", [creation({ runId: "a", epoch })]);
      for (const seq of [1, 2, 2]) {
        const checkpoint = { seq, stateVersion: 1, state: `{"at":${seq}}` };
        await journal.commit(`c${seq}`, [turn({ runId: "a", epoch, rest: { checkpoint } })]);
      }
      await journal.commit("c3", [
        turn({
          runId: "a",
          epoch,
          seqs: [3, 3],
          rest: { checkpoint: { seq: 3, stateVersion: 2, state: '"ü"' } },
        }),
      ]);
      const corrupt: number[] = [];
      expect(await journal.checkpoints(ALICE, "a", (seq) => corrupt.push(seq))).toEqual([
        { seq: 3, stateVersion: 2, state: '"ü"' },
        { seq: 2, stateVersion: 1, state: '{"at":2}' },
      ]);
      expect(corrupt).toEqual([]);
    });

    test("pinned checkpoints stay beside the last two, and are listed with their size", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c0", [creation({ runId: "a", epoch })]);
      for (let seq = 1; seq <= 7; seq++) {
        const isPinned = seq === 2 || seq === 6;
        const checkpoint = { seq, stateVersion: 1, state: `"ü${seq}"`, isPinned };
        await journal.commit(`c${seq}`, [turn({ runId: "a", epoch, rest: { checkpoint } })]);
      }
      // Saved once more without a pin, it stays pinned.
      const again = { seq: 2, stateVersion: 1, state: '"again"' };
      await journal.commit("c8", [turn({ runId: "a", epoch, rest: { checkpoint: again } })]);
      const marks = [
        { seq: 7, bytes: 5, isPinned: false },
        { seq: 6, bytes: 5, isPinned: true },
        { seq: 2, bytes: 7, isPinned: true },
      ];
      expect(await journal.checkpointMarks(ALICE, "a")).toEqual(marks);
      expect(await journal.checkpointMarks(BOB, "a")).toEqual([]);
      const found = await journal.checkpoints(ALICE, "a", () => {});
      expect(found.map(({ seq }) => seq)).toEqual([7, 6, 2]);
      expect(found.at(-1)).toEqual(again);
    });

    test("counts and open runs follow every change of status", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      await journal.commit("c1", [
        creation({ runId: "a", epoch, createdAtMs: 1 }),
        creation({ runId: "b", epoch, createdAtMs: 2, status: "queued" }),
        creation({ runId: "c", epoch, createdAtMs: 3, tenant: BOB.tenant }),
        turn({ runId: "a", epoch, seqs: [3, 3], status: "waiting" }),
        turn({ runId: "b", epoch, seqs: [3, 3], status: "succeeded" }),
      ]);
      const none = {
        queued: 0,
        running: 0,
        waiting: 0,
        paused: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
      };
      expect(await journal.counts(ALICE)).toEqual({ ...none, waiting: 1, succeeded: 1 });
      expect(await journal.counts(null)).toEqual({
        ...none,
        waiting: 1,
        succeeded: 1,
        running: 1,
      });
      const firstPage = await journal.openRuns(null, 1);
      expect(firstPage.map(({ runId }) => runId)).toEqual(["a"]);
      const rest = await journal.openRuns(firstPage[0] ?? null, 10);
      expect(rest.map(({ runId, tenant }) => [tenant, runId])).toEqual([["bob", "c"]]);
    });

    test("lists filter by everything, newest first, and pages join without gap or double", async () => {
      await using fixture = await open();
      const { journal, epoch } = fixture.store;
      const statuses = ["running", "waiting", "failed", "succeeded"] as const;
      const group: TurnCommit[] = [];
      for (let index = 0; index < 60; index++) {
        group.push(
          creation({
            runId: `r${index}`,
            epoch,
            status: statuses[index % 4] ?? "running",
            workflow: index % 3 === 0 ? "report" : "import",
            // Several share an instant.
            createdAtMs: 1_000 + Math.floor(index / 5),
            labels: { parity: index % 2 === 0 ? "even" : "odd", fifth: String(index % 5) },
            ...(index % 4 === 1 ? { parentRunId: `r${index - 1}` } : {}),
          }),
        );
      }
      group.push(creation({ tenant: BOB.tenant, runId: "r0", epoch }));
      await journal.commit("c1", group);
      const all = (await journal.heads(ALICE, { limit: 100 })).items;
      expect(all.map(({ runId }) => runId)).toEqual(
        Array.from({ length: 60 }, (_, index) => `r${59 - index}`),
      );
      const filters: readonly Omit<RunFilter, "limit">[] = [
        {},
        { status: ["failed"] },
        { status: ["running", "waiting"] },
        { status: [] },
        { workflow: "report" },
        { workflow: "report", status: ["running", "failed"] },
        { labels: { parity: "even" } },
        { labels: { parity: "even", fifth: "2" } },
        { labels: { parity: "odd" }, status: ["waiting"], workflow: "import" },
        { parentRunId: "r4" },
        { parentRunId: "r4", status: ["running"] },
        { createdAfterMs: 1_003, createdBeforeMs: 1_008 },
        { status: ["succeeded", "failed"], createdAfterMs: 1_004 },
        { labels: { fifth: "1" }, createdBeforeMs: 1_005 },
        { workflow: "nothing" },
      ];
      for (const filter of filters) {
        const paged: RunHead[] = [];
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof journal.heads>> = await journal.heads(ALICE, {
            ...filter,
            ...(cursor === null ? {} : { cursor }),
            limit: 7,
          });
          expect(page.items.length).toBeLessThanOrEqual(7);
          paged.push(...page.items);
          cursor = page.cursor;
        } while (cursor !== null);
        expect(paged, JSON.stringify(filter)).toEqual(all.filter((run) => matches(run, filter)));
      }
      await expect(journal.heads(ALICE, { limit: 5, cursor: "made up" })).rejects.toMatchObject({
        code: "request_invalid",
      });
    });

    test("a closed store refuses, and closing waits for what is under way", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const { epoch, journal } = store;
      const underWay = journal.commit("c1", [creation({ runId: "a", epoch })]);
      await store.close();
      expect(await underWay).toEqual({ fenced: [] });
      await store.close();
      await expect(journal.commit("c2", [])).rejects.toMatchObject({ code: "store_unavailable" });
      await expect(journal.head(ALICE, "a")).rejects.toMatchObject({ code: "store_unavailable" });
      const reopened = await fixture.reopen();
      expect(await reopened.journal.head(ALICE, "a")).not.toBeNull();
    });
  });
}

function matches(run: RunHead, filter: Omit<RunFilter, "limit">): boolean {
  return (
    (filter.status === undefined || filter.status.includes(run.status)) &&
    (filter.workflow === undefined || filter.workflow === run.workflow) &&
    (filter.parentRunId === undefined || filter.parentRunId === run.parentRunId) &&
    Object.entries(filter.labels ?? {}).every(([name, value]) => run.labels[name] === value) &&
    run.createdAtMs > (filter.createdAfterMs ?? Number.NEGATIVE_INFINITY) &&
    run.createdAtMs < (filter.createdBeforeMs ?? Number.POSITIVE_INFINITY)
  );
}
