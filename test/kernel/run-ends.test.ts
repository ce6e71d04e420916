/** What a run tells others when it ends, and the last that its journal says (end-run, decide-control). */
import { describe, expect, test } from "vitest";
import { SIGNAL_IDS_MAX } from "#kernel/decision.ts";
import type { Input } from "#kernel/inputs.ts";
import { LostValueError } from "#kernel/read-scope.ts";
import { rememberSignal } from "#kernel/remember-signal.ts";
import { newState } from "#kernel/state.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const value = (of: unknown): Step => ({ id: "a", uses: "value", with: { value: of } });
const BOOM: Step = { id: "a", uses: "boom" };
const WORK: Step = { id: "a", uses: "work", with: { value: 1 } };

/** A run that another one has started, and waits for or not. */
function child(
  definition: object,
  {
    wait = true,
    more = {},
    ...options
  }: DriverOptions & { readonly wait?: boolean; readonly more?: object } = {},
): KernelDriver {
  const driver = new KernelDriver(planOf(definition as never), { paranoid: true, ...options });
  const start = {
    ...{ kind: "start", workflow: "test", version: 1, input: { text: LONG }, labels: {} },
    ...{ priority: null, forkedFrom: null, by: "t", trace: null, startKey: null },
    parent: { runId: "run_parent", path: "outer.c", depth: 1, wait },
    ...more,
  };
  return driver.give(start as Input).give({ kind: "admit_run" });
}

const told = (driver: KernelDriver) => driver.sends.filter(({ kind }) => kind === "child_end");

describe("a parent that waits is told", () => {
  const end = (more: object) => ({
    ...{ kind: "child_end", id: expect.any(String), toRunId: "run_parent", path: "outer.c" },
    ...{ runId: "run_test", status: "succeeded", output: null, error: null },
    ...more,
  });

  test.each<[string, object, object]>([
    ["what the workflow gives", { steps: [value(1)], output: { sum: 3 } }, { output: { sum: 3 } }],
    ["what the last step gave", { steps: [value(LONG)] }, { output: LONG }],
    [
      "what was stopped with",
      { steps: [{ id: "s", uses: "stop", with: { output: 5 } }] },
      { output: 5 },
    ],
    ["that there is no output", { steps: [value(null)] }, {}],
    [
      "why it failed",
      { steps: [BOOM] },
      { status: "failed", error: { code: "failed", message: "boom", retryable: false } },
    ],
  ])("%s", (_name, definition, more) => {
    expect(told(child(definition))).toEqual([end(more)]);
  });

  test("that it was cancelled, or terminated", () => {
    for (const kind of ["cancel", "terminate"] as const) {
      const driver = child({ steps: [WORK] }).give({ kind, by: "t", reason: null });
      expect(told(driver)).toEqual([end({ status: "cancelled" })]);
    }
  });

  test("an output that must be loaded first, once", () => {
    const driver = child({ steps: [{ ...WORK, with: { value: LONG } }] }, { lazyValues: true });
    driver.give({ kind: "admit", paths: ["a"] });
    driver.restart();
    driver.give({
      ...{ kind: "result", path: "a", attempt: 1, outcome: { ok: true, output: LONG } },
    });
    expect(told(driver)).toEqual([end({ output: LONG })]);
    expect(driver.types().filter((type) => type === "run.succeeded")).toHaveLength(1);
  });

  test("an output that is no longer at hand after `finally`", () => {
    const definition = {
      steps: [{ ...WORK, with: { value: LONG } }],
      finally: [{ id: "last", uses: "wait.for", with: { duration: "1h" } }],
    };
    const driver = child(definition, { lazyValues: true }).settle();
    expect(told(driver)).toEqual([]);
    driver.restart().fireNext();
    expect(told(driver)).toEqual([end({ output: { value: LONG } })]);
  });

  test("of which chain it was the last run", () => {
    const continued = { fromRunId: "run_first", chainId: "run_first", signalIds: [] };
    const driver = child(
      { steps: [value(1)] },
      { more: { continued: { ...continued, signals: [], fault: null } } },
    );
    expect(told(driver)).toEqual([end({ output: 1, chainId: "run_first" })]);
  });

  test("nothing of an output that is lost", () => {
    const lost = () => {
      throw new LostValueError("its blob is gone");
    };
    const steps = [{ ...WORK, with: { value: LONG } }];
    const driver = child({ steps }).give({ kind: "admit", paths: ["a"] });
    (driver.options as { world?: object }).world = { values: { get: lost, put: () => {} } };
    driver.give({
      ...{ kind: "result", path: "a", attempt: 1, outcome: { ok: true, output: LONG } },
    });
    expect([driver.state.terminal, told(driver)]).toEqual(["succeeded", [end({})]]);
  });

  test("not by a run that goes on as another, which tells it", () => {
    const driver = child({ steps: [{ id: "next", uses: "workflow.continue" }] });
    expect(driver.state.terminal).not.toBeNull();
    expect(told(driver)).toEqual([]);
  });
});

test("a parent that does not wait is told nothing", () => {
  expect(told(child({ steps: [value(1)] }, { wait: false }))).toEqual([]);
});

describe("children of a run that is terminated", () => {
  const start = (onParentEnd: string) => {
    const settings = { workflow: "other", onParentEnd };
    const steps = [{ id: "c", uses: "workflow.run", with: settings }] as readonly Step[];
    const driver = new KernelDriver(planOf({ steps: [...steps] }), { paranoid: true }).start();
    const id = driver.sends[0]?.toRunId;
    driver.give({ kind: "terminate", by: "t", reason: null });
    return { driver, id };
  };

  test("are told to stop", () => {
    const { driver, id } = start("cancel");
    expect(driver.sends.slice(1)).toEqual([
      {
        ...{ kind: "cancel", id: expect.any(String), toRunId: id, fromRunId: "run_test" },
        reason: "its parent run_test was told to stop",
      },
    ]);
  });

  test("go on where they are abandoned", () => {
    expect(start("abandon").driver.sends).toHaveLength(1);
  });
});

test("signals that nobody read are in the journal, with why", () => {
  const signal = { kind: "signal", id: "s1", name: "go", key: null, payload: 1, by: "t" } as const;
  const unread = (steps: readonly Step[]) => {
    const driver = new KernelDriver(planOf({ steps: [...steps] }), { paranoid: true }).start();
    driver.give(signal).settle();
    return driver.journal.flatMap(({ event }) =>
      event.type === "signal.unconsumed" ? [event.reason] : [],
    );
  };
  expect(unread([WORK])).toEqual(["the run ended"]);
  const next: Step = { id: "next", uses: "workflow.continue" };
  expect(unread([WORK, next])).toEqual([expect.stringMatching(/^the run goes on as run_\w+$/)]);
});

test("of the signals that it received a run remembers the last ones", () => {
  const state = newState("run_test", planOf({ steps: [WORK] }));
  for (let id = 0; id < SIGNAL_IDS_MAX; id++) rememberSignal(state, `s${id}`);
  expect([state.signalIds.size, state.signalIds.has("s0")]).toEqual([SIGNAL_IDS_MAX, true]);
  // One that comes again takes nobody's place.
  rememberSignal(state, "s5");
  expect([state.signalIds.size, state.signalIds.has("s0")]).toEqual([SIGNAL_IDS_MAX, true]);
  rememberSignal(state, "new");
  expect(state.signalIds.size).toBe(SIGNAL_IDS_MAX);
  expect(["s0", "s1", "new"].map((id) => state.signalIds.has(id))).toEqual([false, true, true]);
});
