/** How steps and runs fail by what the kernel itself finds: code, message and whether it is tried again. */
import { expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const SECOND = 1_000;

function run(step: Record<string, unknown>, more: Record<string, unknown> = {}): KernelDriver {
  const steps = [{ id: "a", uses: "work", with: { value: 1 }, ...step }] as unknown as Step[];
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}

const inside = { with: undefined, steps: [{ id: "in", uses: "work" }] };

/** Lets `seconds` pass, and the timer of `key` fire. */
function late(driver: KernelDriver, key: string, seconds: number): KernelDriver {
  driver.nowMs += seconds * SECOND;
  return driver.give({ kind: "timer", key });
}

function errorOf(driver: KernelDriver) {
  return driver.journal.flatMap(({ event }) =>
    event.type === "step.failed" ? [event.error] : [],
  )[0];
}

const admit: Input = { kind: "admit", paths: ["a"] };

test("an attempt that takes too long, or gives no sign of life, is tried again", () => {
  const timeout = run({ timeout: "10s" }).give(admit);
  late(timeout, "timeout:a#1", 9);
  expect(timeout.state.terminal).toBeNull();
  late(timeout, "timeout:a#1", 1);
  expect(errorOf(timeout)).toEqual({
    code: "timeout",
    message: 'Attempt 1 of "a" took longer than its timeout of 10000 ms.',
    retryable: true,
  });
  const silent = run({ heartbeatTimeout: "2s" }).give(admit);
  late(silent, "heartbeat:a#1", 1);
  expect(silent.state.terminal).toBeNull();
  late(silent, "heartbeat:a#1", 1);
  expect(errorOf(silent)).toEqual({
    code: "heartbeat_timeout",
    message: 'Attempt 1 of "a" gave no heartbeat for 2000 ms.',
    retryable: true,
  });
  const again = run({ timeout: "10s", retry: { attempts: 2, initial: "1s", jitter: "none" } });
  late(again.give(admit), "timeout:a#1", 10);
  expect(again.state.steps.get("a")?.status).toBe("retrying");
});

test("pauses of no length stay so, however often they are multiplied", () => {
  const retry = { attempts: 400, initial: 0, factor: 100, jitter: "none" };
  const driver = run({ retry });
  for (let attempt = 1; attempt <= 300; attempt++) {
    driver.give(admit);
    const error = { code: "busy", message: "busy", retryable: true };
    driver.give({ kind: "result", path: "a", attempt, outcome: { ok: false, error } });
    expect(driver.state.steps.get("a")?.live?.retryAtMs).toBe(driver.nowMs);
    late(driver, `retry:a#${attempt + 1}`, 0);
  }
});

test("a deadline counts retries in, of a step and of a run", () => {
  const step = run({ deadline: "10s" }).give(admit);
  late(step, "deadline:a", 9);
  expect(step.state.terminal).toBeNull();
  late(step, "deadline:a", 1);
  step.settle();
  expect(errorOf(step)).toEqual({
    code: "deadline_exceeded",
    message: '"a" took longer than its deadline of 10000 ms.',
    retryable: false,
  });
  const whole = run({}, { deadline: "10s" }).give(admit);
  late(whole, "deadline", 10);
  whole.settle();
  expect(whole.state.terminal).toBe("failed");
  expect(whole.state.error).toEqual({
    code: "deadline_exceeded",
    message: "The run took longer than its deadline of 10000 ms.",
    retryable: false,
  });
});

test("attempts that end with their host fail the step after the third in a row", () => {
  const driver = run({ retry: { attempts: 5 } });
  const lose = (attempt: number) => {
    driver.give(admit);
    driver.give({ kind: "lost", path: "a", attempt });
  };
  lose(1);
  lose(2);
  expect(driver.state.terminal).toBeNull();
  lose(3);
  expect(errorOf(driver)).toEqual({
    code: "host_lost",
    message: '3 attempts of "a" in a row ended with their host; it is not tried again.',
    retryable: false,
  });
});

test("attempts that were lost while their host lived say nothing about the step", () => {
  const driver = run({ retry: { attempts: 5 } });
  const lose = (attempt: number, more: { readonly hostLived?: true } = {}) => {
    driver.give(admit);
    driver.give({ kind: "lost", path: "a", attempt, ...more });
  };
  lose(1);
  lose(2);
  for (const attempt of [3, 4, 5, 6]) lose(attempt, { hostLived: true });
  expect(driver.state.terminal).toBeNull();
  lose(7);
  expect(errorOf(driver)?.code).toBe("host_lost");
});

test("nobody came in time", () => {
  const signal = run({ uses: "wait.signal", with: { name: "go", expires: "1s" } });
  late(signal, "wait:a", 1);
  expect(errorOf(signal)).toMatchObject({
    code: "signal_expired",
    message: 'No signal "go" came in time for "a".',
  });
  const person = run({ uses: "wait.approval", with: { title: "t", expires: "1s" } });
  late(person, "wait:a", 1);
  expect(errorOf(person)).toMatchObject({
    code: "approval_expired",
    message: 'Nobody decided "a" in time.',
  });
});

test("loops end: one whose condition always holds, and one with failed items", () => {
  const loop = run({
    ...{ uses: "while", with: { condition: "true", maxIterations: 2 } },
    steps: [{ id: "in", uses: "value", with: { value: 1 } }],
  });
  expect(errorOf(loop)).toEqual({
    code: "max_iterations",
    message: 'The loop "a" did 2 passes (maxIterations) and its condition still holds.',
    retryable: false,
  });
  const each = run({
    ...{ uses: "for_each", with: { items: [1, 2] } },
    steps: [{ id: "in", uses: "boom" }],
  });
  expect(each.state.error).toMatchObject({
    code: "failed",
    message: "boom (first of 2 failed items, at a[0].in)",
  });
});

test("a child's end is told, and there are at most 32 in a row", () => {
  const ended = (status: "failed" | "cancelled", error: object | null) => {
    const driver = run({ uses: "workflow.run", with: { workflow: "other" } });
    const [{ toRunId } = { toRunId: "" }] = driver.sends;
    driver.give({
      ...{ kind: "child_finished", path: "a", runId: toRunId, status, output: null, error },
    } as Input);
    return [toRunId, errorOf(driver)?.message];
  };
  const [first, failed] = ended("failed", { code: "x", message: "so it is", retryable: false });
  expect(failed).toBe(`Child run ${first} failed: so it is`);
  const [second, cancelled] = ended("cancelled", null);
  expect(cancelled).toBe(`Child run ${second} cancelled.`);
  const start = (depth: number) => {
    const steps = [{ id: "a", uses: "workflow.run", with: { workflow: "other" } }] as Step[];
    const driver = new KernelDriver(planOf({ steps }), { paranoid: true });
    driver.give({
      ...{ kind: "start", workflow: "test", version: 1, input: {}, labels: {}, priority: null },
      parent: { runId: "p", path: "x", depth, wait: true },
      ...{ forkedFrom: null, by: "test", trace: null, startKey: null },
    } as unknown as Input);
    return driver.give({ kind: "admit_run" });
  };
  expect(start(31).state.terminal).toBeNull();
  expect(start(31).sends[0]).toMatchObject({ kind: "child_start", parent: { depth: 32 } });
  expect(errorOf(start(32))).toEqual({
    code: "limit_exceeded",
    message: '"a" would be child run number 33 in a row; the limit is 32.',
    retryable: false,
  });
});

test("cleaning up that takes too long is cut off, and what ran is named", () => {
  const last = { id: "last", uses: "work" };
  const stuck = run({}, { finally: [last], cleanupTimeout: "5s" });
  stuck.give({ kind: "cancel", by: "ann", reason: null });
  stuck.give({ kind: "admit", paths: ["finally.last"] });
  late(stuck, "cleanup", 5);
  expect(stuck.state.error).toMatchObject({
    code: "cleanup_timeout",
    message: "Cleaning up took longer than the cleanupTimeout of 5000 ms; aborted: finally.last.",
  });
  const tried = run({
    ...inside,
    ...{ uses: "try", finally: [last], cleanupTimeout: "5s" },
  });
  tried.give({ kind: "admit", paths: ["a.in"] });
  tried.give({
    ...{ kind: "result", path: "a.in", attempt: 1 },
    outcome: { ok: true, output: 1 },
  } as Input);
  tried.give({ kind: "admit", paths: ["a.finally.last"] });
  late(tried, "cleanup:a", 5);
  tried.settle();
  expect(tried.state.error).toMatchObject({
    code: "cleanup_timeout",
    message: 'Cleaning up "a" took longer than its cleanupTimeout of 5000 ms.',
  });
});

test("a run that has ended takes nothing more", () => {
  const driver = run({}).settle();
  driver.give({ kind: "pause", by: "ann", reason: null });
  expect(driver.lastDecision?.refusal).toMatchObject({
    code: "run_terminal",
    message: "Run run_test has ended as succeeded; it takes no pause.",
  });
  const open = run({});
  open.give({ kind: "seal", scope: "nowhere" });
  expect(open.lastDecision?.refusal?.message).toBe(
    'Run run_test has no open dynamic scope "nowhere".',
  );
});
