/** A settled scope of 100,000 items costs a checkpoint next to nothing, whatever its results weigh. */
import { expect, test } from "vitest";
import { restoreState, saveState } from "#kernel/checkpoint.ts";
import type { Step } from "#workflow/definition.ts";
import { KernelDriver, planOf } from "./kernel-driver.ts";

const ITEMS = 100_000;
const SETTLED_SIZE_MAX = 256 * 1024;

function settled(step: Step): { driver: KernelDriver; saved: string } {
  const driver = new KernelDriver(
    planOf({
      steps: [
        {
          id: "each",
          uses: "for_each",
          with: {
            items: { range: { start: 0, end: ITEMS } },
            concurrency: 100,
            onItemError: "continue",
          },
          steps: [step],
        },
        { id: "wait", uses: "wait.for", with: { duration: "1h" } },
      ],
    }),
  );
  driver.start().settle();
  return { driver, saved: saveState(driver.state) };
}

test.each([
  ["that just stand inline", `\${{ item }}${"y".repeat(240)}`],
  ["that are references", `\${{ item }}${"x".repeat(400)}`],
])("100,000 items with results %s", (_name, value) => {
  const { driver, saved } = settled({ id: "one", uses: "value", with: { value } });
  expect(driver.state.steps.get("each")?.status).toBe("succeeded");
  expect(driver.state.terminal).toBeNull();
  expect(saved.length).toBeLessThan(SETTLED_SIZE_MAX);
  expect(driver.state.steps.size).toBe(2);
  const restored = restoreState(saved, driver.plan);
  expect(restored === null ? null : saveState(restored)).toBe(saved);
});

test("100,000 items that failed", () => {
  const { driver, saved } = settled({ id: "one", uses: "boom" });
  expect(driver.state.steps.get("each")?.status).toBe("succeeded");
  expect(saved.length).toBeLessThan(SETTLED_SIZE_MAX);
});
