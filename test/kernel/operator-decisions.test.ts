/** Decisions of an operator about children, fallbacks and steps whose turn has not come (decide-operator.ts). */
import { describe, expect, test } from "vitest";
import type { Input } from "#kernel/inputs.ts";
import { pending } from "#kernel/pending.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "x".repeat(400);
const FALLBACK = { fallback: "${{ input.long }}" };

function run(steps: readonly Step[], options: DriverOptions = {}): KernelDriver {
  const driver = new KernelDriver(planOf({ steps }), { paranoid: true, ...options });
  return driver.start({ long: LONG });
}

function decide(action: "retry" | "skip" | "complete" | "fail", path: string, more = {}): Input {
  return {
    ...{ kind: "resolve", action, path, by: "ann", reason: null, id: null },
    ...{ output: null, port: null, message: null, ...more },
  } as Input;
}

const child = (settings: object, more: Partial<Step> = {}): Step => ({
  ...{ id: "c", uses: "workflow.run", with: { workflow: "other", ...settings } },
  ...more,
});
const resolved = (driver: KernelDriver) =>
  driver.journal.map(({ event }) => event).filter(({ type }) => type === "step.resolved");

describe("a step that waits for a child", () => {
  test("is decided once the child has been told to stop and has ended", () => {
    const driver = run([child({})]).give(decide("complete", "c", { output: 5 }));
    expect(driver.state.terminal).toBeNull();
    expect(driver.sends.at(-1)).toMatchObject({
      kind: "cancel",
      toRunId: driver.sends[0]?.toRunId,
    });
    const runId = driver.sends[0]?.toRunId ?? "";
    const end = { status: "cancelled", output: null, error: null } as const;
    driver.give({ kind: "child_finished", path: "c", runId, ...end });
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", 5]);
  });

  test("is decided at once where the child is abandoned", () => {
    const abandoned = () => run([child({ onParentEnd: "abandon" })]);
    const done = abandoned().give(decide("complete", "c", { output: 5 }));
    expect([done.state.terminal, done.output(), done.sends.length]).toEqual(["succeeded", 5, 1]);
    expect(abandoned().give(decide("skip", "c")).state.terminal).toBe("succeeded");
    const failed = abandoned().give(decide("fail", "c", { message: "no" }));
    expect(failed.state.error).toMatchObject({ code: "operator_failed", message: "no", path: "c" });
  });
});

describe("a failure whose fallback must be loaded first", () => {
  const lazy = { lazyValues: true };

  test.each<[string, Step]>([
    ["that asks for a slot", { id: "a", uses: "work", onError: FALLBACK }],
    ["that waits", { id: "a", uses: "wait.signal", with: { name: "go" }, onError: FALLBACK }],
    [
      "whose child is abandoned",
      { ...child({ onParentEnd: "abandon" }), id: "a", onError: FALLBACK },
    ],
  ])("is journaled once, of a step %s", (_name, step) => {
    const driver = run([step], lazy)
      .restart()
      .give(decide("fail", "a", { message: "no" }));
    expect(resolved(driver)).toEqual([
      { type: "step.resolved", path: "a", action: "fail", by: "ann", message: "no" },
    ]);
    expect([driver.state.terminal, driver.output()]).toEqual(["succeeded", LONG]);
  });

  test("is decided before its turn without loading anything", () => {
    const steps: Step[] = [
      { id: "before", uses: "work" },
      { id: "a", uses: "work", onError: FALLBACK },
    ];
    let loads = 0;
    const observe = () => (decision: { readonly needs: readonly unknown[] }) => {
      loads += decision.needs.length;
    };
    const driver = run(steps, { ...lazy, observe }).restart();
    driver.give(decide("fail", "a", { message: "no" }));
    expect([resolved(driver).length, loads]).toEqual([1, 0]);
    driver.settle();
    expect([driver.state.terminal, driver.output(), loads]).toEqual(["succeeded", LONG, 1]);
  });

  test("is loaded for no other decision", () => {
    let loads = 0;
    const observe = () => (decision: { readonly needs: readonly unknown[] }) => {
      loads += decision.needs.length;
    };
    for (const action of ["complete", "skip"] as const) {
      const steps: Step[] = [{ id: "a", uses: "work", onError: FALLBACK }];
      run(steps, { ...lazy, observe })
        .restart()
        .give(decide(action, "a"));
    }
    expect(loads).toBe(0);
  });
});

describe("a decision with an id", () => {
  test("is applied once, and one without is another each time", () => {
    const steps: Step[] = ["a", "b"].map((id) => ({ id, uses: "work", needs: [] }));
    const driver = run(steps).give(decide("skip", "a", { id: "once" }));
    driver.give(decide("skip", "b", { id: "once" }));
    expect([resolved(driver).length, driver.lastDecision?.applied]).toEqual([1, false]);
    driver.give(decide("skip", "b"));
    expect(resolved(driver)).toEqual([
      { type: "step.resolved", path: "a", action: "skip", by: "ann", id: "once" },
      { type: "step.resolved", path: "b", action: "skip", by: "ann" },
    ]);
  });
});

describe("what a run can do by itself", () => {
  test("is none while it waits, is paused, or has ended", () => {
    const many: Step[] = ["a", "b", "c"].map((id) => ({ id, uses: "value", needs: [] }));
    const spent = run(many, { exhaustAfter: 1 });
    expect([spent.more, pending(spent.state).turn]).toEqual([true, true]);
    spent.give({ kind: "pause", by: "t", reason: null });
    expect(pending(spent.state).turn).toBe(false);
    spent.give({ kind: "resume", by: "t", reason: null });
    expect(pending(spent.state).turn).toBe(true);
    spent.give({ kind: "terminate", by: "t", reason: null });
    expect(pending(spent.state)).toEqual({ effects: [], turn: false });
    expect(pending(run([{ id: "a", uses: "work" }]).state).turn).toBe(false);
  });
});
