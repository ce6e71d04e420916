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

test("each attempt has its timeout, the step its deadline", () => {
  const retry = { attempts: 9, initial: "1s", jitter: "none" as const };
  const limits = { timeout: "3s", deadline: "7s" };
  const step = { id: "b", uses: "boom", ...limits, with: { value: big }, retry };
  const driver = new KernelDriver(planOf({ steps: [step] }), { paranoid: true, packedFrom: 280 });
  driver.start();
  const beganMs = driver.nowMs;
  const late = { code: "deadline_exceeded", message: "late", retryable: false };
  const outcome = { ok: false as const, isLate: true, error: late };
  const limitsMs = [];
  while (driver.state.terminal === null) {
    const [{ deadlineAtMs = null } = {}] = driver.computing.splice(0);
    limitsMs.push((deadlineAtMs ?? 0) - beganMs);
    driver.nowMs = deadlineAtMs ?? 0;
    driver.give({ kind: "computed", path: "b", outcome });
    if (driver.state.terminal === null) driver.fireNext();
  }
  // Attempts from 0 to 3 and from 4 to 7, where both limits end: the deadline wins.
  expect(limitsMs).toEqual([3_000, 7_000]);
  expect(driver.story()).toEqual(["retry_scheduled b", "failed b"]);
  const retried = driver.journal.find(({ event }) => event.type === "step.retry_scheduled")?.event;
  expect(retried).toMatchObject({
    error: { code: "timeout", message: '"b" took longer than its timeout of 3000 ms.' },
  });
  expect(driver.state.error).toMatchObject({ code: "deadline_exceeded" });
});

test("a timeout fails a step that has no more attempts, and a cancel does not wait for it", () => {
  const step = { id: "b", uses: "boom", timeout: "3s", with: { value: big } };
  const options = { paranoid: true, packedFrom: 280 };
  const driver = new KernelDriver(planOf({ steps: [step] }), options).start();
  driver.nowMs += 3_000;
  const error = { code: "deadline_exceeded", message: "late", retryable: false };
  driver.give({ kind: "computed", path: "b", outcome: { ok: false, isLate: true, error } });
  expect(driver.state).toMatchObject({ terminal: "failed", error: { code: "timeout" } });
  const other = new KernelDriver(planOf({ steps: [step] }), options).start();
  other.give({ kind: "cancel", by: "t", reason: null });
  expect(other.story()).toEqual(["cancelled b"]);
  expect(other.state.terminal).toBe("cancelled");
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
