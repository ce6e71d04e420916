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
