/**
 * What the store must say before a step can go on, of shared values and of remembered results:
 * asked once for all that wait for it, waited for while the store is away, and never asked for ever
 * where the store has answered that it cannot say.
 */
import { expect, test } from "vitest";
import { LockstitchError } from "#errors/errors.ts";
import { type Bench, context, driven, openBench, work, workflow } from "./engine-fixture.ts";

const counter = { id: "add", uses: "state.counter", with: { name: "n", scope: "tenant" } };

/** So many steps at once in one run. */
const many = (count: number, step: object) =>
  workflow("many", {
    steps: [
      {
        ...{ id: "all", uses: "for_each" },
        with: {
          items: { range: { start: 0, end: count } },
          ...{ concurrency: count, collect: false },
        },
        steps: [step],
      },
    ],
  });

const READS = ["findShared", "sharedUsage", "findMemo"];

function refuse(code: "store_unavailable" | "store_corrupt"): never {
  throw new LockstitchError(code, `${code} (simulated)`);
}

async function counted(bench: Bench): Promise<unknown> {
  const key = { scope: "tenant", workflow: "", name: "n" } as const;
  const found = await driven(bench.clock, bench.store.state.find(context, key));
  return found === null ? null : (JSON.parse(found.value) as unknown);
}

test("10,000 steps of one run that wait for the same value are put off without recursion", async () => {
  let before = 0;
  await using bench = await openBench({
    faults: {
      onCommit: ({ turns }) => {
        const uses = turns.flatMap(({ shared }) => shared ?? []);
        if (before > 0 || uses.length === 0) return { kind: "none" };
        before = uses.length;
        const key = { scope: "tenant", workflow: "", name: "n" } as const;
        // Behind this commit: the counter begins anew.
        void bench.store.state.change(context, { ...key, value: "40", reason: null });
        return { kind: "none", delayMs: 100 };
      },
    },
    // One turn takes all mails: it meets every one of those that have to wait.
    limits: { attemptsMax: 10_000, mailboxMax: 20_000, turnMs: 60_000 },
  });
  expect(await bench.run(many(10_000, counter))).toMatchObject({ status: "succeeded" });
  expect(before).toBeGreaterThan(0);
  expect(await counted(bench)).toBe(40 + 10_000 - before);
});

test("what a tenant keeps is asked for once, however many steps wait for it", async () => {
  const reads: Record<string, number> = {};
  await using bench = await openBench({
    faults: {
      onRead: (operation) => {
        reads[operation] = (reads[operation] ?? 0) + 1;
        return 5;
      },
    },
  });
  expect(await bench.run(many(500, counter))).toMatchObject({ status: "succeeded" });
  expect([reads["sharedUsage"], reads["findShared"]]).toEqual([1, 1]);
  expect(await counted(bench)).toBe(500);
});

test("an operator's change while the room is counted is counted too", async () => {
  let counts = 0;
  await using bench = await openBench({
    faults: { onRead: (operation) => (operation === "sharedUsage" && ++counts === 1 ? 50 : 0) },
  });
  const of = { scope: "tenant", workflow: "", reason: null } as const;
  for (let index = 0; index < 9_998; index++) {
    const change = { ...of, name: `v${index}`, value: "1" };
    await driven(bench.clock, bench.store.state.change(context, change));
  }
  const started = bench.engine.start(context, {
    workflow: workflow("full", { steps: [{ ...counter, with: { ...counter.with, name: "new" } }] }),
  });
  const { run } = await driven(bench.clock, started);
  await bench.clock.advanceBy(10);
  const { values } = bench.engine;
  for (const index of [1, 2])
    await driven(bench.clock, values.set(context, { name: `w${index}` }, { value: 1 }));
  const ended = await bench.settle(run.id);
  expect(ended).toMatchObject({ status: "failed", error: { code: "limit_exceeded" } });
});

test("while the store is away steps wait, explain says so, and all of them go on with it", async () => {
  let isAway = true;
  await using bench = await openBench({
    work: { go: async () => "done" },
    faults: {
      onRead: (operation) =>
        isAway && READS.includes(operation) ? refuse("store_unavailable") : 0,
    },
  });
  const definition = workflow("patient", {
    steps: [
      counter,
      {
        ...{ id: "entry", uses: "state.cache", needs: [] },
        with: { key: "k", operation: "get", default: 7 },
      },
      work("known", "go", { memo: { scope: "tenant" }, needs: [] }),
      work("plain", "go", { needs: [] }),
    ],
    output: ["${{ steps.add.output.value }}", "${{ steps.entry.output.value }}"],
  });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.advanceBy(600_000);
  const explained = await driven(bench.clock, bench.engine.explain(context, run.id));
  expect(explained.waits.map(({ path, kind, text }) => [path, kind, text])).toEqual(
    ["add", "entry", "known"].map((path) => [
      path,
      "store",
      `"${path}" waits for the store, which does not answer`,
    ]),
  );
  const said = (part: string) => bench.logs.filter(({ message }) => message.includes(part)).length;
  // Once for shared values and the cache, once for remembered results: not each second.
  expect(said("does not answer")).toBe(2);
  isAway = false;
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: [1, 7] });
  expect(said("answers again")).toBe(2);
});

test("a value that cannot be read fails its step, and the next one asks again", async () => {
  for (const broken of ["findShared", "sharedUsage"]) {
    let isBroken = true;
    await using bench = await openBench({
      faults: {
        onRead: (operation) => (isBroken && operation === broken ? refuse("store_corrupt") : 0),
      },
    });
    const definition = workflow("count", {
      steps: [{ ...counter, retry: { attempts: 5, errors: ["*"], initial: "1s" } }],
      output: "${{ steps.add.output.value }}",
    });
    const failed = await bench.run({ ...definition, steps: [counter] } as typeof definition);
    expect(failed).toMatchObject({
      status: "failed",
      error: {
        code: "value_unreadable",
        message: expect.stringMatching(/of the tenant|the tenant keeps/) as string,
      },
    });
    // Whoever says so tries again.
    const { run } = await driven(
      bench.clock,
      bench.engine.start(context, { workflow: definition }),
    );
    await bench.clock.advanceBy(500);
    isBroken = false;
    expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: 1 });
  }
});

test("a cache entry and a remembered result that cannot be read are as good as none", async () => {
  await using bench = await openBench({
    work: { go: async () => "done" },
    faults: { onRead: (operation) => (operation === "findMemo" ? refuse("store_corrupt") : 0) },
  });
  const run = await bench.run(
    workflow("forgetful", {
      steps: [
        { id: "entry", uses: "state.cache", with: { key: "k", operation: "get", default: 7 } },
        work("known", "go", { memo: { scope: "tenant" } }),
      ],
      output: ["${{ steps.entry.output }}", "${{ steps.known.output }}"],
    }),
  );
  expect(run.output).toEqual([{ value: 7, hit: false }, "done"]);
});

test("steps whose configuration cannot be read for their memo do not take each other's results", async () => {
  let broken = 0;
  let isHeld = true;
  await using bench = await openBench({
    work: {
      echo: async ({ config }) =>
        isHeld ? new Promise(() => {}) : (config as { readonly of: number }).of,
    },
    faults: {
      onRead: (operation) => (operation === "turnAt" && broken-- > 0 ? refuse("store_corrupt") : 0),
    },
  });
  const echo = (id: string, of: number) =>
    work(id, "echo", {
      memo: { scope: "run" },
      // Too long to be kept in the state.
      with: { of: `\${{ ${of} + (input?.x ?? 0) }}`, more: "x".repeat(1_000) },
    });
  const definition = workflow("two", {
    steps: [echo("one", 1), { ...echo("two", 2), needs: [] }],
    output: ["${{ steps.one.output }}", "${{ steps.two.output }}"],
  });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.advanceBy(10);
  isHeld = false;
  broken = 2;
  await bench.crash();
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: [1, 2] });
  expect(broken).toBeLessThanOrEqual(0);
});

test("a step that was decided on a refused change is not taken for one that saw another's of its number", async () => {
  await using bench = await openBench();
  const { journal, state } = bench.store;
  const commit = journal.commit.bind(journal);
  const numbers: unknown[] = [];
  journal.commit = async (commitId, turns) => {
    const [use] = turns.flatMap(({ shared }) => shared ?? []);
    if (use !== undefined && numbers.length === 0) {
      // Somebody else is first, within the same millisecond.
      const key = { scope: "tenant", workflow: "", name: "n" } as const;
      await state.change(context, { ...key, value: "40", reason: null });
      numbers.push(use.change?.revision, (await state.find(context, key))?.revision);
    }
    return await commit(commitId, turns);
  };
  const flow = workflow("one", { steps: [counter] });
  const started = ["a", "b"].map((id) =>
    bench.engine.start(context, { workflow: flow, id }, { wait: { timeoutMs: 60_000 } }),
  );
  for (const { run } of await driven(bench.clock, Promise.all(started)))
    expect(run).toMatchObject({ status: "succeeded" });
  // Whoever has seen the first step's change has seen the number of the other's.
  expect(numbers).toEqual([numbers[0], numbers[0]]);
  expect(numbers[0]).toBeGreaterThan(0);
  expect(await counted(bench)).toBe(42);
});
