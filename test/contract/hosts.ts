/** The promises H1 to H6 of src/ports/hosts.ts, for every adapter that has hosts. */
import { describe, expect, test } from "vitest";
import type { Hosts } from "#ports/hosts.ts";
import type { Store } from "#ports/store.ts";
import { ALICE, creation, turn } from "./store-fixture.ts";

export interface HostsFixture extends AsyncDisposable {
  /** One more host on the same store. */
  join(name: string): Promise<HostStore>;
  /** Lets every lease run out that was renewed before now. */
  untilLapsed(): Promise<void>;
}

export type OpenHosts = () => Promise<HostsFixture>;

export type HostStore = Store & { readonly hosts: Hosts };

const ALIVE = { address: null, openRuns: 0, isDraining: false };

async function withRuns(store: HostStore, ...runIds: string[]): Promise<void> {
  const { epoch } = store;
  const group = runIds.map((runId) => creation({ runId, epoch }));
  expect(await store.journal.commit(`create ${runIds}`, group)).toEqual({ fenced: [] });
}

const idsOf = (heads: readonly { readonly runId: string }[]) => heads.map(({ runId }) => runId);

export function hostsContract(adapter: string, open: OpenHosts): void {
  describe(`hosts contract: ${adapter}`, () => {
    test("H1 a run is its creator's; the next owner has a greater epoch, and fences the one before", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      await a.hosts.beat(ALIVE);
      await b.hosts.beat(ALIVE);
      await withRuns(a, "r", "s");
      expect(await a.journal.head(ALICE, "r")).toMatchObject({
        owner: a.hosts.host,
        epoch: a.epoch,
      });
      expect(await b.hosts.claim(10)).toEqual([]);
      await a.hosts.release([{ tenant: ALICE.tenant, runId: "r", epoch: a.epoch }]);
      expect(await b.journal.head(ALICE, "r")).toMatchObject({ owner: null });
      const [head, ...others] = await b.hosts.claim(10);
      expect(others).toEqual([]);
      expect(head).toMatchObject({ runId: "r", owner: b.hosts.host, seq: 2, status: "running" });
      expect(head?.epoch).toBeGreaterThan(a.epoch);
      const late = turn({ runId: "r", epoch: a.epoch, seqs: [3, 3] });
      const other = turn({ runId: "s", epoch: a.epoch, seqs: [3, 3] });
      expect(await a.journal.commit("late", [late, other])).toEqual({ fenced: ["alice/r"] });
      expect((await a.journal.head(ALICE, "s"))?.seq).toBe(3);
      const now = turn({ runId: "r", epoch: head?.epoch ?? 0, seqs: [3, 3] });
      expect(await b.journal.commit("now", [now])).toEqual({ fenced: [] });
      // As if the answer had been lost.
      expect(idsOf(await b.hosts.claimed(a.epoch))).toEqual(["r"]);
      expect(await b.hosts.claimed(head?.epoch ?? 0)).toEqual([]);
      // Back to the first: its epoch of before does not come back.
      await b.hosts.release([{ tenant: ALICE.tenant, runId: "r", epoch: head?.epoch ?? 0 }]);
      const [again] = await a.hosts.claim(10);
      expect(again?.epoch).toBeGreaterThan(head?.epoch ?? 0);
    });

    test("H1 what is another's by now is not given up, and runs that end are nobody's", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      await a.hosts.beat(ALIVE);
      await withRuns(a, "r", "over");
      await a.hosts.release([{ tenant: ALICE.tenant, runId: "r", epoch: a.epoch }]);
      const [mine] = await b.hosts.claim(10);
      await a.hosts.release([{ tenant: ALICE.tenant, runId: "r", epoch: mine?.epoch ?? 0 }]);
      expect(await a.journal.head(ALICE, "r")).toMatchObject({ owner: b.hosts.host });
      const ended = { status: "succeeded", rest: { endedAtMs: 9 } } as const;
      const last = turn({ runId: "over", epoch: a.epoch, seqs: [3, 3], ...ended });
      expect(await a.journal.commit("end", [last])).toEqual({ fenced: [] });
      expect(await a.journal.head(ALICE, "over")).toMatchObject({ owner: null });
      for (const runIds of [["once"], ["twice", "thrice"]]) {
        const born = runIds.map((runId) => creation({ runId, epoch: a.epoch, ...ended }));
        expect(await a.journal.commit(`born ${runIds}`, born)).toEqual({ fenced: [] });
        for (const runId of runIds)
          expect(await a.journal.head(ALICE, runId)).toMatchObject({ owner: null });
      }
      await a.hosts.leave();
      expect(await b.hosts.claim(10)).toEqual([]);
      expect(await b.hosts.claimRun(ALICE.tenant, "over")).toBeNull();
    });

    test("H2 however many ask, each run goes to one of them, the oldest first", async () => {
      await using fixture = await open();
      const a = await fixture.join("a");
      await a.hosts.beat(ALIVE);
      const runIds = Array.from({ length: 40 }, (_, index) => `r${index + 10}`);
      await withRuns(a, ...runIds);
      await a.hosts.leave();
      const others = await Promise.all(["b", "c", "d"].map((name) => fixture.join(name)));
      for (const { hosts } of others) await hosts.beat(ALIVE);
      const claimed = new Map<string, number>();
      let isMore = true;
      while (isMore) {
        const taken = await Promise.all(others.map(({ hosts }) => hosts.claim(3)));
        isMore = taken.some((heads) => heads.length > 0);
        for (const [index, heads] of taken.entries()) {
          expect(idsOf(heads)).toEqual(idsOf(heads).toSorted());
          for (const head of heads) {
            expect(head.owner).toBe(others[index]?.hosts.host);
            expect(claimed.has(head.runId)).toBe(false);
            claimed.set(head.runId, index);
          }
        }
      }
      expect([...claimed.keys()].sort()).toEqual(runIds);
      expect(new Set(claimed.values()).size).toBe(3);
    });

    test("H2 a host that has lapsed loses its runs to whoever asks, one run by name too", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      const joined = await a.hosts.beat(ALIVE);
      expect(joined.hosts.map(({ host }) => host)).toEqual([a.hosts.host]);
      await withRuns(a, "r", "s");
      expect(await b.hosts.claimRun(ALICE.tenant, "r")).toBeNull();
      await fixture.untilLapsed();
      await b.hosts.beat(ALIVE);
      expect(await b.hosts.claimRun(ALICE.tenant, "nobody")).toBeNull();
      expect(await b.hosts.claimRun(ALICE.tenant, "r")).toMatchObject({ owner: b.hosts.host });
      expect(idsOf(await b.hosts.claim(10))).toEqual(["s"]);
    });

    test("H3 a lease that ran out goes on, with the runs that nobody took", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      await a.hosts.beat(ALIVE);
      await withRuns(a, "r", "s");
      expect((await a.hosts.beat(ALIVE)).wasLate).toBe(false);
      await fixture.untilLapsed();
      expect((await b.hosts.beat(ALIVE)).hosts.map(({ name }) => name)).toEqual(["b"]);
      await b.hosts.claimRun(ALICE.tenant, "s");
      const back = await a.hosts.beat({ ...ALIVE, openRuns: 7, address: "http://a" });
      expect(back.wasLate).toBe(true);
      expect(back.hosts).toMatchObject([
        { name: "a", openRuns: 7, address: "http://a", isDraining: false },
        { name: "b" },
      ]);
      expect(await b.hosts.claim(10)).toEqual([]);
      const group = ["r", "s"].map((runId) => turn({ runId, epoch: a.epoch, seqs: [3, 3] }));
      expect(await a.journal.commit("later", group)).toEqual({ fenced: ["alice/s"] });
    });

    test("H5 a notice reaches its host, and nobody else", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      const heard: string[] = [];
      const other = Promise.withResolvers<void>();
      a.hosts.onNotice((notice) => void heard.push(notice));
      b.hosts.onNotice((notice) => notice === "messages" && other.resolve());
      await a.hosts.tell(b.hosts.host, "messages");
      await other.promise;
      expect(heard).toEqual([]);
    });

    test("H6 questions are answered by the host that is asked; failures and silence reject", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      b.hosts.onAsk(async (question) => `${question} yes ü 漢 \\u0000`);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => a.hosts.ask(b.hosts.host, `${index}?`, 10_000)),
      );
      expect(answers).toEqual(answers.map((_, index) => `${index}? yes ü 漢 \\u0000`));
      // Nobody answers at a.
      await expect(b.hosts.ask(a.hosts.host, "?", 50)).rejects.toMatchObject({
        code: "store_unavailable",
      });
    });

    test("messages are carried by the owner of their receiver, or of who sent them, or by anybody", async () => {
      await using fixture = await open();
      const [a, b] = [await fixture.join("a"), await fixture.join("b")];
      await a.hosts.beat(ALIVE);
      await b.hosts.beat(ALIVE);
      await withRuns(a, "of-a");
      await withRuns(b, "of-b");
      const { tenant } = ALICE;
      const send = (id: string, toRunId: string) => ({
        id,
        tenant,
        toRunId,
        kind: "x",
        body: "{}",
      });
      const sends = [send("m1", "of-b"), send("m2", "of-a"), send("m3", "unborn")];
      const sending = turn({ runId: "of-a", epoch: a.epoch, seqs: [3, 3], rest: { sends } });
      expect(await a.journal.commit("send", [sending])).toEqual({ fenced: [] });
      const carried = async (store: HostStore) =>
        (await store.journal.messages(10)).map(({ id }) => id);
      expect(await carried(a)).toEqual(["m2", "m3"]);
      expect(await carried(b)).toEqual(["m1"]);
      await a.hosts.leave();
      expect(await carried(b)).toEqual(["m1"]);
      const [head] = await b.hosts.claim(10);
      expect(await carried(b)).toEqual(["m1", "m2", "m3"]);
      const over = { status: "succeeded", rest: { endedAtMs: 9 } } as const;
      const last = turn({ runId: "of-a", epoch: head?.epoch ?? 0, seqs: [4, 4], ...over });
      expect(await b.journal.commit("end", [last])).toEqual({ fenced: [] });
      // Their sender has ended: whoever looks may carry them.
      const c = await fixture.join("c");
      await c.hosts.beat(ALIVE);
      expect(await carried(c)).toEqual(["m2", "m3"]);
    });
  });
}
