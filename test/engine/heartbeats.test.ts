/** Heartbeats of attempts, end to end on simulated time. */
import { expect, test } from "vitest";
import type { AttemptRequest } from "#engine/embedded/options.ts";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const beats = async (bench: Awaited<ReturnType<typeof openBench>>, id: string) =>
  (await driven(bench.clock, bench.engine.events(context, id, 0, 1_000)))
    .filter(({ type }) => type === "step.heartbeat")
    .map(({ event }) => event["value"] ?? event["progress"]);

test("a thousand beats a second are one event a second, the newest standing for all", async () => {
  const chatty: Work = async (request) => {
    for (let page = 1; page <= 300; page++) {
      request.heartbeat({ page });
      await new Promise<void>((resolve) => void bench.clock.after(10, resolve));
    }
    return "read";
  };
  await using bench = await openBench({ work: { chatty } });
  const run = await bench.run(workflow("chatty", { steps: [work("read", "chatty")] }));
  expect(run).toMatchObject({ status: "succeeded" });
  const told = (await beats(bench, run.id)) as { page: number }[];
  expect(told[0]).toEqual({ page: 1 });
  expect(told.at(-1)).toEqual({ page: 300 });
  expect(told.length).toBeLessThanOrEqual(5);
});

test("the next attempt finds the last details: after a failure, and after a crash", async () => {
  const seen: unknown[] = [];
  const reads: Work = async ({ attempt, heartbeat, lastHeartbeat }: AttemptRequest) => {
    seen.push(lastHeartbeat);
    heartbeat({ page: attempt, text: "t".repeat(attempt === 2 ? 500 : 1) });
    if (attempt === 1) throw Object.assign(new Error("no"), { code: "http.503" });
    if (attempt === 2) await new Promise(() => {});
    return "done";
  };
  await using bench = await openBench({ work: { reads } });
  const definition = workflow("resumes", {
    steps: [work("read", "reads", { retry: { attempts: 2, initial: "1s" } })],
  });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.advanceBy(5_000);
  bench.engine = await bench.crash();
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  expect(seen).toEqual([null, { page: 1, text: "t" }, { page: 2, text: "t".repeat(500) }]);
});

test("silence longer than heartbeatTimeout fails the attempt; beats keep it alive", async () => {
  const quiet: Work = async ({ attempt, heartbeat }) => {
    for (let beat = 0; beat < 20 && attempt === 2; beat++) {
      heartbeat();
      await new Promise<void>((resolve) => void bench.clock.after(2_000, resolve));
    }
    return attempt === 2 ? "alive" : new Promise(() => {});
  };
  await using bench = await openBench({ work: { quiet } });
  const run = await bench.run(
    workflow("silent", {
      steps: [
        work("a", "quiet", {
          heartbeatTimeout: "5s",
          retry: { attempts: 2, initial: "1s", errors: ["heartbeat_timeout"] },
        }),
      ],
      output: "${{ steps.a.output }}",
    }),
  );
  expect(run).toMatchObject({ status: "succeeded", output: "alive" });
  expect(bench.attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test("progress is shown by explain; what is no JSON or too large fails the attempt", async () => {
  const half: Work = async ({ progress }) => {
    progress(0.5, "half of it");
    return new Promise(() => {});
  };
  const large: Work = async ({ heartbeat }) => heartbeat("x".repeat(70_000));
  await using bench = await openBench({ work: { half, large } });
  const definition = workflow("shown", { steps: [work("a", "half")] });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.settle();
  const explained = await driven(bench.clock, bench.engine.explain(context, run.id));
  expect(explained.sentence).toContain("(50 %: half of it)");
  expect((await driven(bench.clock, bench.engine.progress(context, run.id))).steps).toEqual([
    { path: "a", fraction: 0.5, note: "half of it" },
  ]);
  const { steps } = await driven(bench.clock, bench.engine.state(context, run.id));
  expect(steps[0]?.progress).toEqual({ fraction: 0.5, note: "half of it" });
  await driven(bench.clock, bench.engine.cancel(context, run.id));
  await bench.settle(run.id);
  const ended = await driven(bench.clock, bench.engine.state(context, run.id));
  expect(ended.steps[0]).not.toHaveProperty("progress");
  const failed = await bench.run(workflow("large", { steps: [work("a", "large")] }));
  expect(failed).toMatchObject({ status: "failed" });
});
