/** What an operator decides about a step, end to end on simulated time. */
import { expect, test } from "vitest";
import type { Engine } from "#engine/engine.ts";
import { context, driven, openBench, type Work, work, workflow } from "./engine-fixture.ts";

const forever: Work = () => new Promise(() => {});
const echo: Work = async ({ config }) => (config as { value?: unknown }).value ?? null;

async function started(bench: Awaited<ReturnType<typeof openBench>>, steps: readonly object[]) {
  const definition = workflow("operated", { steps, output: "${{ steps.last?.output }}" });
  const { run } = await driven(bench.clock, bench.engine.start(context, { workflow: definition }));
  await bench.clock.settle();
  const resolve = (path: string, resolution: Parameters<Engine["resolveStep"]>[3]) =>
    driven(bench.clock, bench.engine.resolveStep(context, run.id, path, resolution));
  const types = async () => {
    const events = await driven(bench.clock, bench.engine.events(context, run.id, 0, 1_000));
    return events.filter(({ path }) => path !== null).map(({ type, path }) => `${type} ${path}`);
  };
  return { id: run.id, resolve, types };
}

test("retry now gives up a running attempt and begins the next, with the same key", async () => {
  let calls = 0;
  const hangsOnce: Work = (request, signal) =>
    ++calls === 1 ? forever(request, signal) : Promise.resolve("done");
  await using bench = await openBench({ work: { hangsOnce } });
  const run = await started(bench, [work("last", "hangsOnce")]);
  await run.resolve("last", { action: "retry", reason: "it hangs" });
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded", output: "done" });
  expect(bench.attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(new Set(bench.attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  const events = await driven(bench.clock, bench.engine.events(context, run.id, 0, 100));
  expect(events.find(({ type }) => type === "step.resolved")?.event).toMatchObject({
    ...{ action: "retry", by: "local", reason: "it hangs", attempt: 2 },
  });
});

test("retry now ends the pause before an attempt and takes no retry of the policy", async () => {
  let calls = 0;
  const failsTwice: Work = async () => {
    if (++calls <= 2) throw Object.assign(new Error("no"), { code: "http.503" });
    return calls;
  };
  await using bench = await openBench({ work: { failsTwice } });
  const run = await started(bench, [
    work("last", "failsTwice", { retry: { attempts: 3, initial: "1h", jitter: "none" } }),
  ]);
  const beganMs = bench.clock.nowMs();
  await run.resolve("last", { action: "retry" });
  await bench.clock.settle();
  await run.resolve("last", { action: "retry" });
  await bench.clock.settle();
  expect(await driven(bench.clock, bench.engine.get(context, run.id))).toMatchObject({
    ...{ status: "succeeded", output: 3 },
  });
  expect(bench.clock.nowMs() - beganMs).toBeLessThan(60_000);
});

test("skip, complete and fail settle what runs, waits and has not had its turn", async () => {
  await using bench = await openBench({ work: { forever, echo } });
  const run = await started(bench, [
    work("a", "forever"),
    { id: "b", uses: "wait.signal", with: { name: "never" } },
    work("c", "forever", { onError: { fallback: "instead" } }),
    work("d", "forever"),
    work("last", "echo", { with: { value: ["${{ steps.c.output }}", "${{ steps.d.output }}"] } }),
  ]);
  // Before its turn: kept, and nothing after it begins for that.
  await run.resolve("d", { action: "complete", output: { big: "x".repeat(1_000) } });
  await run.resolve("a", { action: "skip" });
  await bench.clock.settle();
  expect((await driven(bench.clock, bench.engine.explain(context, run.id))).sentence).toContain(
    "never",
  );
  bench.engine = await bench.crash();
  await bench.clock.settle();
  await run.resolve("b", { action: "complete", output: 1 });
  await bench.clock.settle();
  await run.resolve("c", { action: "fail", message: "no hope" });
  expect(await bench.settle(run.id)).toMatchObject({
    status: "succeeded",
    output: ["instead", { big: "x".repeat(1_000) }],
  });
  expect(bench.attempts.map(({ path }) => path)).toEqual(["a", "c", "last"]);
});

test("a step without a handler fails its run with who and why", async () => {
  await using bench = await openBench({ work: { forever } });
  const run = await started(bench, [work("last", "forever")]);
  await run.resolve("last", { action: "fail", reason: "the bank is closed" });
  expect(await bench.settle(run.id)).toMatchObject({
    status: "failed",
    error: {
      code: "operator_failed",
      message: '"last" was failed by local: the bank is closed',
      details: { by: "local", reason: "the bank is closed" },
    },
  });
});

test("what is inside ends first: a try's finally runs, a child is cancelled", async () => {
  await using bench = await openBench({ work: { forever, echo } });
  const child = workflow("child", { steps: [work("x", "forever")] });
  await driven(bench.clock, bench.engine.saveWorkflow(context, child));
  const run = await started(bench, [
    { id: "t", uses: "try", steps: [work("in", "forever")], finally: [work("clean", "echo")] },
    { id: "kid", uses: "workflow.run", with: { workflow: "child" } },
    work("last", "echo", { with: { value: "${{ [steps.t.output, steps.kid.output] }}" } }),
  ]);
  await run.resolve("t", { action: "complete", output: "by hand" });
  await bench.clock.advanceBy(10_000);
  await run.resolve("kid", { action: "complete", output: 7 });
  expect(await bench.settle(run.id)).toMatchObject({
    status: "succeeded",
    output: ["by hand", 7],
  });
  expect(bench.attempts.map(({ path }) => path)).toContain("t.finally.clean");
  const children = await driven(
    bench.clock,
    bench.engine.list(context, { parentRunId: run.id, limit: 5 }),
  );
  expect(children.items).toMatchObject([{ status: "cancelled" }]);
});

test("an if is completed with a port; a wrong or missing one is refused", async () => {
  await using bench = await openBench({ work: { forever, echo } });
  const run = await started(bench, [
    work("a", "forever"),
    { id: "check", uses: "if", with: { condition: "true" } },
    work("yes", "echo", { needs: ["check.true"] }),
    work("no", "echo", { needs: ["check.false"] }),
    work("last", "echo", { needs: ["no"] }),
  ]);
  for (const port of [undefined, "maybe"])
    await expect(run.resolve("check", { action: "complete", port })).rejects.toMatchObject({
      code: "input_invalid",
    });
  await run.resolve("check", { action: "complete", port: "false", output: null });
  await run.resolve("a", { action: "skip" });
  await bench.settle(run.id);
  expect(bench.attempts.map(({ path }) => path)).toEqual(["a", "no", "last"]);
});

test("it works while the run is paused, once for each id, and never twice on a step", async () => {
  await using bench = await openBench({ work: { forever } });
  const run = await started(bench, [work("a", "forever"), work("last", "forever")]);
  await driven(bench.clock, bench.engine.pause(context, run.id));
  await run.resolve("a", { action: "complete", output: 1, id: "once" });
  await run.resolve("a", { action: "complete", output: 1, id: "once" });
  await expect(run.resolve("a", { action: "skip" })).rejects.toMatchObject({
    code: "step_settled",
  });
  await expect(run.resolve("nowhere", { action: "skip" })).rejects.toMatchObject({
    code: "step_not_found",
  });
  await run.resolve("last", { action: "skip" });
  await expect(run.resolve("last", { action: "skip" })).rejects.toMatchObject({
    code: expect.stringMatching(/step_settled|action_refused/),
  });
  await driven(bench.clock, bench.engine.resume(context, run.id));
  expect(await bench.settle(run.id)).toMatchObject({ status: "succeeded" });
  expect((await run.types()).filter((type) => type.startsWith("step.resolved"))).toHaveLength(2);
});

test("what cannot be tried now says why", async () => {
  await using bench = await openBench({ work: { forever } });
  const run = await started(bench, [
    { id: "nap", uses: "wait.for", with: { duration: "1h" } },
    work("last", "forever"),
  ]);
  for (const path of ["nap", "last"])
    await expect(run.resolve(path, { action: "retry" })).rejects.toMatchObject({
      code: "action_refused",
    });
});

test("an approval that an operator skips waits for nobody any more", async () => {
  await using bench = await openBench({ work: { forever } });
  const run = await started(bench, [
    { id: "ask", uses: "wait.approval", with: { title: "Pay?" } },
    work("last", "forever"),
  ]);
  const open = () => driven(bench.clock, bench.engine.approvals(context));
  expect(await open()).toMatchObject([{ path: "ask" }]);
  await run.resolve("ask", { action: "skip" });
  await bench.clock.settle();
  expect(await open()).toEqual([]);
});

test("an approval whose time is over waits for nobody until it is asked again", async () => {
  await using bench = await openBench();
  const retry = { attempts: 2, initial: "1m", jitter: "none", errors: ["timeout"] };
  await started(bench, [
    { id: "last", uses: "wait.approval", timeout: "1h", retry, with: { title: "Pay?" } },
  ]);
  const open = () => driven(bench.clock, bench.engine.approvals(context));
  expect(await open()).toHaveLength(1);
  await bench.clock.advanceBy(3_600_000);
  expect(await open()).toEqual([]);
  await bench.clock.advanceBy(60_000);
  expect(await open()).toMatchObject([{ path: "last" }]);
});
