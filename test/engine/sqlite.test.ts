/** The embedded engine end to end on real SQLite: owners that change hands, blobs, starts. */
import { expect, test } from "vitest";
import { context, type Work, work, workflow } from "./engine-fixture.ts";
import { ended, openSqliteBench, until } from "./sqlite-fixture.ts";

const echo: Work = async ({ config }) => (config as { value?: unknown }).value ?? null;
const hang: Work = () => new Promise<never>(() => {});

const scopes = workflow("scopes", {
  steps: [
    {
      id: "all",
      uses: "for_each",
      with: { items: [1, 2, 3], as: "n", concurrency: 2 },
      steps: [work("x", "echo", { with: { value: "${{ n * 10 }}" } })],
    },
    {
      id: "guarded",
      uses: "try",
      steps: [work("breaks", "breaks")],
      catch: [{ errors: ["user.*"], steps: [work("mended", "echo", { with: { value: "ok" } })] }],
    },
    { id: "go", uses: "wait.signal", with: { name: "go" }, needs: ["all", "guarded"] },
    work("last", "echo", { with: { value: "${{ steps.all.output.results }}" }, needs: ["go"] }),
  ],
  output: "${{ steps.last.output }}",
});

const breaks: Work = async () => {
  throw Object.assign(new Error("broken"), { code: "user.broken", retryable: false });
};

test("a second owner fences a live engine, and the runs go on in its hands", async () => {
  await using bench = await openSqliteBench();
  const { promise: held, resolve: letGo } = Promise.withResolvers<unknown>();
  const slow = workflow("slow", {
    steps: [work("a", "held"), work("b", "echo", { with: { value: 2 } })],
    output: "${{ steps.a.output + steps.b.output }}",
  });
  const first = await bench.open({ work: { echo, breaks, held: () => held } });
  const waiting = await first.engine.start(context, { workflow: scopes, id: "waiting" });
  const running = await first.engine.start(context, { workflow: slow, id: "running" });
  await until("all waits for the signal", async () => {
    const state = await first.engine.state(context, waiting.run.id);
    return state.steps.some(({ path, status }) => path === "go" && status === "waiting");
  });

  const second = await bench.open({ work: { echo, breaks, held: async () => 1 } });
  expect(second.store.epoch).toBeGreaterThan(first.store.epoch);
  expect(await ended(second.engine, running.run.id)).toMatchObject({ output: 3 });

  // The first one still lives: what it is told, and what its attempt brings, is fenced.
  await expect(first.engine.signal(context, "waiting", { name: "go" })).rejects.toMatchObject({
    code: expect.stringMatching(/store_unavailable|journal_refused/),
  });
  letGo(100);
  await expect(
    first.engine.start(context, { workflow: slow, id: "too-late" }),
  ).rejects.toMatchObject({ code: "journal_refused" });
  expect(await second.engine.get(context, "too-late")).toBeNull();

  await second.engine.signal(context, "waiting", { name: "go" });
  const run = await ended(second.engine, "waiting");
  expect(run).toMatchObject({ status: "succeeded", output: [10, 20, 30] });
  for (const runId of ["waiting", "running"]) {
    const events = await second.engine.events(context, runId, 0, 1_000);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    const outcomes = events.filter(({ type }) => type === "step.succeeded").map(({ path }) => path);
    expect(new Set(outcomes).size).toBe(outcomes.length);
  }
  expect(await second.engine.get(context, "running")).toMatchObject({ output: 3 });
});

test("results over 64 KiB go through for_each and come back after a reopening", async () => {
  await using bench = await openSqliteBench();
  const large: Work = async ({ config }) =>
    String((config as unknown as { n: number }).n).repeat(100 * 1_024);
  const definition = workflow("large", {
    steps: [
      {
        id: "all",
        uses: "for_each",
        with: { items: [1, 2, 3, 4], as: "n" },
        steps: [work("x", "large", { with: { n: "${{ n }}" } })],
      },
      { id: "go", uses: "wait.signal", with: { name: "go" }, needs: ["all"] },
      {
        id: "lengths",
        uses: "data.set",
        needs: ["go"],
        with: { value: "${{ steps.all.output.results.map((text) => text.length) }}" },
      },
    ],
    output: { lengths: "${{ steps.lengths.output }}", last: "${{ steps.all.output.results[3] }}" },
  });
  const first = await bench.open({ work: { large } });
  const { run } = await first.engine.start(context, { workflow: definition });
  await until("waits", async () => (await first.engine.get(context, run.id))?.status === "waiting");
  const second = await bench.open();
  await second.engine.signal(context, run.id, { name: "go" });
  const { status, output } = await ended(second.engine, run.id);
  expect(status).toBe("succeeded");
  expect(output).toEqual({
    lengths: [102_400, 102_400, 102_400, 102_400],
    last: "4".repeat(102_400),
  });
  const events = await second.engine.events(context, run.id, 0, 1_000);
  expect(events.filter(({ event }) => "outputBlob" in event).length).toBeGreaterThanOrEqual(4);
});

test("a start that is repeated at the next owner answers the same run", async () => {
  await using bench = await openSqliteBench();
  const definition = workflow("once", { steps: [work("a", "hang")] });
  const first = await bench.open({ work: { hang } });
  const mine = { workflow: definition, input: { n: 1 }, id: "mine" };
  const keyed = { workflow: definition, input: { n: 1 }, idempotencyKey: "key" };
  expect(await first.engine.start(context, mine)).toMatchObject({ created: true });
  const { run } = await first.engine.start(context, keyed);
  const second = await bench.open({ work: { hang } });
  const again = await Promise.all([
    second.engine.start(context, mine),
    second.engine.start(context, keyed),
  ]);
  expect(again).toMatchObject([
    { created: false, run: { id: "mine" } },
    { created: false, run: { id: run.id } },
  ]);
  await expect(second.engine.start(context, { ...mine, input: { n: 2 } })).rejects.toMatchObject({
    code: "run_exists",
  });
  expect((await second.engine.list(context, { limit: 10 })).items).toHaveLength(2);
});
