/** Pure steps that are computed off the turn: what comes back, and what happens meanwhile. */
import { describe, expect, test } from "vitest";
import { explainRun } from "#kernel/explain.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const big = "x".repeat(400);

describe.each([
  ["in the turn", {}],
  ["later", { packedFrom: 280 }],
])("a pure step that fails %s", (_when, options) => {
  test("is tried again as often as its policy says", () => {
    const retry = { attempts: 3, initial: "1s", jitter: "none" as const, errors: ["failed"] };
    const plan = planOf({ steps: [{ id: "b", uses: "boom", with: { value: big }, retry }] });
    const driver = new KernelDriver(plan, { paranoid: true, ...options }).start();
    driver.settle().fireNext().settle().fireNext().settle();
    expect(driver.state.terminal).toBe("failed");
    expect(driver.story()).toEqual(["retry_scheduled b", "retry_scheduled b", "failed b"]);
  });
});

test("another attempt that is being computed says so, and starts no more timers", () => {
  const retry = { attempts: 2, initial: "1s", errors: ["failed"] };
  const plan = planOf({ steps: [{ id: "b", uses: "boom", with: { value: big }, retry }] });
  const driver = new KernelDriver(plan, { paranoid: true, packedFrom: 280 }).start().compute();
  expect(explainRun(driver.state, driver.nowMs).map(({ kind }) => kind)).toEqual(["retry"]);
  driver.fireNext();
  expect(explainRun(driver.state, driver.nowMs)).toMatchObject([
    { path: "b", kind: "attempt", text: '"b" is computed' },
  ]);
  expect([...driver.effects.keys()]).toEqual([]);
});

test("one that is cut off at its deadline fails, whatever its policy says of other errors", () => {
  const retry = { attempts: 3, initial: "1s", jitter: "none" as const, errors: ["*"] };
  const step = { id: "b", uses: "boom", deadline: "5s", with: { value: big }, retry };
  const driver = new KernelDriver(planOf({ steps: [step] }), { paranoid: true, packedFrom: 280 });
  driver.start();
  const deadlineAtMs = driver.nowMs + 5_000;
  expect(driver.computing).toMatchObject([{ path: "b", deadlineAtMs }]);
  // The same of a later attempt.
  driver.compute().fireNext();
  expect(driver.computing).toMatchObject([{ path: "b", deadlineAtMs }]);
  const late = { code: "deadline_exceeded", message: "late", retryable: false };
  driver.computing.length = 0;
  const outcome = { ok: false as const, isLate: true, error: late };
  driver.give({ kind: "computed", path: "b", outcome });
  expect(driver.story()).toEqual(["retry_scheduled b", "failed b"]);
  expect(driver.state.error).toMatchObject({
    code: "deadline_exceeded",
    message: '"b" took longer than its deadline of 5000 ms.',
  });
});

test("a checkpoint begins again with what was being computed, and goes on as a fold does", () => {
  const plan = planOf({
    steps: [
      { id: "far", uses: "value", with: { value: big }, needs: [] },
      ...["a", "b", "c", "d"].map((id) => ({ id, uses: "value", with: { value: id }, needs: [] })),
    ],
  });
  // Turns are spent after two steps: some are still on the agenda.
  const driver = new KernelDriver(plan, { paranoid: true, packedFrom: 280, exhaustAfter: 2 });
  driver.start();
  expect(driver.computing).toHaveLength(1);
  expect(driver.story()).not.toContain("succeeded d");
  const folded = new KernelDriver(plan, driver.options);
  folded.state = driver.replay();
  folded.journal.push(...driver.journal);
  driver.restart();
  for (const one of [driver, folded]) {
    one.give({ kind: "continue" });
    expect(one.computing).toMatchObject([{ path: "far" }]);
    while (one.more) one.give({ kind: "continue" });
    one.compute();
  }
  expect(driver.story()).toEqual(folded.story());
  expect(driver.state.terminal).toBe("succeeded");
});

test.each([
  ["in the turn", {}],
  ["later", { packedFrom: 280 }],
])("the deadline of a step that only computes counts its retries (%s)", (_when, options) => {
  const retry = { attempts: 9, initial: "20s", jitter: "none" as const, errors: ["failed"] };
  const step = { id: "b", uses: "boom", with: { value: big }, retry, deadline: "1m" };
  const plan = planOf({
    steps: [
      { ...step, onError: "continue" },
      { id: "c", uses: "value" },
    ],
  });
  const driver = new KernelDriver(plan, { paranoid: true, ...options }).start().settle();
  const beganMs = driver.nowMs;
  driver.restart();
  // The pause of the run does not count.
  driver.give({ kind: "pause", by: "t", reason: null });
  driver.nowMs += 3_600_000;
  driver.give({ kind: "resume", by: "t", reason: null });
  while (driver.state.terminal === null) driver.fireNext().settle();
  const failed = driver.journal.find(({ event }) => event.type === "step.failed");
  expect(failed).toMatchObject({
    atMs: beganMs + 3_660_000,
    event: { path: "b", error: { code: "deadline_exceeded" } },
  });
  expect(driver.state.terminal).toBe("succeeded");
});
