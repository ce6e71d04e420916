/** What a child run tells its parent, on the bare kernel: its end, and that a successor goes on. */
import { describe, expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const CANCEL: Input = { kind: "cancel", by: "t", reason: null };

function parent(settings: object = {}, more: Partial<Step> = {}): KernelDriver {
  const steps: Step[] = [
    { ...{ id: "c", uses: "workflow.run", with: { workflow: "other", ...settings } }, ...more },
    { ...{ id: "w", uses: "wait.signal", with: { name: "go" } }, needs: [] },
  ];
  return new KernelDriver(planOf({ steps }), { paranoid: true }).start();
}

const childOf = (driver: KernelDriver) => driver.sends[0]?.toRunId ?? "none";

function ends(
  driver: KernelDriver,
  status: "succeeded" | "failed" | "cancelled",
  more = {},
): Input {
  return {
    ...{ kind: "child_finished", path: "c", runId: childOf(driver), status },
    ...{ output: 9, error: null, ...more },
  };
}

function goesOn(driver: KernelDriver, more = {}): Input {
  const runId = childOf(driver);
  return {
    kind: "child_continued",
    path: "c",
    runId,
    toRunId: "run_next",
    chainId: runId,
    ...more,
  };
}

/** What the input adds to the journal, and whether it counted. */
function eventsOf(driver: KernelDriver, input: Input): readonly [readonly object[], boolean] {
  const from = driver.journal.length;
  driver.give(input);
  return [
    driver.journal.slice(from).map(({ event }) => event),
    driver.lastDecision?.applied ?? false,
  ];
}

describe("the end of a child", () => {
  test("is the output of the step", () => {
    const driver = parent();
    const runId = childOf(driver);
    expect(eventsOf(driver, ends(driver, "succeeded"))).toEqual([
      [
        { type: "child.finished", path: "c", runId, status: "succeeded" },
        { type: "step.succeeded", path: "c", output: 9 },
      ],
      true,
    ]);
  });

  test.each([
    ["failed", "child_failed", { code: "x", message: "so it is", retryable: false }],
    ["cancelled", "child_cancelled", null],
  ] as const)("that %s fails the step, with what happened", (status, code, error) => {
    const driver = parent();
    const runId = childOf(driver);
    const [events] = eventsOf(driver, ends(driver, status, { error }));
    const told = error === null ? "." : `: ${error.message}`;
    expect(events.slice(0, 2)).toEqual([
      {
        ...{ type: "child.finished", path: "c", runId, status },
        ...(error === null ? {} : { error }),
      },
      {
        ...{ type: "step.failed", path: "c" },
        error: {
          ...{ code, message: `Child run ${runId} ${status}${told}`, retryable: true },
          details: { runId, error },
        },
      },
    ]);
  });

  test("that could not start is the step's own failure, as it was told", () => {
    const error = { code: "child_not_started", message: "no such workflow", retryable: false };
    const retry = { attempts: 2 };
    const driver = parent({}, { retry });
    const [events] = eventsOf(driver, ends(driver, "failed", { error }));
    expect(events.slice(0, 2)).toMatchObject([
      { type: "child.finished" },
      { type: "step.failed", path: "c", error },
    ]);
    const failed = parent({}, { retry });
    failed.give(ends(failed, "failed"));
    expect(failed.story()).toContain("retry_scheduled c");
  });

  test.each([
    ["of another path", { path: "w" }],
    ["of a step that never was", { path: "nowhere" }],
    ["of another run", { runId: "run_other" }],
    ["of another chain", { chainId: "run_other" }],
  ])("%s is not taken", (_name, more) => {
    const driver = parent();
    expect(eventsOf(driver, ends(driver, "succeeded", more))).toEqual([[], false]);
  });

  test("is taken once", () => {
    const driver = parent();
    const input = ends(driver, "succeeded");
    expect(eventsOf(driver, input)[1]).toBe(true);
    expect(eventsOf(driver, input)).toEqual([[], false]);
  });

  test("of a chain is known by the chain", () => {
    const driver = parent();
    const chainId = childOf(driver);
    const [events, applied] = eventsOf(
      driver,
      ends(driver, "succeeded", { runId: "last", chainId }),
    );
    expect(applied).toBe(true);
    expect(events[0]).toMatchObject({ type: "child.finished", runId: "last" });
  });

  test("after the step was told to stop ends it, however the child ended", () => {
    for (const status of ["succeeded", "failed", "cancelled"] as const) {
      const driver = parent().give(CANCEL);
      driver.give(ends(driver, status));
      expect(driver.state.terminal).toBe("cancelled");
      expect(driver.types()).toContain("child.finished");
    }
  });

  test("waits for a fallback that must be loaded, and is journaled once", () => {
    const plan = planOf({
      steps: [
        {
          ...{ id: "c", uses: "workflow.run", with: { workflow: "other" } },
          onError: { fallback: "${{ input.text }}" },
        },
      ],
    });
    const driver = new KernelDriver(plan, { paranoid: true, lazyValues: true });
    driver.start({ text: "y".repeat(400) });
    driver.give(ends(driver, "failed"));
    expect(driver.types().filter((type) => type === "child.finished")).toHaveLength(1);
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", "y".repeat(400)]);
  });

  test("that succeeds needs no fallback", () => {
    const plan = planOf({
      steps: [
        {
          ...{ id: "c", uses: "workflow.run", with: { workflow: "other" } },
          onError: { fallback: "${{ input.text }}" },
        },
      ],
    });
    let loads = 0;
    const driver = new KernelDriver(plan, {
      observe: () => (decision) => {
        loads += decision.needs.length;
      },
      lazyValues: true,
    });
    driver.start({ text: "y".repeat(400) });
    driver.give(ends(driver, "succeeded"));
    expect([driver.output(), loads]).toEqual([9, 0]);
  });
});

describe("a child that goes on as another run", () => {
  const continued = (driver: KernelDriver) => ({
    ...{ type: "child.continued", path: "c", runId: childOf(driver), toRunId: "run_next" },
  });

  test("is waited for under its new name", () => {
    const driver = parent();
    expect(eventsOf(driver, goesOn(driver))).toEqual([[continued(driver)], true]);
    expect(driver.sends).toHaveLength(1);
    driver.give(CANCEL);
    expect(driver.sends.at(-1)).toMatchObject({ kind: "cancel", toRunId: "run_next" });
  });

  test.each([
    ["of a run that is not the step's", { runId: "run_other" }],
    ["of another chain", { chainId: "run_other" }],
    ["of a step that never was", { path: "nowhere" }],
    ["of a step that waits for something else", { path: "w" }],
  ])("%s is not known", (_name, more) => {
    const driver = parent();
    expect(eventsOf(driver, goesOn(driver, more))).toEqual([[], false]);
  });

  test("after its step was told to stop is told to stop too, unless it is abandoned", () => {
    const driver = parent().give(CANCEL);
    const before = driver.sends.length;
    expect(eventsOf(driver, goesOn(driver))).toEqual([[continued(driver)], true]);
    expect(driver.sends.slice(before)).toMatchObject([{ kind: "cancel", toRunId: "run_next" }]);
  });

  test("and that nobody waits for ends with its parent, by its new name", () => {
    const settings = { wait: false, onParentEnd: "cancel" };
    const driver = parent(settings);
    expect(eventsOf(driver, goesOn(driver, { runId: "run_other" }))).toEqual([[], false]);
    expect(eventsOf(driver, goesOn(driver))).toEqual([[continued(driver)], true]);
    expect(driver.state.unwaited).toEqual([{ runId: "run_next", path: "c" }]);
    driver.give(CANCEL);
    expect(driver.sends.at(-1)).toMatchObject({ kind: "cancel", toRunId: "run_next" });
  });

  test("is one of several that nobody waits for", () => {
    const steps = ["c", "d"].map((id) => ({
      ...{ id, uses: "workflow.run", needs: [] },
      with: { workflow: "other", wait: false, onParentEnd: "cancel" },
    }));
    const wait = { id: "w", uses: "wait.signal", with: { name: "go" } };
    const driver = new KernelDriver(planOf({ steps: [...steps, wait] }), {
      paranoid: true,
    }).start();
    const others = driver.sends[1]?.toRunId;
    expect(eventsOf(driver, goesOn(driver))[1]).toBe(true);
    expect(driver.state.unwaited.map(({ runId }) => runId)).toEqual(["run_next", others]);
  });
});
