/** Inputs that come twice, too late, too early or for nobody: told apart, and without effect. */
import { describe, expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const STEPS: readonly Step[] = [
  { id: "a", uses: "work", timeout: "5s", heartbeatTimeout: "3s", retry: { attempts: 3 } },
];

function run(steps: readonly Step[] = STEPS, more: object = {}): KernelDriver {
  return new KernelDriver(planOf({ steps, ...more } as never), { paranoid: true }).start();
}
const running = () => run().give({ kind: "admit", paths: ["a"] });

/** The types of the events that the input leads to, and whether it counted. */
function effectOf(driver: KernelDriver, input: Input): readonly [readonly string[], boolean] {
  const from = driver.journal.length;
  driver.give(input);
  return [driver.types().slice(from), driver.lastDecision?.applied ?? false];
}

const result = (attempt: number, ok = true, path = "a"): Input => ({
  ...{ kind: "result", path, attempt },
  outcome: ok ? { ok, output: 1 } : { ok, error: { code: "x", message: "no", retryable: false } },
});
const beat = (attempt: number, path = "a"): Input => ({
  ...{ kind: "heartbeat", path, attempt, value: 1, progress: null },
});

describe("an attempt that is not under way", () => {
  test.each<[string, () => KernelDriver, Input]>([
    ["has not begun", () => run(), result(0)],
    ["is another", running, result(2)],
    ["never was", running, result(1, true, "nowhere")],
    ["has ended with its run", () => running().give(result(1)), result(1)],
  ])("gives a late result: it %s", (_name, prepare, input) => {
    expect(effectOf(prepare(), input)).toEqual([["step.late_result"], false]);
  });

  test("says whether it came to something", () => {
    for (const ok of [true, false]) {
      const driver = running().give(result(1));
      driver.give(result(1, ok));
      expect(driver.journal.at(-1)?.event).toEqual({
        ...{ type: "step.late_result", path: "a", attempt: 1, ok },
      });
      const early = run();
      early.give(result(1, ok));
      expect(early.journal.at(-1)?.event).toMatchObject({ type: "step.late_result", ok });
    }
    const ended = running().give(result(1));
    ended.give({ kind: "cached", path: "a", attempt: 1, output: 1, change: null });
    expect(ended.journal.at(-1)?.event).toMatchObject({ type: "step.late_result", ok: true });
  });

  test("has no heartbeat and is not lost", () => {
    expect(effectOf(running(), beat(1))).toEqual([["step.heartbeat"], true]);
    expect(effectOf(running(), beat(2))).toEqual([[], false]);
    expect(effectOf(running(), beat(1, "nowhere"))).toEqual([[], false]);
    const lost = (attempt: number, path = "a"): Input => ({ kind: "lost", path, attempt });
    expect(effectOf(running(), lost(2))[0]).toEqual([]);
    expect(effectOf(running(), lost(1, "nowhere"))[0]).toEqual([]);
    expect(effectOf(run(), lost(0))[0]).toEqual([]);
    expect(effectOf(running(), lost(1))[0]).toEqual(["step.lost"]);
  });

  test("is not admitted again", () => {
    const admit: Input = { kind: "admit", paths: ["a", "nowhere"] };
    expect(effectOf(run(), admit)[0]).toEqual(["step.started"]);
    expect(effectOf(running(), admit)[0]).toEqual([]);
    expect(effectOf(run().give({ kind: "pause", by: "t", reason: null }), admit)[0]).toEqual([]);
  });

  test("is computed for nobody", () => {
    const computed = (path: string): Input => ({
      ...{ kind: "computed", path, outcome: { ok: true, output: 1 } },
    });
    expect(effectOf(running(), computed("a"))).toEqual([[], false]);
    expect(effectOf(running(), computed("nowhere"))).toEqual([[], false]);
  });
});

describe("a timer", () => {
  const timer = (key: string): Input => ({ kind: "timer", key });

  test.each([
    "timeout:a#1",
    "heartbeat:a#1",
    "timeout:a#2",
    "deadline",
    "cleanup",
    "wait:a",
    "wait:nowhere",
  ])("that wakes early, or was never set, does nothing: %s", (key) => {
    expect(effectOf(running(), timer(key))).toEqual([[], false]);
  });

  test("is due at its very instant", () => {
    const driver = running();
    driver.nowMs += 2_999;
    expect(effectOf(driver, timer("heartbeat:a#1"))).toEqual([[], false]);
    driver.nowMs += 1;
    expect(effectOf(driver, timer("heartbeat:a#1"))).toEqual([["step.retry_scheduled"], true]);
    expect(effectOf(driver, timer("heartbeat:a#1"))).toEqual([[], false]);
  });

  test("that has passed says what took how long, and that another attempt may help", () => {
    const error = (driver: KernelDriver) =>
      driver.journal.flatMap(({ event }) =>
        event.type === "step.retry_scheduled" || event.type === "step.failed" ? [event.error] : [],
      );
    const silent = running().fireNext();
    expect(error(silent)).toEqual([
      {
        ...{ code: "heartbeat_timeout", retryable: true },
        message: 'Attempt 1 of "a" gave no heartbeat for 3000 ms.',
      },
    ]);
    const driver = running();
    driver.nowMs += 2_500;
    driver.give(beat(1)).fireNext();
    expect(error(driver)).toEqual([
      {
        ...{ code: "timeout", retryable: true },
        message: 'Attempt 1 of "a" took longer than its timeout of 5000 ms.',
      },
    ]);
    const retry = { attempts: 9, errors: ["*"] };
    const late = run([
      { id: "a", uses: "wait.signal", with: { name: "go" }, deadline: "1s", retry },
    ]);
    expect(error(late.fireNext())).toEqual([
      {
        ...{ code: "deadline_exceeded", retryable: false },
        message: '"a" took longer than its deadline of 1000 ms.',
      },
    ]);
  });
});

describe("a run", () => {
  const start: Input = {
    ...{ kind: "start", workflow: "test", version: 1, input: {}, labels: {}, priority: null },
    ...{ parent: null, forkedFrom: null, by: "t", trace: null, startKey: null },
  };

  test("starts once, and begins once", () => {
    expect(effectOf(running(), start)).toEqual([[], false]);
    expect(effectOf(running(), { kind: "admit_run" })[0]).toEqual([]);
  });

  test("says where it comes from, as far as it comes from somewhere", () => {
    const first = (more: object) => {
      const driver = new KernelDriver(planOf({ steps: STEPS }), { paranoid: true });
      driver.give({ ...start, ...more } as Input);
      return driver.journal.map(({ event }) => event);
    };
    const [plain, ...none] = first({});
    expect(none).toEqual([]);
    expect(Object.keys(plain ?? {}).toSorted()).toEqual([
      ...[
        "by",
        "input",
        "labels",
        "planHash",
        "priority",
        "semantics",
        "type",
        "version",
        "workflow",
      ],
    ]);
    const [whole, forked] = first({
      ...{ pins: { other: 2 }, trace: "00-1-2-01", startKey: "key", priority: 8 },
      forkedFrom: { runId: "run_old", reason: "again" },
    });
    expect(whole).toMatchObject({
      ...{ pins: { other: 2 }, trace: "00-1-2-01", startKey: "key", priority: 8 },
    });
    expect(forked).toEqual({ type: "run.forked", from: "run_old", reason: "again" });
    expect(first({ forkedFrom: { runId: "run_old", reason: null } })[1]).toEqual({
      ...{ type: "run.forked", from: "run_old" },
    });
  });

  test("asks for its slot by a key of its input, or fails with what is wrong with it", () => {
    const concurrency = { key: "input.who + workflow.name", limit: 2, whenFull: "reject" };
    const of = (key: string) => {
      const plan = planOf({ steps: STEPS, concurrency: { ...concurrency, key } } as never);
      const driver = new KernelDriver(plan, { paranoid: true });
      return driver.give({ ...start, input: { who: "ann" } } as Input);
    };
    const driver = of(concurrency.key);
    expect([...driver.effects.values()]).toEqual([
      {
        ...{ kind: "admit_run", key: "admit_run", priority: 5 },
        concurrency: { key: "anntest", limit: 2, whenFull: "reject" },
      },
    ]);
    expect(of("input.none.more.more").state.error).toMatchObject({
      ...{ code: "expression_failed", path: "concurrency.key" },
    });
  });

  test("that has ended takes nothing, and says so", () => {
    for (const input of [
      { kind: "signal", id: "s", name: "go", key: null, payload: 1, by: "t" },
      { kind: "prioritize", priority: 1, by: "t", reason: null },
      { kind: "checkpoint", isPinned: false, by: "t", reason: null },
      ...(["pause", "resume", "cancel", "terminate"] as const).map((kind) => ({
        ...{ kind, by: "t", reason: null },
      })),
    ] as readonly Input[]) {
      const driver = running().give(result(1));
      expect(effectOf(driver, input)).toEqual([[], false]);
      expect(driver.lastDecision?.refusal).toEqual({
        code: "run_terminal",
        message: `Run run_test has ended as succeeded; it takes no ${input.kind}.`,
      });
    }
    expect(effectOf(running().give(result(1)), { kind: "continue" })).toEqual([[], false]);
    const next = run([{ id: "c", uses: "workflow.continue" }]);
    next.give({ kind: "cancel", by: "t", reason: null });
    expect(next.lastDecision?.refusal?.details).toEqual({ continuedTo: next.sends[0]?.toRunId });
  });
});
