/** Events for programs: filters, order, slow and broken subscribers, what a run feels of them. */
import { expect, test } from "vitest";
import type { RunEventView } from "#engine/run-events.ts";
import { context, openBench, work, workflow } from "./engine-fixture.ts";

const flow = workflow("events", {
  labels: { shop: "${{ input.shop }}" },
  steps: [
    work("a", "ok"),
    {
      id: "each",
      uses: "for_each",
      with: { items: [1, 2] },
      steps: [work("b", "ok")],
    },
  ],
});
const ok = { ok: async () => null };

/** Turns of the event loop, which simulated time does not move. */
async function loopTurns(isEnough: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isEnough(); turn++) await new Promise(setImmediate);
  expect(isEnough()).toBe(true);
}

test("everything committed is told once, in order, to synchronous and asynchronous subscribers", async () => {
  await using bench = await openBench({ work: ok });
  const heard: Record<"sync" | "async", RunEventView[]> = { sync: [], async: [] };
  bench.engine.on(context, {}, (event) => heard.sync.push(event), { sync: true });
  const later = bench.engine.on(context, {}, (event) => heard.async.push(event));
  const run = await bench.run(flow, { shop: "oslo" });
  await loopTurns(() => later.counts.waiting === 0);
  await later.idle();
  const journal = await bench.engine.events(context, run.id, 0, 1_000);
  const wanted = journal.map(({ seq, type, path, atMs }) => ({ seq, type, path, atMs }));
  for (const told of [heard.sync, heard.async]) {
    expect(told.map(({ seq, type, path, atMs }) => ({ seq, type, path, atMs }))).toEqual(wanted);
    expect(told.at(-1)).toMatchObject({ type: "run.succeeded", run: { status: "succeeded" } });
  }
  expect(later.counts).toEqual({ told: journal.length, waiting: 0, dropped: 0, failed: 0 });
});

test("filters fit all that is given, and one of a list", async () => {
  await using bench = await openBench({ work: ok });
  const heard = new Map<string, string[]>();
  const filters = {
    type: { type: ["run.*", "step.succeeded"] },
    step: { step: "b", type: "step.succeeded" },
    instance: { step: "each[1].b", type: "step.succeeded" },
    workflow: { workflow: "other" },
    labels: { labels: { shop: "bern" }, changes: "run" },
    wrongLabels: { labels: { shop: "oslo", more: "x" } },
    changes: { changes: "step", step: "a" },
  } as const;
  for (const [name, filter] of Object.entries(filters)) {
    heard.set(name, []);
    const listener = ({ type, path }: RunEventView) => heard.get(name)?.push(`${type} ${path}`);
    bench.engine.on(context, filter, listener, { sync: true });
  }
  const foreign: unknown[] = [];
  bench.engine.on({ ...context, tenant: "acme" }, {}, (event) => foreign.push(event), {
    sync: true,
  });
  await bench.run(flow, { shop: "bern" });
  expect(new Set(heard.get("type")?.map((told) => told.split(".")[0]))).toEqual(
    new Set(["run", "step"]),
  );
  expect(heard.get("step")).toEqual(["step.succeeded each[0].b", "step.succeeded each[1].b"]);
  expect(heard.get("instance")).toEqual(["step.succeeded each[1].b"]);
  expect(heard.get("workflow")).toEqual([]);
  expect(heard.get("labels")?.map((told) => told.split(" ")[0])).toEqual([
    ...["run.queued", "run.started", "run.succeeded"],
  ]);
  expect(heard.get("wrongLabels")).toEqual([]);
  expect(heard.get("changes")).toEqual(["step.scheduled a", "step.started a", "step.succeeded a"]);
  expect(foreign).toEqual([]);
});

test("a broken subscriber is counted and logged, and nobody else notices", async () => {
  await using bench = await openBench({ work: ok });
  const broken = () => {
    throw new Error("no");
  };
  const rejecting = async () => await Promise.reject(new Error("no"));
  // A value without a text, and a promise of another library.
  const textless = () => {
    throw Object.create(null);
  };
  // biome-ignore lint/suspicious/noThenProperty: what is no Promise but has a then is what this is about.
  const thenable = () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject("no") });
  const subscriptions = [
    bench.engine.on(context, {}, textless, { sync: true }),
    bench.engine.on(context, {}, textless),
    bench.engine.on(context, {}, thenable, { sync: true }),
    bench.engine.on(context, {}, thenable),
    bench.engine.on(context, {}, broken, { sync: true }),
    bench.engine.on(context, {}, rejecting, { sync: true }),
    bench.engine.on(context, {}, broken),
    bench.engine.on(context, {}, rejecting),
  ];
  const told: string[] = [];
  bench.engine.on(context, {}, ({ type }) => told.push(type), { sync: true });
  const run = await bench.run(flow, { shop: "oslo" });
  expect(run.status).toBe("succeeded");
  await loopTurns(() => subscriptions.every(({ counts }) => counts.failed === told.length));
  expect(bench.logs.filter(({ message }) => message.includes("subscriber")).length).toBeLessThan(
    told.length * subscriptions.length,
  );
});

test("a slow subscriber holds nothing up: its queue is bounded, what is dropped is counted and said", async () => {
  await using bench = await openBench({ work: ok });
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  const slow = bench.engine.on(
    context,
    {},
    async ({ seq }) => {
      await gate.promise;
      seen.push(seq);
    },
    { queueMax: 5 },
  );
  const run = await bench.run(flow, { shop: "oslo" });
  expect(run.status).toBe("succeeded");
  const { told, waiting, dropped } = slow.counts;
  expect(told + waiting).toBe(5);
  expect(dropped).toBeGreaterThan(3);
  const journal = await bench.engine.events(context, run.id, 0, 1_000);
  expect(told + waiting + dropped).toBe(journal.length);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      level: "warn",
      message: "a subscriber of events is too slow: events are dropped",
    }),
  );
  gate.resolve();
  await slow.idle();
  expect(seen).toEqual(journal.map(({ seq }) => seq).slice(0, told + waiting));
});

test("a promise of another library is waited for: one call at a time", async () => {
  await using bench = await openBench({ work: ok });
  let under = 0;
  let most = 0;
  const subscription = bench.engine.on(context, {}, () => {
    most = Math.max(most, ++under);
    const later = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void under--);
    // biome-ignore lint/suspicious/noThenProperty: see above.
    return { then: later.then.bind(later) };
  });
  await bench.run(flow, { shop: "oslo" });
  await subscription.idle();
  expect(subscription.counts.told).toBeGreaterThan(10);
  expect(most).toBe(1);
});

test("what comes while a subscriber is slow is told afterwards, whole and in order", async () => {
  await using bench = await openBench({ work: ok });
  const told: RunEventView[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = bench.engine.on(context, { type: ["run.*", "step.*"] }, (event) => {
    told.push(event);
    // It answers promises now and then: what waits changes its form each time.
    return told.length % 4 === 1 ? gates[told.length === 1 ? 0 : 1]?.promise : undefined;
  });
  const first = await bench.run(flow, { shop: "oslo" });
  await loopTurns(() => told.length === 1);
  const second = await bench.run(flow, { shop: "bern" });
  for (const { resolve } of gates) resolve();
  await slow.idle();
  const third = await bench.run(flow, { shop: "rome" });
  await slow.idle();
  for (const { id } of [first, second, third]) {
    const journal = await bench.engine.events(context, id, 0, 1_000);
    const wanted = journal.filter(({ type }) => /^(run|step)\./.test(type));
    const heard = told.filter(({ runId }) => runId === id);
    expect(heard.map(({ seq, type }) => `${seq} ${type}`)).toEqual(
      wanted.map(({ seq, type }) => `${seq} ${type}`),
    );
    expect(heard.at(-1)?.run.status).toBe("succeeded");
  }
  expect(slow.counts).toEqual({ told: told.length, waiting: 0, dropped: 0, failed: 0 });
});

test("after close nothing is told; the engine's end closes all; a wrong filter is refused", async () => {
  await using bench = await openBench({ work: ok });
  const told: string[] = [];
  {
    using _ended = bench.engine.on(context, {}, ({ type }) => told.push(type), { sync: true });
  }
  await bench.run(flow, { shop: "oslo" });
  expect(told).toEqual([]);
  const wrong = { workflwo: "x" } as never;
  expect(() => bench.engine.on(context, wrong, () => {})).toThrow("a filter has no workflwo");
  expect(() => bench.engine.on(context, {}, () => {}, { queueMax: 0 })).toThrow("queueMax");
});
