/** The promises L1 to L5 of src/ports/step-logs.ts, for every adapter. */
import { describe, expect, test } from "vitest";
import type { StepLogQuery, StepLogWrite } from "#ports/step-logs.ts";
import type { Store } from "#ports/store.ts";
import { ALICE, BOB, creation, type OpenFixture, turn } from "./store-fixture.ts";

const ALL: StepLogQuery = { after: 0, limit: 1_000 };

function said(path: string, line: number, more: Partial<StepLogWrite> = {}): StepLogWrite {
  const text = `${path} ${line}`;
  return { path, attempt: 1, line, atMs: 1_000 + line, level: "info", text, fields: null, ...more };
}

async function logged(
  store: Store,
  runId: string,
  logs: readonly StepLogWrite[],
  commitId = `c-${runId}-${logs[0]?.text}`,
): Promise<readonly string[]> {
  const { fenced } = await store.journal.commit(commitId, [
    turn({ runId, epoch: store.epoch, rest: { logs } }),
  ]);
  return fenced;
}

async function create(store: Store, runId: string, tenant = ALICE.tenant): Promise<void> {
  const { epoch } = store;
  await store.journal.commit(`new-${tenant}-${runId}`, [creation({ tenant, runId, epoch })]);
}

async function texts(store: Store, runId: string, query = ALL): Promise<readonly string[]> {
  return (await store.logs.read(ALICE, runId, query)).map(({ text }) => text);
}

export function stepLogsContract(adapter: string, open: OpenFixture): void {
  describe(`step logs contract: ${adapter}`, () => {
    test("a line is read back as it was written, after a restart too", async () => {
      await using fixture = await open();
      await create(fixture.store, "a");
      const written = said("m[1].fetch", 1, {
        ...{ attempt: 3, level: "error", text: "ü 😀", fields: '{"size":7}' },
      });
      await logged(fixture.store, "a", [written]);
      const store = await fixture.reopen();
      const [line] = await store.logs.read(ALICE, "a", ALL);
      expect(line).toEqual({ ...written, position: expect.any(Number) as number });
    });

    test("L1 a line that is written again stays as it was, and is there once", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await create(store, "a");
      await logged(store, "a", [said("s", 1), said("s", 2)], "c1");
      await logged(store, "a", [said("s", 2, { text: "other" }), said("s", 3)], "c2");
      expect(await texts(store, "a")).toEqual(["s 1", "s 2", "s 3"]);
      // Another attempt, and another step, number their own.
      await logged(store, "a", [said("s", 1, { attempt: 2 }), said("t", 1)], "c3");
      expect(await texts(store, "a")).toEqual(["s 1", "s 2", "s 3", "s 1", "t 1"]);
    });

    test("L2 lines come with their turn, and a fenced turn leaves none", async () => {
      await using fixture = await open();
      const { store } = fixture;
      const { epoch } = store;
      const first = creation({ runId: "a", epoch, rest: { logs: [said("s", 1)] } });
      await store.journal.commit("c1", [first]);
      const late = turn({ runId: "a", epoch, seqs: [9, 9], rest: { logs: [said("s", 2)] } });
      const good = turn({ runId: "a", epoch, seqs: [3, 3], rest: { logs: [said("s", 3)] } });
      expect(await store.journal.commit("c2", [late])).toEqual({ fenced: ["alice/a"] });
      expect(await store.journal.commit("c3", [good])).toEqual({ fenced: [] });
      expect(await texts(store, "a")).toEqual(["s 1", "s 3"]);
      expect(await logged(store, "none", [said("s", 1)])).toEqual(["alice/none"]);
      expect(await texts(store, "none")).toEqual([]);
    });

    test("L3 pages by position hold every line once, in the order of the commits", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await create(store, "a");
      await create(store, "b");
      for (let line = 1; line <= 7; line++)
        for (const runId of ["a", "b"])
          await logged(store, runId, [said(runId, line)], `${runId}${line}`);
      const seen: string[] = [];
      for (let after = 0; ; ) {
        const page = await store.logs.read(ALICE, "a", { after, limit: 3 });
        seen.push(...page.map(({ text }) => text));
        if (page.length < 3) break;
        after = page.at(-1)?.position ?? Number.NaN;
      }
      expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((line) => `a ${line}`));
    });

    test("a read can be of one step, one attempt and from one level on", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await create(store, "a");
      const levels = ["debug", "info", "warn", "error"] as const;
      const lines = ["s", "t"].flatMap((path) =>
        [1, 2].flatMap((attempt) =>
          levels.map((level, index) => {
            const text = `${path}${attempt}${level}`;
            return said(path, index + 1, { attempt, level, text });
          }),
        ),
      );
      await logged(store, "a", lines);
      const ask = (query: Partial<StepLogQuery>) => texts(store, "a", { ...ALL, ...query });
      expect(await ask({})).toHaveLength(16);
      expect(await ask({ path: "s", attempt: 2 })).toEqual(levels.map((level) => `s2${level}`));
      expect(await ask({ path: "t", level: "error" })).toEqual(["t1error", "t2error"]);
      expect(await ask({ attempt: 1, level: "warn" })).toEqual([
        ...["s1warn", "s1error", "t1warn", "t1error"],
      ]);
      expect(await ask({ path: "none" })).toEqual([]);
    });

    test("L4 lines go with their run, at once and from the disk", async () => {
      await using fixture = await open();
      const { store } = fixture;
      // An adapter that keeps everything for ever has nothing to keep here.
      if (store.upkeep === undefined) return;
      const { epoch } = store;
      const over = { status: "succeeded", rest: { endedAtMs: 5, logs: [said("s", 1)] } } as const;
      await store.journal.commit("c1", [creation({ runId: "a", epoch, ...over })]);
      await store.journal.commit("c2", [creation({ runId: "b", epoch, ...over })]);
      await store.upkeep.remove(ALICE, "a", null);
      expect(await texts(store, "a")).toEqual([]);
      // A line that comes late finds no run, now or once all of it is gone.
      await logged(store, "a", [said("s", 2)], "late");
      expect(await texts(store, "a")).toEqual([]);
      while (!(await store.upkeep.purge(1)).isDone);
      expect(await logged(store, "a", [said("s", 3)], "later")).toEqual(["alice/a"]);
      expect(await texts(store, "b")).toEqual(["s 1"]);
    });

    test("L5 nobody reads lines of another tenant", async () => {
      await using fixture = await open();
      const { store } = fixture;
      await create(store, "a");
      await create(store, "a", BOB.tenant);
      await logged(store, "a", [said("s", 1)]);
      expect(await store.logs.read(BOB, "a", ALL)).toEqual([]);
      expect(await texts(store, "a")).toEqual(["s 1"]);
    });
  });
}
