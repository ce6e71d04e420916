/** `while`, `try`, `saga` and `parallel` where something fails, must be loaded, or is at its limit. */
import { describe, expect, test } from "vitest";
import { LostValueError } from "#kernel/read-scope.ts";
import type { Step } from "#workflow/definition.ts";
import { type DriverOptions, KernelDriver, planOf } from "./kernel-driver.ts";

const LONG = "w".repeat(400);
const boom: Step = { id: "b", uses: "boom" };
const value = (of: unknown, id = "v"): Step => ({ id, uses: "value", with: { value: of } });
const AGAIN = { retry: { attempts: 3, initial: "1s", errors: ["*"] } };

function run(step: object, options: DriverOptions = {}): KernelDriver {
  const before: Step = { id: "before", uses: "work", with: { value: LONG } };
  const hold: Step = { id: "hold", uses: "wait.for", with: { duration: "1h" } };
  const plan = planOf({ steps: [before, hold, { id: "x", ...step } as Step] });
  const driver = new KernelDriver(plan, { paranoid: true, ...options }).start().settle();
  return driver.restart().fireNext().settle();
}

const loop = (settings: object, steps: readonly Step[] = [value(1)], more: object = {}) => ({
  ...{ uses: "while", with: { maxIterations: 3, ...settings }, steps },
  ...more,
});

describe("a while", () => {
  test("does as many passes as it may, and then its condition must be false", () => {
    const passes = (upTo: number) => run(loop({ condition: `index < ${upTo}` }));
    expect(passes(0).output()).toEqual({ passes: 0, carry: {}, output: null });
    expect(passes(3).output()).toEqual({ passes: 3, carry: {}, output: 1 });
    expect(passes(4).state.error).toMatchObject({
      ...{ code: "max_iterations", path: "x" },
      message: 'The loop "x" did 3 passes (maxIterations) and its condition still holds.',
    });
  });

  test("that looks after each pass does one at least", () => {
    expect(run(loop({ condition: "false", check: "after" })).output()).toMatchObject({ passes: 1 });
  });

  test("fails with the first pass that fails, and with a condition that cannot be evaluated", () => {
    const failed = run(loop({ condition: "true" }, [boom]));
    expect(failed.state.error).toMatchObject({ code: "failed", path: "x" });
    expect(failed.story().filter((line) => line.startsWith("failed"))).toEqual([
      ...["failed x@0.b", "failed x"],
    ]);
    expect(run(loop({ condition: "input.none.more" })).state.error).toMatchObject({
      ...{ code: "expression_failed", path: "x" },
    });
  });

  test("asks for what its condition and its output read, whoever goes on", () => {
    const condition = "carry.text.length < 500 && steps.before.output.value.length == 400";
    const update = { text: "${{ carry.text + steps.before.output.value }}" };
    const step = loop({ condition, carry: { text: LONG } }, [value(LONG)], { update });
    const driver = run(step, { lazyValues: true });
    expect(driver.output()).toEqual({ passes: 1, carry: { text: LONG + LONG }, output: LONG });
  });

  test("draws other ids in each of its conditions", () => {
    const seen = run(
      loop({ condition: "uuid() != carry.id && index < 2", carry: { id: "" } }, [value(1)], {
        update: { id: "${{ uuid() }}" },
      }),
    );
    expect(seen.output()).toMatchObject({ passes: 2 });
  });
});

describe("a try", () => {
  test("whose `finally` fails is not tried again, whatever may be tried again", () => {
    const step = { uses: "try", steps: [value(1)], finally: [{ ...boom, id: "f" }], ...AGAIN };
    const driver = run(step);
    expect(driver.story().slice(-3)).toEqual(["succeeded x.v", "failed x.finally.f", "failed x"]);
    expect(driver.state.error).toMatchObject({ code: "failed", path: "x" });
  });

  test("without a retry fails with what its body failed with", () => {
    expect(
      run({ uses: "try", steps: [boom] })
        .story()
        .slice(-2),
    ).toEqual([...["failed x.b", "failed x"]]);
  });

  test("is cancelled with its body, and cleans up", () => {
    const step = { uses: "try", steps: [{ ...value(1), uses: "work" }], finally: [value(2, "f")] };
    const plan = planOf({ steps: [{ id: "x", ...step } as Step] });
    const driver = new KernelDriver(plan, { paranoid: true }).start();
    driver.give({ kind: "cancel", by: "t", reason: null });
    expect(driver.story()).toEqual([
      ...["started x", "scheduled x.v", "cancel_requested x", "cancelled x.v"],
      ...["succeeded x.finally.f", "cancelled x"],
    ]);
  });
});

describe("a parallel", () => {
  const branches = {
    l: { steps: [value(LONG)], output: "${{ steps.v.output }}" },
    r: { steps: [value(2)] },
  };
  const parallel = (join: string, more: object = branches) => ({
    ...{ uses: "parallel", with: { join }, branches: more },
  });

  test("gives all outputs by name, or the first", () => {
    expect(run(parallel("all")).output()).toEqual({ l: LONG, r: 2 });
    expect(run(parallel("any")).output()).toEqual({ branch: "l", output: LONG });
    expect(run(parallel("first")).output()).toEqual({ branch: "l", output: LONG });
  });

  test.each(["all", "any"])("asks for outputs that are no longer at hand: join %s", (join) => {
    const wait: Step = { id: "w", uses: "wait.for", with: { duration: "2h" } };
    const work: Step = { id: "k", uses: "work", with: { value: LONG } };
    const late = {
      l: { steps: [work, wait], output: "${{ steps.k.output.value }}" },
      r: { steps: [boom] },
    };
    const plan = planOf({
      steps: [{ id: "x", ...parallel(join, join === "all" ? { l: late.l } : late) } as Step],
    });
    const driver = new KernelDriver(plan, { paranoid: true, lazyValues: true, exhaustAfter: 0 });
    driver.start();
    while (driver.state.terminal === null) {
      driver.restart();
      const [effect] = driver.effects.values();
      if (driver.more || effect === undefined) driver.give({ kind: "continue" });
      else driver.perform(effect);
    }
    expect(driver.output()).toEqual(join === "all" ? { l: LONG } : { branch: "l", output: LONG });
  });

  test.each(["all", "any"])("fails where an output is lost: join %s", (join) => {
    const plan = planOf({ steps: [{ id: "x", ...parallel(join, { l: branches.l }) } as Step] });
    const driver = new KernelDriver(plan, { exhaustAfter: 0 }).start();
    while (!driver.types().includes("scope.closed")) driver.give({ kind: "continue" });
    const lost = () => {
      throw new LostValueError("its blob is gone");
    };
    (driver.options as { world?: object }).world = { values: { get: lost, put: () => {} } };
    for (let turn = 0; turn < 9; turn++) driver.give({ kind: "continue" });
    expect(driver.state.error).toMatchObject({ code: "blob_missing", path: "x" });
  });

  test("fails with its first failure where all must succeed, with the last where one would do", () => {
    const failing = { l: { steps: [value(1)] }, r: { steps: [boom] } };
    expect(run(parallel("all", failing)).state.error).toMatchObject({ code: "failed" });
    expect(run(parallel("any", failing)).output()).toMatchObject({ branch: "l" });
    const both = { l: { steps: [boom] }, r: { steps: [boom] } };
    expect(run(parallel("any", both)).state.error).toMatchObject({ code: "failed", path: "x" });
    expect(run(parallel("first", both)).state.error).toMatchObject({ code: "failed", path: "x" });
  });
});

test("a saga whose undoing failed is not tried again", () => {
  const undo = { compensate: [{ id: "undo", uses: "boom" }] };
  const step = {
    uses: "saga",
    steps: [{ id: "a", uses: "work", with: { value: 1 }, ...undo }, boom],
  };
  const driver = run({ ...step, ...AGAIN });
  expect(driver.state.error).toMatchObject({ code: "compensation_failed", path: "x" });
  expect(driver.story()).not.toContain("retry_scheduled x");
  const plain = run({ uses: "saga", steps: [boom], ...AGAIN });
  expect(plain.story().at(-1)).toBe("retry_scheduled x");
});
