/** What steps log, end to end on simulated time: durable with the outcome, bounded, never doubled. */
import { expect, test } from "vitest";
import type { AttemptRequest } from "#engine/embedded/options.ts";
import type { LogLineView } from "#engine/engine.ts";
import type { CommitFault } from "../simulation/simulated-store.ts";
import {
  type Bench,
  context,
  driven,
  openBench,
  type Work,
  work,
  workflow,
} from "./engine-fixture.ts";

const ALL = { after: 0, limit: 100_000 };

const linesOf = (bench: Bench, runId: string, query = {}) =>
  driven(bench.clock, bench.engine.logs(context, runId, { ...ALL, ...query }));

const texts = (lines: readonly LogLineView[]) => lines.map(({ text }) => text);

const pass = (bench: Bench, delayMs: number) =>
  new Promise<void>((resolve) => void bench.clock.after(delayMs, resolve));

/** The engine's own stored lines, whoever asks; what a process that died had made durable. */
const stored = (bench: Bench, runId: string) => bench.disk.data.logs("default", runId, ALL);

test("lines come with their outcome: in the one commit that journals it", async () => {
  const commits: number[] = [];
  const says: Work = async ({ log, attempt }: AttemptRequest) => {
    log.info("begins", { attempt, at: new Date(5) });
    log.debug("more");
    log.error("bad");
    if (attempt === 1) throw Object.assign(new Error("no"), { code: "http.503" });
  };
  await using bench = await openBench({
    work: { says },
    faults: {
      onCommit: ({ turns }) => {
        for (const { logs, record } of turns)
          if (logs !== undefined) commits.push(record === null ? 0 : logs.length);
        return { kind: "none" };
      },
    },
  });
  const run = await bench.run(
    workflow("says", { steps: [work("a", "says", { retry: { attempts: 2, initial: "1ms" } })] }),
  );
  expect(run.status).toBe("succeeded");
  const lines = await linesOf(bench, run.id);
  expect(lines.map(({ attempt, line, level, text }) => [attempt, line, level, text])).toEqual(
    [1, 2].flatMap((attempt) => [
      [attempt, 1, "info", "begins"],
      [attempt, 2, "debug", "more"],
      [attempt, 3, "error", "bad"],
    ]),
  );
  expect(lines[0]?.fields).toEqual({ attempt: 1, at: "1970-01-01T00:00:00.005Z" });
  expect(lines[1]?.fields).toBeNull();
  // One commit for each attempt's lines, and it is the one of a turn.
  expect(commits).toEqual([3, 3]);
  expect(texts(await linesOf(bench, run.id, { level: "error", attempt: 2 }))).toEqual(["bad"]);
});

test("of a long attempt they are stored once a second, however many there are", async () => {
  let commits = 0;
  const talks: Work = async ({ log }: AttemptRequest) => {
    for (let count = 1; count <= 500; count++) {
      log.info(`line ${count}`);
      await pass(bench, 10);
    }
  };
  await using bench = await openBench({
    work: { talks },
    faults: {
      onCommit: ({ turns }) => {
        commits += turns.filter(({ logs, record }) => logs !== undefined && record === null).length;
        return { kind: "none" };
      },
    },
  });
  const definition = workflow("talks", { steps: [work("a", "talks")] });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.advanceBy(2_500);
  const early = stored(bench, run.id).length;
  expect(early).toBeGreaterThan(150);
  expect(early).toBeLessThan(251);
  await bench.settle(run.id);
  const lines = await linesOf(bench, run.id);
  expect(texts(lines)).toEqual(Array.from({ length: 500 }, (_, index) => `line ${index + 1}`));
  expect(commits).toBeGreaterThan(2);
  expect(commits).toBeLessThanOrEqual(5);
});

test("a crash keeps what was stored, and the repeated attempt numbers its own", async () => {
  const dies: Work = async ({ log, attempt }: AttemptRequest) => {
    log.info(`attempt ${attempt} begins`);
    if (attempt > 1) return "done";
    await pass(bench, 1_500);
    log.info("never stored");
    await new Promise(() => {});
    return null;
  };
  await using bench = await openBench({ work: { dies } });
  const definition = workflow("dies", { steps: [work("a", "dies")] });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.advanceBy(1_700);
  bench.engine = await bench.crash();
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  const lines = await linesOf(bench, run.id);
  expect(lines.map(({ attempt, line, text }) => [attempt, line, text])).toEqual([
    [1, 1, "attempt 1 begins"],
    [2, 1, "attempt 2 begins"],
  ]);
});

for (const [what, isCommitted] of [
  ["was refused", null],
  ["got no answer and is there", true],
  ["got no answer and is not there", false],
] as const)
  test(`a commit that ${what} neither loses nor doubles a line`, async () => {
    let faults = 0;
    const talks: Work = async ({ log }: AttemptRequest) => {
      for (let count = 1; count <= 80; count++) {
        log.info(`line ${count}`);
        await pass(bench, 100);
      }
    };
    await using bench = await openBench({
      work: { talks },
      faults: {
        onCommit: ({ turns }): CommitFault => {
          const has = turns.some(({ logs }) => logs !== undefined);
          if (!has || ++faults % 2 === 0) return { kind: "none" };
          return isCommitted === null ? { kind: "unavailable" } : { kind: "unknown", isCommitted };
        },
      },
    });
    const run = await bench.run(workflow("talks", { steps: [work("a", "talks")] }));
    await bench.clock.runUntilIdle();
    expect(run.status).toBe("succeeded");
    expect(faults).toBeGreaterThan(4);
    const lines = await linesOf(bench, run.id);
    expect(texts(lines)).toEqual(Array.from({ length: 80 }, (_, index) => `line ${index + 1}`));
    expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
  });

test("an attempt keeps 10,000 lines, and says how many were dropped", async () => {
  const floods: Work = async ({ log }: AttemptRequest) => {
    for (let count = 1; count <= 10_123; count++) log.info(`line ${count}`);
  };
  await using bench = await openBench({ work: { floods } });
  const run = await bench.run(workflow("floods", { steps: [work("a", "floods")] }));
  expect(run.status).toBe("succeeded");
  const lines = await linesOf(bench, run.id);
  expect(lines).toHaveLength(10_002);
  expect(lines.at(9_999)).toMatchObject({ line: 10_000, text: "line 10000" });
  expect(texts(lines.slice(10_000))).toEqual([
    "lines are dropped from here on: an attempt keeps 10000 lines, 1024 KiB",
    "123 lines dropped",
  ]);
});

test("an attempt keeps 1 MiB, and one line is bounded too", async () => {
  const floods: Work = async ({ log }: AttemptRequest) => {
    log.info("x".repeat(1_000_000), { big: "y".repeat(1_000_000) });
    for (let count = 1; count <= 200; count++) log.info("ü".repeat(4_000));
  };
  await using bench = await openBench({ work: { floods } });
  const run = await bench.run(workflow("floods", { steps: [work("a", "floods")] }));
  const lines = await linesOf(bench, run.id);
  expect(lines[0]?.text.length).toBeLessThan(17_000);
  expect(lines[0]?.fields).toEqual({ omitted: expect.stringMatching(/16384 characters/) });
  const bytes = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(bytes).toBeLessThan(1_050_000);
  expect(lines.at(-1)?.text).toMatch(/^\d+ lines dropped$/);
});

test("nothing that a node hands to its log can fail its step", async () => {
  const cycle: Record<string, unknown> = { name: "c" };
  cycle["self"] = cycle;
  const odd: Work = async ({ log }: AttemptRequest) => {
    const info = log.info as (message: unknown, fields?: unknown) => void;
    info({ no: "text" });
    info(undefined, {
      when: new Date(Number.NaN),
      big: 5n,
      not: Number.NaN,
      bytes: Buffer.from("ab"),
    });
    info("half \ud800", { key: "\udc00", list: new Set([1]), map: new Map([["a", 1]]) });
    info("error", { error: Object.assign(new Error("inner"), { code: "E_X" }), cycle });
    info("url", { url: new URL("https://x.test/?a=1") });
  };
  await using bench = await openBench({ work: { odd } });
  const run = await bench.run(workflow("odd", { steps: [work("a", "odd")] }));
  expect(run).toMatchObject({ status: "succeeded" });
  const [first, second, third, fourth, fifth] = await linesOf(bench, run.id);
  expect(first?.text).toBe('{"no":"text"}');
  expect(second?.fields).toEqual({ when: null, big: "5", not: "NaN", bytes: "[2 bytes]" });
  expect(third?.text).toBe("half \ufffd");
  expect(third?.fields).toEqual({ key: "\ufffd", list: [1], map: { a: 1 } });
  expect(fourth?.fields).toMatchObject({ error: { message: "inner", code: "E_X" } });
  expect(fifth?.fields).toEqual({ url: "https://x.test/?a=1" });
});

test("followers get every line once while a run talks, and end with it", async () => {
  const talks: Work = async ({ log, path }: AttemptRequest) => {
    for (let count = 1; count <= 30; count++) {
      log.info(`${path} ${count}`);
      await pass(bench, 170);
    }
  };
  await using bench = await openBench({ work: { talks } });
  const definition = workflow("talks", {
    steps: [work("a", "talks"), work("b", "talks", { needs: [] })],
  });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  const collect = async (query: object, wanted = Number.POSITIVE_INFINITY) => {
    const lines: LogLineView[] = [];
    const { signal } = new AbortController();
    for await (const line of bench.engine.followLogs(context, run.id, query, signal)) {
      lines.push(line);
      if (lines.length >= wanted) break;
    }
    return lines;
  };
  const all = collect({});
  const onlyA = collect({ path: "a" });
  const first = collect({}, 7);
  const begun = await driven(bench.clock, first);
  const rest = collect({ after: begun.at(-1)?.position });
  await bench.settle(run.id);
  expect((await driven(bench.clock, all)).length).toBe(60);
  expect(texts(await onlyA)).toEqual(Array.from({ length: 30 }, (_, index) => `a ${index + 1}`));
  expect([...begun, ...(await rest)]).toEqual(await all);
  expect(await driven(bench.clock, collect({ path: "b", level: "warn" }))).toEqual([]);
});

test("closing stores what was said, also by an attempt that is given up", async () => {
  const hangs: Work = async ({ log }: AttemptRequest) => {
    log.warn("still here");
    await new Promise(() => {});
  };
  await using bench = await openBench({ work: { hangs } });
  const definition = workflow("hangs", { steps: [work("a", "hangs")] });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.settle();
  await driven(bench.clock, bench.engine.close(0));
  expect(stored(bench, run.id).map(({ text }) => text)).toEqual(["still here"]);
});

test("a run that does not exist has no log", async () => {
  await using bench = await openBench();
  await expect(linesOf(bench, "none")).rejects.toMatchObject({ code: "run_not_found" });
});
